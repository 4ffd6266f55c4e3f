"""Compartment models: known formulas, superposition, the ODE, SciPy, derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import marey
from marey import ode, pk
from marey.pk._cases import history, people
from marey.reference.simulate import simulate as reference

MODELS = ["1cmt_iv", "1cmt_oral", "2cmt_iv", "2cmt_oral", "3cmt_iv", "3cmt_oral"]
TIMES = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 9.0, 13.0, 24.0, 48.0, 100.0])


def table(**columns: Any) -> pk.EventTable:
    return pk.EventTable({"id": [1] * len(columns["time"])} | columns)


def test_one_compartment_formulas() -> None:
    """Bolus, infusion, absorption and their steady states, as any textbook has them."""
    cl, v, ka, dose, tau, rate = 4.0, 30.0, 1.1, 100.0, 12.0, 25.0
    k, last = cl / v, dose / rate
    bolus = table(time=[0.0], amt=[dose])
    np.testing.assert_allclose(
        pk.simulate("1cmt_iv", [cl, v], bolus, TIMES)[0], dose / v * np.exp(-k * TIMES), rtol=1e-14
    )
    bateman = dose * ka / (v * (ka - k)) * (np.exp(-k * TIMES) - np.exp(-ka * TIMES))
    np.testing.assert_allclose(pk.simulate("1cmt_oral", [cl, v, ka], bolus, TIMES)[0], bateman, rtol=1e-13)
    infusion = table(time=[0.0], amt=[dose], rate=[rate])
    during = rate / cl * (1 - np.exp(-k * np.minimum(TIMES, last))) * np.exp(-k * np.maximum(TIMES - last, 0))
    np.testing.assert_allclose(pk.simulate("1cmt_iv", [cl, v], infusion, TIMES)[0], during, rtol=1e-13)
    steady = table(time=[0.0], amt=[dose], ii=[tau], ss=[1], addl=[9])
    phase = np.where(TIMES % tau == 0, tau, TIMES % tau)
    kept = dose / v * np.exp(-k * phase) / (1 - np.exp(-k * tau))
    np.testing.assert_allclose(pk.simulate("1cmt_iv", [cl, v], steady, TIMES)[0], kept, rtol=1e-13)
    absorbed = (
        dose * ka / (v * (ka - k)) * sum(s * np.exp(-r * phase) / (1 - np.exp(-r * tau)) for s, r in ((1, k), (-1, ka)))
    )
    np.testing.assert_allclose(pk.simulate("1cmt_oral", [cl, v, ka], steady, TIMES)[0], absorbed, rtol=1e-13)


def test_two_compartment_bolus_formula() -> None:
    """Gibaldi and Perrier's biexponential."""
    cl, v1, q, v2 = 5.0, 20.0, 9.0, 70.0
    k10, k12, k21 = cl / v1, q / v1, q / v2
    root = np.sqrt((k10 + k12 + k21) ** 2 - 4 * k10 * k21)
    alpha, beta = (k10 + k12 + k21 + root) / 2, (k10 + k12 + k21 - root) / 2
    expected = (
        100 / v1 * ((alpha - k21) * np.exp(-alpha * TIMES) + (k21 - beta) * np.exp(-beta * TIMES)) / (alpha - beta)
    )
    y = pk.simulate("2cmt_iv", [cl, v1, q, v2], table(time=[0.0], amt=[100.0]), TIMES)
    np.testing.assert_allclose(y[0], expected, rtol=1e-13)


@pytest.mark.parametrize("model", MODELS)
def test_the_plateau_of_an_infusion_is_rate_over_clearance(model: str) -> None:
    params = people(np.random.default_rng(0), model, 3)
    events = pk.EventTable({"id": np.arange(3), "time": np.zeros(3), "amt": np.full(3, 1e6), "rate": np.full(3, 7.0)})
    np.testing.assert_allclose(pk.simulate(model, params, events, [5000.0])[:, 0], 7.0 / params[:, 0], rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_superposition(model: str) -> None:
    """Doses together give the sum of each alone; a repeated one that of its copies; any dose is in proportion."""
    params = people(np.random.default_rng(1), model, 1)[0]
    rows = [(0.0, 100.0, 0.0), (3.0, 60.0, 20.0), (3.0, 10.0, 0.0), (9.5, 40.0, 80.0)]
    whole = table(**{name: [r[k] for r in rows] for k, name in enumerate(("time", "amt", "rate"))})
    alone = [table(time=[t], amt=[a], rate=[r]) for t, a, r in rows]
    y = pk.simulate(model, params, whole, TIMES)
    parts = [pk.simulate(model, params, one, TIMES) for one in alone]
    np.testing.assert_allclose(sum(parts), y, rtol=1e-12, atol=1e-15)
    again = pk.simulate(model, params, table(time=[2.0], amt=[5.0], ii=[6.0], addl=[8], rate=[2.0]), TIMES)
    copies = table(time=2.0 + 6.0 * np.arange(9), amt=[5.0] * 9, rate=[2.0] * 9)
    np.testing.assert_allclose(pk.simulate(model, params, copies, TIMES), again, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        pk.simulate(model, params, table(time=[0.0], amt=[300.0]), TIMES), 3 * parts[0], rtol=1e-13
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rate", [0.0, 30.0, 5.0])
def test_steady_state_is_the_limit_of_many_doses(model: str, rate: float) -> None:
    """Boluses, infusions that end within the interval, and infusions of which three run at once (amt / rate > ii)."""
    params = people(np.random.default_rng(2), model, 1)[0]
    times = np.array([0.001, 0.5, 3.0, 7.9, 8.0, 20.0, 30.0])
    many = table(time=[0.0], amt=[100.0], rate=[rate], ii=[8.0], addl=[400])
    steady = table(time=[0.0], amt=[100.0], rate=[rate], ii=[8.0], addl=[20], ss=[1])
    expected = pk.simulate(model, params, many, 380 * 8.0 + times)
    np.testing.assert_allclose(pk.simulate(model, params, steady, times), expected, rtol=1e-11)


@marey.model
def compartments(t: Any, y: Any, p: Any) -> Any:
    depot, central, second, third = y
    cl, v1, q2, v2, q3, v3, ka = p
    back = q2 * second / v2 + q3 * third / v3
    out = (cl + q2 + q3) * central / v1
    return (
        -ka * depot,
        ka * depot + back - out,
        q2 * (central / v1 - second / v2),
        q3 * (central / v1 - third / v3),
    )


@pytest.mark.parametrize("model", MODELS)
def test_equals_the_differential_equation_to_a_billionth(model: str) -> None:
    pytest.importorskip("llvmlite")
    count, oral = int(model[0]), model.endswith("oral")
    n = 5
    params = people(np.random.default_rng(3), model, n)
    full = np.ones((n, 7))
    full[:, [3, 5]], full[:, [2, 4, 6]] = 1.0, 0.0
    full[:, : 2 * count] = params[:, : 2 * count]
    if oral:
        full[:, 6] = params[:, -1]
    into = 0 if oral else 1
    doses = [(0.0, into, 100.0, "add"), (4.0, 1, 12.0, "rate"), (9.0, 1, -12.0, "rate"), (12.0, into, 50.0, "add")]
    columns = [[row[k] for row in doses] * n for k in range(4)]
    events = ode.Doses(np.repeat(np.arange(n), 4), columns[0], columns[1], columns[2], columns[3])
    s = ode.solve(
        compartments, np.zeros(4), TIMES, full, t0=0.0, doses=events, method="vern7", rtol=1e-13, atol=1e-13
    ).raise_for_status()
    place = 2 if oral else 1
    given_to = pk.EventTable(
        {
            "id": np.repeat(np.arange(n), 3),
            "time": [0.0, 4.0, 12.0] * n,
            "amt": [100.0, 60.0, 50.0] * n,
            "rate": [0.0, 12.0, 0.0] * n,
            "cmt": [1, place, 1] * n,
        }
    )
    y = pk.simulate(model, params, given_to, TIMES)
    np.testing.assert_allclose(y, s.y[:, 1] / params[:, 1:2], rtol=1e-9, atol=1e-12)


def test_equals_scipy() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    params = people(np.random.default_rng(4), "3cmt_oral", 1)[0]
    cl, v1, q2, v2, q3, v3, ka = params
    A = np.array(
        [
            [-ka, 0, 0, 0],
            [ka, -(cl + q2 + q3) / v1, q2 / v2, q3 / v3],
            [0, q2 / v1, -q2 / v2, 0],
            [0, q3 / v1, 0, -q3 / v3],
        ]
    )
    expected = [(linalg.expm(A * t) @ [100.0, 0, 0, 0])[1] / v1 for t in TIMES]
    y = pk.simulate("3cmt_oral", params, table(time=[0.0], amt=[100.0]), TIMES)
    np.testing.assert_allclose(y[0], expected, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("scaled", [False, True])
def test_derivatives_equal_differences(model: str, scaled: bool) -> None:
    params = people(np.random.default_rng(5), model, 6, scaled=scaled)
    events = history(6, model.endswith("oral"))
    times = np.linspace(0.13, 55.0, 23)  # never at an event, where the lag's derivative jumps
    y, by = pk.simulate(model, params, events, times, sens=True)
    plain, differences = reference(model, params, events, times, sens=True)
    np.testing.assert_allclose(y, plain, rtol=1e-10)
    scale = np.abs(differences).max(axis=(0, 1))
    # Fourth-order differences with steps of a thousandth: errors of 1e-12 of the fifth derivative, and of 1e-10.
    np.testing.assert_allclose(by / scale, differences / scale, atol=2e-8)


def test_equal_rates_do_no_harm() -> None:
    """KA at and beside an eigenvalue: the limit t exp(-k t), and no loss of digits on the way to it."""
    k = 0.25
    for ka in (k, k * (1 + 1e-15), k * (1 + 1e-9), k * (1 - 1e-5)):
        y = pk.simulate("1cmt_oral", [k * 40.0, 40.0, ka], table(time=[0.0], amt=[100.0]), TIMES)[0]
        x = (k - ka) * TIMES
        mean = np.where(np.abs(x) < 1e-12, 1.0, -np.expm1(-x) / np.where(x == 0, 1.0, x))
        np.testing.assert_allclose(y, 100 / 40 * ka * TIMES * np.exp(-ka * TIMES) * mean, rtol=1e-12)
    alike = [5.0, 50.0, 4.0, 40.0, 4.0, 40.0]  # two peripheral compartments that are one
    one = pk.simulate("2cmt_iv", [5.0, 50.0, 8.0, 80.0], table(time=[0.0], amt=[100.0]), TIMES)
    for q in (4.0, 4.0 * (1 + 1e-12), 4.0 * (1 + 1e-7)):
        alike[4], alike[5] = q, 10 * q
        y = pk.simulate("3cmt_iv", alike, table(time=[0.0], amt=[100.0]), TIMES)
        np.testing.assert_allclose(y, one, rtol=1e-6 if q > 4 * (1 + 1e-8) else 1e-11)


def test_outputs_before_the_first_dose_are_zero() -> None:
    params = people(np.random.default_rng(6), "2cmt_oral", 1)
    for times in ([-1e6, -3.0, 0.0, 1.0], [-1e6, -5.0]):
        y = pk.simulate("2cmt_oral", params, table(time=[0.0], amt=[9.0]), times)
        assert (y[0, :2] == 0).all()
    nothing = pk.simulate("1cmt_iv", [1.0, 1.0], table(time=[5.0], evid=[0]), [-1e9, 0.0, 7.0])
    assert (nothing == 0).all()


def test_the_last_infusion_leaves_nothing_behind() -> None:
    events = table(time=[0.0, 0.0, 0.0], amt=[0.1, 0.2, 0.3], rate=[0.1, 0.2, 0.3])
    assert pk.simulate("1cmt_iv", [1.0, 1.0], events, [2000.0])[0, 0] == 0.0


def test_order_threads_and_neighbours_change_no_bit() -> None:
    params = people(np.random.default_rng(7), "3cmt_oral", 300)
    events = history(300, True)
    times = np.linspace(0.0, 70.0, 37)
    whole = pk.simulate("3cmt_oral", params, events, times, sens=True)
    for threads in (1, 2, 4):
        marey.set_num_threads(threads)
        try:
            for a, b in zip(pk.simulate("3cmt_oral", params, events, times, sens=True), whole, strict=True):
                np.testing.assert_array_equal(a, b)
        finally:
            marey.set_num_threads(0)
    alone = history(3, True)
    for i in range(3):
        rows = slice(*alone.offsets[i : i + 2])
        names = ("time", "evid", "cmt", "amt", "rate", "ii", "addl", "ss", "lag")
        one = pk.EventTable({"id": np.full(rows.stop - rows.start, 7)} | {k: getattr(alone, k)[rows] for k in names})
        np.testing.assert_array_equal(pk.simulate("3cmt_oral", params[i], one, times)[0], whole[0][i])


def test_time_has_no_unit() -> None:
    """Hours or minutes: rates divided, times multiplied."""
    params = people(np.random.default_rng(8), "2cmt_oral", 1)
    minutes = params / [60, 1, 60, 1, 60]
    y = pk.simulate("2cmt_oral", params, table(time=[0.0], amt=[100.0], ii=[12.0], addl=[3]), TIMES)
    z = pk.simulate("2cmt_oral", minutes, table(time=[0.0], amt=[100.0], ii=[720.0], addl=[3]), TIMES * 60)
    np.testing.assert_allclose(y, z, rtol=1e-12)


def test_parameters_by_name() -> None:
    events = pk.EventTable({"id": [1, 2], "time": [0, 0], "amt": [100, 100]})
    named = pk.simulate("2cmt_oral", {"KA": 1.0, "CL": [4.0, 5.0], "V1": 20, "Q": 3, "V2": 50.0}, events, TIMES)
    stacked = pk.simulate("2cmt_oral", [[4.0, 20, 3, 50, 1.0], [5.0, 20, 3, 50, 1.0]], events, TIMES)
    np.testing.assert_array_equal(named, stacked)
    halved = pk.simulate("1cmt_oral", {"CL": 4.0, "V": 20.0, "KA": 1.0, "F": 0.5}, events, TIMES)
    np.testing.assert_allclose(2 * halved, pk.simulate("1cmt_oral", [4.0, 20.0, 1.0], events, TIMES), rtol=1e-15)


def test_torch_gradients_of_named_parameters() -> None:
    torch = pytest.importorskip("torch")
    events = pk.EventTable({"id": [1, 2], "time": [0, 0], "amt": [100, 100]})
    cl = torch.tensor([4.0, 5.0], dtype=torch.float64, requires_grad=True)
    v = torch.tensor(20.0, dtype=torch.float64, requires_grad=True)
    y = pk.simulate("1cmt_iv", {"CL": cl, "V": v}, events, [1.0, 3.0])
    y.sum().backward()
    t = np.array([1.0, 3.0])
    expected = (-t / 20 * 100 / 20 * np.exp(-np.outer([0.2, 0.25], t))).sum(1)
    np.testing.assert_allclose(cl.grad, expected, rtol=1e-13)
    assert v.grad.shape == ()
    by = pk.simulate("1cmt_iv", torch.tensor([4.0, 20.0]), events, torch.tensor([1.0]), sens=True)[1]
    assert by.shape == (2, 1, 2)
    assert by.dtype == torch.float32
    with pytest.raises(ValueError, match="`t_obs` requires a gradient"):
        pk.simulate("1cmt_iv", {"CL": cl, "V": v}, events, torch.tensor([1.0], requires_grad=True))


ONE = {"id": [1], "time": [0.0], "amt": [1.0]}
BAD: list[tuple[str, Any, Any, Any, type[Exception], str]] = [
    ("1cmt", [1, 1], ONE, [1.0], ValueError, "`model` is '1cmt'; expected one of 1cmt_iv"),
    (7, [1, 1], ONE, [1.0], TypeError, "`model` is a int; expected the name of a closed form or a function"),
    ("1cmt_iv", [1, 1, 1], ONE, [1.0], ValueError, r"`params` has shape \(3,\); expected .* CL, V"),
    ("1cmt_iv", [[1, 1]] * 2, ONE, [1.0], ValueError, "`params` has 2 rows; `events` has 1 subject"),
    ("1cmt_iv", [1, -1.0], ONE, [1.0], ValueError, "`params` has V = -1; expected a finite number > 0"),
    ("1cmt_iv", [[1, 0.0]], ONE, [1.0], ValueError, "`params` has V = 0 in row 0; expected a finite number > 0"),
    ("1cmt_iv", [1, np.nan], ONE, [1.0], ValueError, "`params` has V = NaN"),
    ("1cmt_iv", [1, 1, -0.5, 0], ONE, [1.0], ValueError, "`params` has F = -0.5; expected a finite number >= 0"),
    ("1cmt_iv", {"CL": 1}, ONE, [1.0], ValueError, "`params` has no 'V'"),
    ("1cmt_iv", {"CL": 1, "V": 1, "Q": 1}, ONE, [1.0], ValueError, "`params` has an unknown name 'Q'"),
    ("1cmt_iv", {"CL": [1, 2], "V": [1, 2, 3]}, ONE, [1.0], ValueError, "`params` has shapes CL"),
    ("1cmt_iv", np.ones(2, dtype=complex), ONE, [1.0], TypeError, "`params` has dtype complex128"),
    ("1cmt_iv", [1, 1], ONE, [[1.0], [2.0]], ValueError, r"`t_obs` has shape \(2, 1\)"),
    ("1cmt_iv", [1, 1], ONE, [1.0, np.nan], ValueError, r"`t_obs\[1\]` is nan; expected a finite number"),
    ("1cmt_iv", [1, 1], ONE, [[1.0, 3.0, 2.0]], ValueError, r"`t_obs\[0, 2\]` is 2; times must not fall"),
    ("1cmt_iv", [1, 1], ONE | {"cmt": [2]}, [1.0], ValueError, r"`events` has cmt = 2 in row 0; .* into 1 \(central\)"),
    ("1cmt_oral", [1, 1, 1], ONE | {"cmt": [3]}, [1.0], ValueError, "`events` has cmt = 3 in row 0"),
    ("1cmt_iv", [1, 1, 1, 9], ONE | {"ii": [8], "ss": [1]}, [1.0], ValueError, "the lag is 9 of the dose in row 0"),
    ("1cmt_iv", [1, 1], ONE | {"ii": [1], "ss": [1], "rate": [1e-6]}, [1.0], ValueError, "in row 0 of `events` lasts"),
]


@pytest.mark.parametrize(("model", "params", "events", "times", "kind", "message"), BAD, ids=[b[-1][:40] for b in BAD])
def test_what_does_not_fit_is_named(
    model: Any, params: Any, events: Any, times: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        pk.simulate(model, params, pk.EventTable(events), times)


def test_events_must_be_a_table() -> None:
    with pytest.raises(TypeError, match=r"`events` is a dict; expected a marey\.pk\.EventTable$"):
        pk.simulate("1cmt_iv", [1.0, 1.0], ONE, [1.0])  # type: ignore[arg-type]
