"""The encoder against plain definitions, and what its users rely on."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from marey.nn import EventEncoder  # noqa: E402
from marey.nn.evidence import PRIOR, SD_FLOOR, SLOPE_PRIOR, SPAN, evidence  # noqa: E402

V = 5
SIZES = (0, 9, 1, 26, 0, 14)


def ragged(sizes: tuple[int, ...] = SIZES, seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    seen = rng.random((total, V)) < 0.4
    x = np.where(seen, rng.normal(size=(total, V)), 0).astype(np.float32)
    time = np.concatenate([np.sort(rng.uniform(0, 40, n)) for n in sizes] or [np.zeros(0)])
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    horizon = rng.uniform(40, 48, len(sizes))
    return tuple(map(torch.from_numpy, (x, seen, time, offsets, horizon)))


def encoder(**options: Any) -> EventEncoder:
    torch.manual_seed(0)
    made = EventEncoder(V, units=3, context=4, members=2, **options)
    made.calibrate([ragged(seed=1)])
    return made


def test_evidence_is_what_its_names_say() -> None:
    x, seen, time, offsets, horizon = (a.numpy() for a in ragged())
    rate = np.array([[0.2] * V, [0.05] * V], np.float32)
    table = evidence(*ragged(), torch.from_numpy(rate)).table.numpy()
    for s in range(len(SIZES)):
        rows = slice(offsets[s], offsets[s + 1])
        for v in range(V):
            z, t = x[rows, v][seen[rows, v]].astype(float), time[rows][seen[rows, v]]
            n, age = len(z), horizon[s] - t
            weights = [np.exp(-r * age) for r in rate[:, v].astype(float)]
            centred = t / SPAN - (t / SPAN).mean() if n else t
            expected = [
                *((w * z).sum() / (w.sum() + PRIOR) for w in weights),
                *(np.log1p(w.sum()) for w in weights),
                z.sum() / (n + PRIOR),
                np.log1p(n),
                np.sqrt((z.var() if n else 0) + SD_FLOOR),
                (centred * z).sum() / ((centred**2).sum() + SLOPE_PRIOR),
                *((z.max(), z.min(), z[0], z[-1]) if n else (0, 0, 0, 0)),
                float(n > 0),
                np.log1p(age[-1] if n else horizon[s]),
                np.log1p(horizon[s]),
            ]
            # float32: some thirty roundings of the decayed sums, divided by at least the prior
            np.testing.assert_allclose(table[s, v], expected, rtol=3e-6, atol=3e-6)


def test_layer_2_is_the_gated_mean_that_it_says() -> None:
    made, (x, seen, time, offsets, horizon) = encoder(), ragged()
    with torch.no_grad():
        found = evidence(x, seen, time, offsets, horizon, made.log_rate.exp())
        context = made(x, seen, time, offsets, horizon)[..., -4:].double().numpy()
    time = time.numpy()
    rows = np.concatenate([found.rows.numpy(), np.stack([time / SPAN, np.log1p(time)], 1)], 1)
    rows = np.clip((rows - made.row_centre.numpy()) / made.row_spread.numpy(), -4, 4)
    value, gate = np.split(rows @ made.row.weight.detach().numpy().T + made.row.bias.detach().numpy(), 2, 1)
    gate, rho = 1 / (1 + np.exp(-gate)), np.exp(made.row_log_rate.detach().numpy())
    for s, size in enumerate(SIZES):
        these = slice(offsets[s], offsets[s + 1])
        age = time[these][-1:] - time[these]
        w = gate[these] * np.exp(-rho * age[:, None])
        expected = (w * np.tanh(value[these])).sum(0) / (w.sum(0) + PRIOR) if size else np.zeros(4)
        np.testing.assert_allclose(context[:, s], np.stack([expected] * 2), rtol=1e-5, atol=1e-6)


def test_a_subject_is_encoded_alone_as_in_company_and_in_any_order() -> None:
    made, (x, seen, time, offsets, horizon) = encoder(), ragged()
    key = torch.arange(len(SIZES)) + 100
    with torch.no_grad():
        together = made(x, seen, time, offsets, horizon, key)
        order = [3, 5, 0, 1, 4, 2]
        rows = torch.cat([torch.arange(offsets[s], offsets[s + 1]) for s in order])
        shuffled_offsets = torch.tensor([0, *np.cumsum([SIZES[s] for s in order])])
        shuffled = made(x[rows], seen[rows], time[rows], shuffled_offsets, horizon[order], key[order])
        # Products of matrices of other sizes may sum in another order: a few roundings of float32.
        torch.testing.assert_close(shuffled, together[:, order], rtol=1e-5, atol=1e-6)
        for s in range(len(SIZES)):
            r = slice(offsets[s], offsets[s + 1])
            alone = made(x[r], seen[r], time[r], torch.tensor([0, SIZES[s]]), horizon[s : s + 1], key[s : s + 1])
            torch.testing.assert_close(alone[:, 0], together[:, s], rtol=1e-5, atol=1e-6)


def test_nobody_and_nothing_are_no_exception() -> None:
    made = encoder()
    assert made(*ragged(())).shape == (2, 0, made.width)
    nothing = made(*ragged((0, 0, 0)))
    assert torch.isfinite(nothing).all()
    assert made.width == V * 3 + 4


def test_values_where_nothing_was_seen_do_not_matter_beyond_zero() -> None:
    """The contract is x = 0 there; then a row without any observation changes nothing but layer 2."""
    made, (x, seen, time, offsets, horizon) = encoder(), ragged((8,))
    x, seen = x.clone(), seen.clone()
    x[4], seen[4] = 0, False
    keep = [0, 1, 2, 3, 5, 6, 7]
    with torch.no_grad():
        with_empty_row = made(x, seen, time, offsets, horizon)
        without = made(x[keep], seen[keep], time[keep], torch.tensor([0, 7]), horizon)
    torch.testing.assert_close(with_empty_row[..., :-4], without[..., :-4], rtol=1e-5, atol=1e-6)


def test_gradients_reach_every_parameter() -> None:
    made = encoder()
    made(*ragged(), torch.arange(len(SIZES))).square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_the_gradient_of_a_time_constant_is_that_of_differences() -> None:
    """Central differences in float32: a step of 1e-2 leaves a relative error of about 1e-3."""
    made, batch = encoder(), ragged()
    objective = torch.randn(2, len(SIZES), made.width, generator=torch.Generator().manual_seed(1))
    (made(*batch) * objective).sum().backward()
    for parameter, index in ((made.log_rate, (0, 1)), (made.row_log_rate, (2,))):
        step, values = 1e-2, []
        for sign in (1, -1):
            with torch.no_grad():
                parameter[index] += sign * step
                values.append((made(*batch).double() * objective).sum())
                parameter[index] -= sign * step
        difference = (values[0] - values[1]) / (2 * step)
        torch.testing.assert_close(parameter.grad[index].double(), difference, rtol=2e-2, atol=2e-3)


def test_calibration_in_parts_equals_calibration_at_once() -> None:
    batches = [ragged(seed=s) for s in (1, 2)]
    apart, (x, seen, time, offsets, horizon) = encoder(), (torch.cat(parts) for parts in zip(*batches, strict=True))
    apart.calibrate(batches)
    joined = encoder()
    n = len(SIZES)
    joined.calibrate([(x, seen, time, torch.cat([offsets[: n + 1], offsets[n + 2 :] + offsets[n]]), horizon)])
    for name in ("centre", "spread", "row_centre", "row_spread"):
        torch.testing.assert_close(getattr(apart, name), getattr(joined, name), rtol=1e-5, atol=1e-6)


def test_state_dict_round_trip() -> None:
    made, other, buffer = encoder(), EventEncoder(V, units=3, context=4, members=2), io.BytesIO()
    torch.save(made.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(other(*ragged()), made(*ragged()))


@pytest.mark.slow
def test_compiles_to_one_graph_for_any_number_of_rows() -> None:
    made = encoder()
    compiled = torch.compile(made, fullgraph=True, dynamic=True)
    for sizes in (SIZES, (30, 2), (0, 5, 5, 5)):
        batch, key = ragged(sizes), torch.arange(len(sizes))
        # Fused code rounds elsewhere.
        torch.testing.assert_close(compiled(*batch, key), made(*batch, key), rtol=1e-5, atol=1e-5)


def test_bad_time_constants_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`time_constants` is \(4.0, 0.0\)"):
        EventEncoder(2, time_constants=(4.0, 0.0))


def test_says_when_torch_is_absent() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from marey import BackendError\n"
        "try:\n    import marey.nn\n"
        "except BackendError as error:\n    print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith("marey.nn needs torch")
