"""ema: the weighted mean that it says it is, on a stream, with gaps and gradients."""

from __future__ import annotations

import numpy as np
import pytest

from marey.scan import ema


def samples(*shape: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), np.cumsum(rng.exponential(size=(*shape[:-2], shape[-1])), axis=-1) + 100.0


def test_equals_pandas_over_irregular_times() -> None:
    pd = pytest.importorskip("pandas")
    x, t = samples(3, 40)
    times = pd.to_datetime((t * 1e9).astype(np.int64))
    tau = 2.5
    expected = pd.DataFrame(x.T).ewm(halflife=pd.Timedelta(seconds=tau * np.log(2)), times=times).mean().to_numpy().T
    # Time stamps and the half-life are cut to nanoseconds there.
    np.testing.assert_allclose(ema(x, t, tau)[0], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("per_channel", [False, True])
def test_is_the_weighted_mean_of_what_was_observed(per_channel: bool) -> None:
    x, t = samples(2, 4, 30)
    tau = np.array([0.5, 1.0, 2.0, 50.0])
    mask = np.random.default_rng(1).random(x.shape if per_channel else t.shape) < 0.6
    seen = np.broadcast_to(mask if per_channel else mask[:, None], x.shape)
    y, _ = ema(np.where(seen, x, np.nan), t, tau, mask=mask)
    age = t[:, None, :, None] - t[:, None, None, :]
    weights = np.where(age >= 0, np.exp(-np.maximum(age, 0) / tau[:, None, None]), 0.0) * seen[:, :, None, :]
    with np.errstate(invalid="ignore"):
        expected = (weights @ x[..., None])[..., 0] / weights.sum(-1)
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-12)


def test_nan_before_the_first_sample_and_carried_on_after_the_last() -> None:
    x, t = samples(1, 6)
    mask = np.array([False, False, True, False, False, False])
    y, _ = ema(x, t, 1.0, mask=mask)
    assert np.isnan(y[0, :2]).all()
    np.testing.assert_allclose(y[0, 2:], x[0, 2], rtol=1e-14)


def test_chunks_equal_the_whole() -> None:
    x, t = samples(2, 3, 50)
    whole, last = ema(x, t, 1.5)
    state, parts = None, []
    for piece in (slice(0, 1), slice(1, 20), slice(20, 20), slice(20, 50)):
        y, state = ema(x[..., piece], t[..., piece], 1.5, state=state)
        parts.append(y)
    np.testing.assert_allclose(np.concatenate(parts, axis=-1), whole, rtol=1e-14)
    for got, want in zip(state, last, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_a_start_value_counts_as_a_sample() -> None:
    x, t = samples(2, 10)
    y, _ = ema(x, t, 2.0, x0=np.array([1.0, 2.0]))
    before = np.concatenate([[[1.0], [2.0]], x], axis=-1)
    expected, _ = ema(before, np.concatenate([t[:1], t]), 2.0)
    np.testing.assert_allclose(y, expected[:, 1:], rtol=1e-13)


def test_a_constant_stays_itself_over_any_gaps() -> None:
    _, t = samples(1, 100)
    np.testing.assert_allclose(ema(np.full((1, 100), 7.5), t, 0.1)[0], 7.5, rtol=1e-15)


def test_gradients() -> None:
    torch = pytest.importorskip("torch")
    x, t = (torch.tensor(a, requires_grad=True) for a in samples(2, 3, 8))
    tau = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, t, tau: ema(x, t, tau)[0], (x, t, tau))
    y, state = torch.compile(ema, fullgraph=True, backend="aot_eager")(x, t, tau)
    torch.testing.assert_close(y, ema(x, t, tau)[0])
    assert state.time.shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": np.zeros(4)}, r"`t` has shape \(4,\); expected \(\.\.\., T\)"),
        ({"t": np.array([0.0, 2.0, 1.0, 3.0, 4.0])}, "`t` falls at index 2"),
        ({"tau": 0.0}, "`tau` is 0.0; a time constant is positive"),
        ({"x0": np.zeros(3)}, r"`x0` has shape \(3,\)"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ema(**{"x": np.zeros((2, 5)), "t": np.arange(5.0), "tau": 1.0, **change})
