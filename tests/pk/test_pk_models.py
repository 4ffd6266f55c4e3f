"""Models of one's own under an event table, and those of the literature."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import marey
from marey import pk

pytest.importorskip("llvmlite")


@marey.model(y="gut blood", p="ka ke")
def oral(t: Any, y: Any, p: Any) -> Any:
    return -p.ka * y.gut, p.ka * y.gut - p.ke * y.blood


@marey.model(y="drug marker", p="vmax km kout base")
def saturable(t: Any, y: Any, p: Any) -> Any:
    """Michaelis-Menten elimination, and a marker that the drug suppresses."""
    return -p.vmax * y.drug / (p.km + y.drug), p.kout * (p.base / (1 + y.drug) - y.marker)


ONE = {"id": [1], "time": [0.0], "amt": [10.0]}
EMPTY = {"gut": 0.0}


def test_steady_state_of_a_nonlinear_model_is_the_limit_of_many_doses() -> None:
    params = np.array([[3.0, 5.0, 0.2, 4.0], [2.5, 8.0, 0.5, 2.0]])
    times = np.linspace(0.25, 30.0, 13)
    columns = {"id": [1, 2], "time": [0, 0], "amt": [10.0, 12.0], "ii": [8.0, 8.0], "rate": [0.0, 1.2]}
    options: dict[str, Any] = {"y0": {"marker": "base"}, "rtol": 1e-9, "atol": 1e-11}
    many = pk.EventTable(columns | {"addl": [200, 200]})
    steady = pk.EventTable(columns | {"addl": [5, 5], "ss": [1, 1], "lag": [0.0, 0.0]})
    expected = pk.simulate(saturable, params, many, 190 * 8.0 + times, **options).y
    s = pk.simulate(saturable, params, steady, times, sens=True, **options).raise_for_status()
    np.testing.assert_allclose(s.y, expected, rtol=1e-6)
    for k in range(4):
        shift = np.zeros(4)
        shift[k] = 1e-4
        up, down = (pk.simulate(saturable, params + d, steady, times, **options).y for d in (shift, -shift))
        np.testing.assert_allclose(s.sens[:, :, k], (up - down) / 2e-4, rtol=1e-4, atol=1e-4)


def test_one_without_a_steady_state_fails_alone() -> None:
    """Twice what elimination can take: no steady state. The others are those of a batch without it."""
    columns = {"id": [1, 2], "time": [0, 0], "amt": [10.0, 60.0], "ii": [8.0, 8.0], "ss": [1, 1]}
    params, start = [3.0, 5.0, 0.2, 4.0], {"marker": "base"}
    s = pk.simulate(saturable, params, pk.EventTable(columns), [1.0, 2.0], y0=start)
    assert s.status.tolist() == [0, 6]
    assert s.message(1) == "no steady state"
    assert np.isnan(s.y[1]).all()
    alone = pk.simulate(saturable, params, pk.EventTable({k: v[:1] for k, v in columns.items()}), [1.0, 2.0], y0=start)
    np.testing.assert_array_equal(alone.y[0], s.y[0])
    with pytest.raises(ValueError, match="1 of 2 problems failed; problem 1: no steady state"):
        s.raise_for_status()


def test_a_state_that_only_grows_has_no_steady_state() -> None:
    @marey.model
    def with_area(t: Any, y: Any, p: Any) -> Any:
        return -p[0] * y[0], y[0]

    events = pk.EventTable(ONE | {"ii": [8.0], "ss": [1]})
    assert pk.simulate(with_area, [0.3], events, [1.0], y0=[0.0, 0.0]).status.tolist() == [6]


def test_a_reset_gives_the_start_back() -> None:
    events = pk.EventTable({"id": [1, 1], "time": [0.0, 5.0], "amt": [10.0, 0.0], "evid": [1, 3]})
    s = pk.simulate(saturable, [3.0, 5.0, 0.2, 4.0], events, [5.0, 9.0], y0={"marker": "base"}, sens=True)
    assert s.y[0, 1, 0] < 3.9
    np.testing.assert_allclose(s.y[0, :, 1], [0.0, 4.0], rtol=1e-6)
    np.testing.assert_allclose(s.sens[0, 1, :, 1], [0, 0, 0, 1], atol=1e-6)


def test_torch_gradients() -> None:
    torch = pytest.importorskip("torch")
    events = pk.EventTable(
        {"id": [1, 1, 2, 2], "time": [0, 9, 0, 5], "amt": [10, 0, 12, 0], "ii": [8, 0, 6, 0], "ss": [1, 0, 1, 0]}
    )
    times = [1.0, 3.0]
    options: dict[str, Any] = {"y0": {"marker": "base"}, "rtol": 1e-10, "atol": 1e-12}
    params = torch.tensor([[3.0, 5.0, 0.2, 4.0], [2.5, 8.0, 0.5, 2.0]], dtype=torch.float64, requires_grad=True)

    def at_times(p: Any) -> Any:
        return pk.simulate(saturable, p, events, times, **options).y

    def at_rows(p: Any) -> Any:
        return pk.simulate(saturable, p, events, **options).y

    assert torch.autograd.gradcheck(at_times, (params,), eps=1e-5, atol=1e-5)
    assert torch.autograd.gradcheck(at_rows, (params,), eps=1e-5, atol=1e-5)
    shared = params[0].detach().requires_grad_(True)
    assert torch.autograd.gradcheck(at_times, (shared,), eps=1e-5, atol=1e-5)
    plain = pk.simulate(saturable, params.detach().numpy(), events, times, **options)
    # With derivatives the steps are chosen for them too.
    np.testing.assert_allclose(at_times(params).detach(), plain.y, rtol=1e-9)
    named = {"vmax": params[:, 0], "km": 5.0, "kout": 0.2, "base": 4.0}
    pk.simulate(saturable, named, events, times, **options).y.sum().backward()
    assert (params.grad[:, 0] != 0).all()


def test_threads_and_neighbours_change_no_bit() -> None:
    n = 40
    rng = np.random.default_rng(0)
    params = np.array([3.0, 5.0, 0.2, 4.0]) * np.exp(0.2 * rng.normal(size=(n, 4)))
    columns = {"id": np.arange(n), "time": np.zeros(n), "amt": np.full(n, 8.0), "ii": np.full(n, 8.0)}
    events = pk.EventTable(columns | {"ss": np.arange(n) % 2, "addl": np.full(n, 3)})
    whole = pk.simulate(saturable, params, events, [1.0, 20.0], y0={"marker": "base"}).y
    for threads in (1, 3):
        marey.set_num_threads(threads)
        try:
            again = pk.simulate(saturable, params, events, [1.0, 20.0], y0={"marker": "base"}).y
        finally:
            marey.set_num_threads(0)
        np.testing.assert_array_equal(again, whole)
    for i in (0, 7):
        one = pk.EventTable({k: v[i : i + 1] for k, v in columns.items()} | {"ss": [i % 2], "addl": [3]})
        alone = pk.simulate(saturable, params[i], one, [1.0, 20.0], y0={"marker": "base"}).y
        np.testing.assert_array_equal(alone[0], whole[i])


DOCETAXEL = pk.EventTable({"id": [1, 1], "time": [24.0, 528.0], "amt": [222.8, 222.8], "rate": [222.8, 222.8]})
PACLITAXEL_PK = {"w0": 0.05, "k10": 20.8, "k12": 0.14, "k21": 2.0, "v1": 8e-4}
PACLITAXEL = pk.EventTable({"id": [1] * 3, "time": [8.0, 12.0, 16.0], "amt": [30.0] * 3})
WEEKLY = pk.EventTable({"id": [1], "time": [0.0], "amt": [2.0]})
RESISTANT = {"kl": 0.02, "kd0": 0.3, "lam": 0.06, "ke": 1.4, "size0": 80.0}


@pytest.mark.parametrize(
    ("published", "params", "events", "times"),
    [
        (pk.friberg, {}, DOCETAXEL, np.linspace(0.0, 900.0, 31)),
        (pk.simeoni, PACLITAXEL_PK, PACLITAXEL, np.linspace(0.0, 30.0, 31)),
        (pk.claret, RESISTANT, WEEKLY, np.linspace(0.0, 50.0, 11)),
    ],
    ids=["friberg", "simeoni", "claret"],
)
def test_models_of_the_literature_equal_scipy(published: Any, params: Any, events: Any, times: Any) -> None:
    integrate = pytest.importorskip("scipy.integrate")
    ours = pk.simulate(published, params, events, times, rtol=1e-9, atol=1e-11).raise_for_status().y[0]
    values = published.complete(params)
    p = np.array([values[name] for name in published.parameters])
    f = published.model.program()
    y = np.array([values.get(published.start.get(name, ""), 0.0) for name in published.states])
    cuts = sorted({0.0, times[-1], *events.time, *(events.time + np.where(events.rate > 0, 1.0, 0.0))})
    peer = np.full((len(y), len(times)), np.nan)
    peer[:, 0] = y
    for begin, end in pairwise(cuts):
        for time, amount, rate in zip(events.time, events.amt, events.rate, strict=True):
            y = y + np.where((time == begin) & (rate == 0), amount, 0.0) * np.eye(len(y))[0]
        infused = np.eye(len(y))[0] * sum(
            r for t, r in zip(events.time, events.rate, strict=True) if t <= begin < t + 1
        )
        inside = (times > begin) & (times <= end)
        s = integrate.solve_ivp(
            lambda t, y, infused=infused: f.evaluate(t, y, p) + infused,
            (begin, end), y, "LSODA", [*times[inside], end] if end not in times[inside] else times[inside],
            rtol=1e-11, atol=1e-13,
        )  # fmt: skip
        peer[:, inside] = s.y[:, : inside.sum()]
        y = s.y[:, -1]
    np.testing.assert_allclose(ours, peer, rtol=1e-5, atol=1e-7)


def test_friberg_rests_without_a_drug_and_recovers_after_it() -> None:
    nothing = pk.EventTable({"id": [1], "time": [0.0], "evid": [2]})
    rest = pk.simulate(pk.friberg, None, nothing, [0.0, 1000.0]).y[0]
    np.testing.assert_allclose(rest[3:], 5.05, rtol=1e-9)
    times = np.linspace(0, 504, 505)
    circ = pk.simulate(pk.friberg, {}, DOCETAXEL, times).y[0, -1]
    nadir = times[circ.argmin()] - 24.0
    assert 5 * 24 < nadir < 10 * 24  # the paper's figures: about a week after the infusion
    assert circ[-1] > 4.5


def test_simeoni_grows_exponentially_then_linearly() -> None:
    nothing = pk.EventTable({"id": [1], "time": [0.0], "evid": [2]})
    y = pk.simulate(pk.simeoni, PACLITAXEL_PK, nothing, [0.0, 4.0, 40.0, 41.0], rtol=1e-9).y[0]
    weight = y[2:].sum(axis=0)
    assert weight[1] == pytest.approx(0.05 * np.exp(0.273 * 4.0), rel=1e-6)
    assert weight[3] - weight[2] == pytest.approx(0.814, rel=1e-6)


def test_claret_has_a_closed_form() -> None:
    """After one dose the exposure is ke D exp(-ke t): its kill can be integrated by hand."""
    p, t, dose = RESISTANT, np.linspace(0.0, 50.0, 11), 2.0
    rate = p["lam"] + p["ke"]
    kill = p["kd0"] * p["ke"] * dose * -np.expm1(-rate * t) / rate
    size = pk.simulate(pk.claret, p, WEEKLY, t, rtol=1e-9).y[0, 1]
    np.testing.assert_allclose(size, 80 * np.exp(p["kl"] * t - kill), rtol=1e-7)


def test_published_models_print_and_complete() -> None:
    told = repr(pk.friberg)
    assert "J Clin Oncol 20:4713" in told
    assert "circ0 = 5.05 (neutrophils before treatment, 1e9/L)" in told
    assert set(pk.claret.units) == set(pk.claret.parameters)
    for published in (pk.friberg, pk.simeoni, pk.claret):
        assert set(published.units) == set(published.parameters)
        assert set(published.start) <= set(published.states)
    with pytest.raises(ValueError, match="`params` has no 'kl'"):
        pk.simulate(pk.claret, {}, WEEKLY, [1.0])


BAD: list[tuple[Any, Any, dict[str, Any], type[Exception], str]] = [
    (ONE, [1.0, 0.1], {}, TypeError, "`y0` is missing"),
    (ONE, [1.0, 0.1], {"y0": [0.0, 0.0], "events": 3}, TypeError, "multiple values|`events`"),
    (ONE, [1.0, 0.1], {"y0": EMPTY, "doses": 1}, TypeError, "`doses` is no option of a model; expected method, rtol"),
    (ONE, [1.0, 0.1], {"y0": {"liver": 1.0}}, ValueError, "`y0` has an unknown state 'liver'; expected gut, blood"),
    (ONE, [1.0, 0.1], {"y0": {"gut": "kx"}}, ValueError, "`y0` of 'gut' is 'kx'; expected a number or one of ka, ke"),
    (ONE, [1.0, 0.1], {"y0": np.zeros((3, 2))}, ValueError, r"`y0` has shape \(3, 2\)"),
    (ONE, [[1.0, 0.1]] * 2, {"y0": EMPTY}, ValueError, r"`params` has shape \(2, 2\); expected \(1, k\)"),
    (ONE, {"ka": 1.0}, {"y0": EMPTY}, ValueError, "`params` has no 'ke'; expected ka, ke"),
    (
        ONE | {"cmt": [3]},
        [1.0, 0.1],
        {"y0": EMPTY},
        ValueError,
        "`events` has cmt = 3 in row 0; the model has 2 states",
    ),
    (ONE, [1.0, np.nan], {"y0": EMPTY}, ValueError, r"`params\[0, 1\]` is nan"),
]


@pytest.mark.parametrize(("events", "params", "options", "kind", "message"), BAD, ids=[b[-1][:40] for b in BAD])
def test_what_does_not_fit_is_named(
    events: Any, params: Any, options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        pk.simulate(oral, params, pk.EventTable(events), [1.0], **options)
    with pytest.raises(TypeError, match="`y0` is for a function under marey"):
        pk.simulate("1cmt_iv", [1.0, 1.0], pk.EventTable(ONE), [1.0], y0=[0.0])
