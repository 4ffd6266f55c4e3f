"""Accuracy, order, independence of lanes, outcomes, doors."""

from __future__ import annotations

import ctypes
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from systems import STIFF, Problem, lotka_volterra, random_lotka_volterra, robertson, van_der_pol

import marey
import marey.math as mm
from conftest import ROOT
from marey import ode

pytest.importorskip("llvmlite")
TIMES = np.linspace(0.0, 20.0, 41)


def same_bits(a: ode.Solution, b: ode.Solution) -> None:
    np.testing.assert_array_equal(a.y, b.y)
    np.testing.assert_array_equal(a.status, b.status)
    np.testing.assert_array_equal(a.accepted, b.accepted)


@pytest.mark.parametrize("method", ["tsit5", "vern7", "rodas5p", "auto"])
def test_solutions_equal_scipy_at_tight_tolerance(method: Any) -> None:
    integrate = pytest.importorskip("scipy.integrate")
    y0, params = random_lotka_volterra(3)
    ours = ode.solve(lotka_volterra, y0, TIMES, params, method=method, rtol=1e-10, atol=1e-12)
    f = lotka_volterra.program()
    for i in range(3):
        peer = integrate.solve_ivp(
            lambda t, y, i=i: f.evaluate(t, y, params[i]), (0, 20), y0[i], "DOP853", TIMES, rtol=1e-12, atol=1e-14
        )
        np.testing.assert_allclose(ours.y[i], peer.y, rtol=5e-8)
    assert (ours.status == 0).all()


@pytest.mark.parametrize("problem", STIFF, ids=lambda p: p.name)
@pytest.mark.parametrize("method", ["rodas5p", "auto"])
def test_published_solutions_of_stiff_problems(problem: Problem, method: Any) -> None:
    s = ode.solve(
        problem.model, problem.y0, [problem.end], problem.params, t0=0.0, method=method, rtol=1e-9, atol=problem.atol
    )
    # The global error is the local tolerance times what the problem makes of it; the published digits are 10 or more.
    np.testing.assert_allclose(s.raise_for_status().y[0, :, 0], problem.expected, rtol=2e-6)
    assert s.stiff[0] == (method == "auto")


@pytest.mark.parametrize(("method", "order"), [("tsit5", 5), ("vern7", 7), ("rodas5p", 5)])
def test_halved_steps_show_the_order(method: Any, order: int) -> None:
    exact = np.exp(np.sin(3.0)) + 0.0

    @marey.model
    def f(t: Any, y: Any) -> Any:
        return (y[0] * mm.cos(t),)

    errors = []
    steps = [3.0 / n for n in ((8, 16, 32) if order < 7 else (6, 9, 12, 18))]
    for h in steps:
        s = ode.solve(f, [1.0], [0.0, 3.0], method=method, rtol=0.99, atol=1e6, first_step=h, max_step=h)
        assert abs(s.accepted[0] - 3.0 / h) <= 1
        errors.append(abs(s.y[0, 0, -1] - exact))
    slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert slopes[-1] == pytest.approx(order, abs=0.6), slopes


@pytest.mark.parametrize(("method", "order"), [("tsit5", 4), ("vern7", 6), ("rodas5p", 4)])
def test_outputs_between_steps_are_as_good_as_the_interpolant(method: Any, order: int) -> None:
    """Halving the step divides their error by at least 2^order."""

    @marey.model
    def f(t: Any, y: Any) -> Any:
        return y[1], -y[0]

    times = np.linspace(0.0, 6.0, 101)
    errors = []
    for h in (0.5, 0.25):
        s = ode.solve(f, [0.0, 1.0], times, method=method, rtol=0.99, atol=1e6, first_step=h, max_step=h)
        errors.append(np.abs(s.y[0, 0] - np.sin(times)).max())
    assert errors[0] / errors[1] > 2.0**order


def _tables() -> dict[str, dict[str, Any]]:
    """The numbers of csrc/src/ode/tableaus.hpp."""
    text = (ROOT / "csrc/src/ode/tableaus.hpp").read_text()
    found: dict[str, dict[str, Any]] = {}
    for name, body in re.findall(r"struct (\w+) \{(.*?)\n\};", text, re.DOTALL):
        arrays = re.findall(r"double (\w+)((?:\[\d+\])*) = (.*?);", body, re.DOTALL)
        found[name] = {k: np.array(eval(v.replace("{", "[").replace("}", "]"))) for k, _, v in arrays}
    return found


@pytest.mark.parametrize(("name", "order"), [("Tsit5", 5), ("Vern7", 7)])
def test_tables_meet_the_order_conditions(name: str, order: int) -> None:
    """Rows sum to c; bushy and tall trees of every order up to that of the method (Butcher 2016, section 31)."""
    table = _tables()[name]
    stages = table["error"].size
    a = np.zeros((stages, stages))
    a[:, : table["a"].shape[1]] = table["a"][:stages, :stages]
    a, c, b = a[:, :stages], table["c"][:stages], a[stages - 1]
    np.testing.assert_allclose(a.sum(1), c, atol=3e-14)
    for q in range(1, order + 1):
        assert b @ c ** (q - 1) == pytest.approx(1 / q, abs=1e-13)
        tall = np.ones(stages)
        for _ in range(q - 1):
            tall = a @ tall
        assert b @ tall == pytest.approx(1 / np.prod(np.arange(1.0, q + 1)), abs=1e-13)
        if q >= 3:
            assert b @ (a @ c ** (q - 2)) == pytest.approx(1 / (q * (q - 1)), abs=1e-13)
    assert table["error"].sum() == pytest.approx(0.0, abs=1e-13)
    np.testing.assert_allclose(table["dense"].sum(1)[: stages - 1], b[: stages - 1], atol=2e-11)  # theta = 1


def test_lane_order_threads_and_neighbours_change_no_bit() -> None:
    y0, params = random_lotka_volterra(53)
    y0[7] = [1e-3, 30.0]
    params[40] *= 20.0
    whole = ode.solve(lotka_volterra, y0, TIMES, params)
    order = np.random.default_rng(1).permutation(53)
    shuffled = ode.solve(lotka_volterra, y0[order], TIMES, params[order])
    np.testing.assert_array_equal(shuffled.y, whole.y[order])
    alone = [ode.solve(lotka_volterra, y0[i], TIMES, params[i]).y[0] for i in (0, 7, 40, 52)]
    np.testing.assert_array_equal(alone, whole.y[[0, 7, 40, 52]])
    before = marey.get_num_threads()
    try:
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            same_bits(ode.solve(lotka_volterra, y0, TIMES, params), whole)
    finally:
        marey.set_num_threads(before)


@pytest.mark.parametrize("method", ["rodas5p", "auto"])
def test_stiff_lanes_do_not_mix_either(method: Any) -> None:
    rng = np.random.default_rng(0)
    params = np.array([0.04, 3e7, 1e4]) * np.exp(0.5 * rng.normal(size=(37, 3)))
    times = np.concatenate([[0.0], np.logspace(-2, 5, 12)])
    whole = ode.solve(robertson, [1.0, 0.0, 0.0], times, params, method=method, atol=1e-12)
    for i in (0, 17, 36):
        np.testing.assert_array_equal(
            ode.solve(robertson, [1.0, 0.0, 0.0], times, params[i], method=method, atol=1e-12).y[0], whole.y[i]
        )
    np.testing.assert_allclose(whole.y.sum(1), 1.0, rtol=1e-9)  # mass


def test_auto_gives_only_stiff_problems_to_the_stiff_method() -> None:
    stiffness = np.array([[1.0], [1e-6], [0.5], [1e-5]])
    s = ode.solve(van_der_pol, [2.0, 0.0], [0.0, 1.0, 2.0], stiffness)
    assert s.stiff.tolist() == [False, True, False, True]
    assert (s.status == 0).all()


def test_each_failing_problem_has_its_own_status() -> None:
    @marey.model
    def f(t: Any, y: Any, p: Any) -> Any:
        return (mm.where(p[0] > 1.5, mm.log(p[1] - t), p[0] * y[0] * y[0]),)

    params = [[0.1, 0.0], [1.0, 0.0], [2.0, 0.5], [0.2, 0.0]]
    s = ode.solve(f, [1.0], np.linspace(0.0, 2.0, 9), params, method="tsit5", max_steps=2000)
    assert s.success.tolist() == [True, False, False, True]
    assert {s.message(1), s.message(2)} <= {"step too small", "not finite", "too many steps"}
    np.testing.assert_allclose(s.y[0, 0], 1 / (1 - 0.1 * s.t), rtol=1e-5)
    assert np.isfinite(s.y[1, 0, :4]).all()  # 1 / (1 - t) until t = 1
    assert np.isnan(s.y[1, 0, 5:]).all()
    with pytest.raises(ValueError, match="2 of 4 problems failed; problem 1"):
        s.raise_for_status()
    few = ode.solve(lotka_volterra, [1.0, 1.0], TIMES, [1.0, 1.0, 1.0, 0.5], method="tsit5", max_steps=3)
    assert few.message(0) == "too many steps"
    assert "1 too many steps" in repr(few)


def test_edges_of_shape() -> None:
    s = ode.solve(lotka_volterra, np.ones((0, 2)), TIMES, np.ones((0, 4)))
    assert s.y.shape == (0, 2, 41)
    s = ode.solve(lotka_volterra, [1.0, 2.0], [5.0], [1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(s.y[0, :, 0], [1.0, 2.0])  # the start itself
    own = ode.solve(lotka_volterra, [1.0, 2.0], [[0.0, 1.0], [0.0, 3.0]], [1.0, 1.0, 1.0, 0.5])
    both = ode.solve(lotka_volterra, [1.0, 2.0], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0, 0.5])
    np.testing.assert_allclose([own.y[0, :, 1], own.y[1, :, 1]], [both.y[0, :, 1], both.y[0, :, 2]], rtol=1e-5)
    np.testing.assert_allclose(both.at([0.0, 2.0, 3.0]).y[..., -1], both.y[..., -1], rtol=1e-12)


def test_doses_equal_their_closed_form() -> None:
    @marey.model
    def decay(t: Any, y: Any, p: Any) -> Any:
        return (-p[0] * y[0],)

    doses = ode.Doses([0, 0, 1, 1, 1], [1.0, 2.0, 0.5, 1.5, 3.0], [0] * 5, [2.0, 1.0, 4.0, -4.0, 7.0],
                      ["add", "add", "rate", "rate", "set"])  # fmt: skip
    times = np.array([0.0, 0.25, 1.0, 1.25, 2.0, 2.5, 3.0, 3.5])
    s = ode.solve(decay, [1.0], times, [[0.7], [0.3]], doses=doses, rtol=1e-10, atol=1e-12)
    first = np.exp(-0.7 * times)
    for when, amount in ((1.0, 2.0), (2.0, 1.0)):
        first += np.where(times > when, amount * np.exp(-0.7 * (times - when)), 0.0)
    np.testing.assert_allclose(s.y[0, 0], first, rtol=1e-8)
    k = 0.3
    on = np.clip(times, 0.5, 1.5) - 0.5
    second = np.exp(-k * times) + 4.0 / k * (1 - np.exp(-k * on)) * np.exp(-k * np.maximum(times - 1.5, 0.0))
    second = np.where(times > 3.0, 7.0 * np.exp(-k * (times - 3.0)), second)
    np.testing.assert_allclose(s.y[1, 0], second, rtol=1e-8)


def test_roots_are_found_in_order_with_direction_and_end() -> None:
    @marey.model
    def spin(t: Any, y: Any, p: Any) -> Any:
        return y[1] * p[0], -y[0] * p[0]

    crosses_zero = marey.model(lambda t, y, p: y[0])
    falls_to_minus_half = marey.model(lambda t, y, p: y[1] + 0.5)
    speeds = np.array([[1.0], [2.0], [0.1]])
    s = ode.solve(
        spin, [0.5, np.sqrt(0.75)], [0.0, 3.0, 20.0], speeds, events=[crosses_zero, falls_to_minus_half],
        direction=[-1, 0], terminal=[False, False], rtol=1e-9,
    )  # fmt: skip
    for i, (speed,) in enumerate(speeds):
        part = slice(s.event_offsets[i], s.event_offsets[i + 1])
        # y = sin(phase), phase = speed t + pi / 6: it falls through 0 at pi, cos is -1/2 at 2 pi / 3 and 4 pi / 3
        turn = [(np.pi, 0), (2 * np.pi / 3, 1), (4 * np.pi / 3, 1)]
        phases = [(k + 2 * np.pi * n, e) for n in range(8) for k, e in turn]
        expected = sorted(((k - np.pi / 6) / speed, e) for k, e in phases if k - np.pi / 6 <= 20 * speed)
        np.testing.assert_allclose(s.event_time[part], [t for t, _ in expected], atol=1e-7)
        assert s.event_index[part].tolist() == [e for _, e in expected]
    np.testing.assert_allclose(s.event_y[s.event_index == 0][:, 0], 0.0, atol=1e-9)
    ended = ode.solve(
        spin, [0.0, 1.0], [0.0, 1.0, 5.0, 9.0], speeds, events=[crosses_zero], direction=-1, terminal=True
    )
    assert [ended.message(i) for i in range(3)] == ["stopped at an event", "stopped at an event", "finished"]
    assert np.isnan(ended.y[0, 0, 2:]).all()
    assert np.isfinite(ended.y[2]).all()
    with pytest.raises(ValueError, match="`max_events` is 2"):
        ode.solve(spin, [0.5, 1.0], [0.0, 30.0], speeds, events=[crosses_zero], max_events=2)


@pytest.mark.parametrize("method", ["tsit5", "vern7", "rodas5p"])
def test_an_output_at_a_terminal_root_is_the_state_there(method: Any) -> None:
    @marey.model
    def decay(t: Any, y: Any, p: Any) -> Any:
        return (-p[0] * y[0],)

    at_five = marey.model(lambda t, y, p: t - 5.0)
    rates = np.linspace(0.1, 0.5, 5)
    s = ode.solve(
        decay, [1.0], np.arange(11.0), rates[:, None], method=method, events=[at_five], terminal=True, rtol=1e-9
    )
    np.testing.assert_array_equal(np.isfinite(s.y[:, 0]), np.broadcast_to(np.arange(11) <= 5, (5, 11)))
    np.testing.assert_allclose(s.y[:, 0, 5], np.exp(-5.0 * rates), rtol=1e-7)


@pytest.mark.parametrize("method", ["tsit5", "rodas5p"])
@pytest.mark.parametrize("by", ["params", "y0"])
def test_sensitivities_equal_differences(method: Any, by: Any) -> None:
    y0, params = random_lotka_volterra(4)
    doses = ode.Doses([0, 1, 2, 3], [2.0, 3.0, 4.0, 5.0], [0, 1, 0, 1], [0.5, 0.2, 1.0, 0.3])

    def solve(y0: Any, params: Any, sens: Any = None) -> ode.Solution:
        return ode.solve(
            lotka_volterra, y0, [0.0, 2.5, 6.0], params, method=method, rtol=1e-11, atol=1e-12, doses=doses, sens=sens
        )

    s = solve(y0, params, by)
    assert s.sens.shape == (4, 2, 4 if by == "params" else 2, 3)
    for k in range(s.sens.shape[2]):
        shift = np.zeros(s.sens.shape[2])
        shift[k] = 1e-5
        up, down = ((y0, params + d) if by == "params" else (y0 + d, params) for d in (shift, -shift))
        difference = (solve(*up).y - solve(*down).y) / 2e-5
        np.testing.assert_allclose(s.sens[:, :, k], difference, rtol=1e-6, atol=1e-7)


def test_torch_gradients_pass_gradcheck() -> None:
    torch = pytest.importorskip("torch")
    y0, params = (torch.tensor(x, requires_grad=True) for x in random_lotka_volterra(3))
    times = torch.tensor([0.0, 1.0, 2.5])

    def f(y0: Any, params: Any) -> Any:
        return ode.solve(lotka_volterra, y0, times, params, method="vern7", rtol=1e-11, atol=1e-13).y

    assert torch.autograd.gradcheck(f, (y0, params), eps=1e-5, atol=1e-6)
    shared = torch.tensor([1.0, 0.6, 0.4, 1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: f(y0.detach(), p), (shared,), eps=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="a tensor's gradient uses it already"):
        ode.solve(lotka_volterra, y0, times, params, sens="params")


def test_addresses_and_plain_callables_give_the_same(tmp_path: Path) -> None:
    y0, params = random_lotka_volterra(19)
    ours = ode.solve(lotka_volterra, y0, TIMES, params, method="tsit5")
    plain = ode.solve(lambda t, y, p: (p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]), y0, TIMES,
                      params, method="tsit5")  # fmt: skip
    np.testing.assert_array_equal(plain.y, ours.y)
    source = tmp_path / "f.c"
    source.write_text(
        "void f(double* t, double* y, double* p, double* dy) { for (int l = 0; l < 16; ++l) {"
        "double a = y[l], b = y[16 + l], ab = a * b; dy[l] = p[l] * a - p[16 + l] * ab;"
        "dy[16 + l] = p[32 + l] * ab - p[48 + l] * b; } }"
    )
    library = tmp_path / "f.so"
    done = subprocess.run(["cc", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-o", library, source], check=False)
    if done.returncode:
        pytest.skip("no C compiler")
    function = ctypes.CDLL(str(library)).f
    address = ctypes.cast(function, ctypes.c_void_p).value
    np.testing.assert_allclose(ode.solve(address, y0, TIMES, params, method="tsit5").y, ours.y, rtol=1e-9)
    stiff = ode.solve(address, y0, TIMES, params, method="rodas5p")  # differences for the Jacobian
    # Over 20 units of time these problems make 1e-6 a step into about 7e-5 at the end, rodas5p, and 2e-5, tsit5.
    np.testing.assert_allclose(stiff.y, ours.y, rtol=2e-4)


def test_a_numba_cfunc_is_taken() -> None:
    numba = pytest.importorskip("numba")
    double_p = numba.types.CPointer(numba.float64)

    @numba.cfunc(numba.void(double_p, double_p, double_p, double_p))
    def f(t: Any, y: Any, p: Any, dy: Any) -> None:
        for i in range(16):
            dy[i] = -p[i] * y[i]

    s = ode.solve(f, [1.0], [0.0, 2.0], [[1.0], [0.5]])
    np.testing.assert_allclose(s.y[:, 0, 1], np.exp([-2.0, -1.0]), rtol=1e-6)


def test_an_error_in_the_users_function_is_the_users_error() -> None:
    def f(t: Any, y: Any, p: Any) -> Any:
        raise KeyError("my own")

    with pytest.raises(KeyError, match="my own"):
        ode.solve(f, [1.0], [0.0, 1.0])


Y0, P4 = np.ones((3, 2)), np.ones((3, 4))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"y0": np.array([[1.0, 1], [1, np.nan], [1, 1]])}, r"`y0\[1, 1\]` is nan"),
        ({"params": np.full((3, 4), np.inf)}, r"`params\[0, 0\]` is inf"),
        ({"params": np.ones((2, 4))}, "`params` has 2 problems, `y0` has 3"),
        ({"t_eval": [0.0, np.nan]}, r"`t_eval\[1\]` is nan"),
        ({"t_eval": [0.0, 2.0, 1.0]}, r"`t_eval\[2\]` is 1.0; times must rise"),
        ({"t_eval": []}, "`t_eval` is empty"),
        ({"t0": 1.0}, "begins at 0.0, before `t0`, 1.0"),
        ({"y0": np.ones((3, 2, 1))}, "`y0` has shape"),
        ({"y0": np.ones((3, 3))}, "`y` of lotka_volterra has 3 entries; expected prey, predator"),
        ({"params": np.ones((3, 3))}, "`p` of lotka_volterra has 3 entries"),
        ({"method": "euler"}, "`method` is 'euler'; expected one of"),
        ({"rtol": 0.0}, "`rtol` is 0.0"),
        ({"atol": [1e-9] * 3}, r"`atol` has shape \(3,\)"),
        ({"atol": -1.0}, "`atol` is -1.0"),
        ({"max_steps": 0}, "`max_steps` is 0"),
        ({"sens": "both"}, "`sens` is 'both'"),
        ({"doses": ode.Doses([3], [1.0], [0], [1.0])}, "`doses.problem` is 3 in row 0; expected 0 to 2"),
        ({"doses": ode.Doses([0], [1.0], [2], [1.0])}, "`doses.state` is 2 in row 0; expected 0 to 1"),
        ({"doses": ode.Doses([0, 1], [1.0, np.nan], [0, 0], [1.0, 1.0])}, "`doses.time` is nan in row 1"),
        ({"doses": ode.Doses([0], [-1.0], [0], [1.0])}, "`doses.time` is -1.0 in row 0; expected a time not before"),
        ({"doses": ode.Doses([0], [1.0], [0], [1.0], "swallow")}, "`doses.kind` is 'swallow' in row 0"),
        ({"doses": ode.Doses([0], [1.0, 2.0], [0], [1.0])}, "`doses.problem` has 1 rows"),
    ],
)  # fmt: skip
def test_bad_input_names_argument_row_and_rule(change: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"y0": Y0, "t_eval": [0.0, 1.0], "params": P4} | change
    with pytest.raises(ValueError, match=says):
        ode.solve(lotka_volterra, **given)


def test_wrong_kinds_are_told() -> None:
    with pytest.raises(TypeError, match="`model` is a str; expected a function under marey"):
        ode.solve("f", [1.0], [0.0, 1.0])
    with pytest.raises(TypeError, match="`sens` needs a function under marey"):
        ode.solve(lambda t, y, p: y, [1.0], [0.0, 1.0], sens="params")
    with pytest.raises(ValueError, match="returns 2 derivatives; `y0` has 1 states"):
        ode.solve(marey.model(lambda t, y, p: (y[0], y[0])), [1.0], [0.0, 1.0], [1.0])


@pytest.mark.parametrize("by", ["params", "y0"])
@pytest.mark.parametrize("method", ["tsit5", "rodas5p"])
def test_a_state_that_is_set_forgets_its_derivatives(method: Any, by: Any) -> None:
    """dy/dt = -k y, set to 3 at time 1: from there dy/dk = -3 (t - 1) exp(-k (t - 1)) and dy/dy0 = 0."""

    @marey.model
    def decay(t: Any, y: Any, p: Any) -> Any:
        return (-p[0] * y[0],)

    times = np.array([0.0, 0.5, 1.0, 1.5, 3.0])
    doses = ode.Doses([0], [1.0], [0], [3.0], "set")
    k = np.array([[0.7]])
    s = ode.solve(decay, [[5.0]], times, k, method=method, rtol=1e-10, atol=1e-12, doses=doses, sens=by)
    before, tau = times <= 1.0, times - 1
    if by == "params":
        expected = np.where(before, -5 * times * np.exp(-0.7 * times), -3 * tau * np.exp(-0.7 * tau))
    else:
        expected = np.where(before, np.exp(-0.7 * times), 0.0)
    np.testing.assert_allclose(s.sens[0, 0, 0], expected, rtol=1e-8, atol=1e-10)


def test_amounts_and_starts_that_depend_on_parameters_bring_their_derivatives() -> None:
    @marey.model
    def two(t: Any, y: Any, p: Any) -> Any:
        return -p[0] * y[0], p[0] * y[0] - p[1] * y[1]

    times = np.linspace(0.0, 6.0, 7)
    problem, state, kinds = [0, 0, 1, 1, 1], [0, 1, 1, 0, 0], ["add", "set", "add", "rate", "rate"]

    def run(p: np.ndarray[Any, Any], **options: Any) -> ode.Solution:
        amount = [p[0, 2] * 10, p[0, 2] ** 2, p[1, 2], p[1, 2], -p[1, 2]]
        y0 = np.stack([p[:, 0] * 4, np.ones(2)], axis=1)
        doses = ode.Doses(problem, [1.5, 2.5, 0.0, 1.0, 3.0], state, amount, kinds, options.pop("by", None))
        return ode.solve(two, y0, times, p, rtol=1e-11, atol=1e-12, doses=doses, **options)

    p = np.array([[0.5, 0.3, 1.2], [0.9, 0.2, 0.7]])
    by = np.zeros((5, 3))
    by[:, 2] = [10, 2 * p[0, 2], 1, 1, -1]
    y0_by = np.zeros((2, 3))
    y0_by[0, 0] = 4
    s = run(p, by=by, y0_by=y0_by, sens="params")
    for k in range(3):
        shift = np.zeros(3)
        shift[k] = 1e-5
        difference = (run(p + shift).y - run(p - shift).y) / 2e-5
        np.testing.assert_allclose(s.sens[:, :, k], difference, rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match=r"`doses\.by` has shape \(5, 2\); expected \(5, 3\)"):
        run(p, by=by[:, :2], sens="params")
    with pytest.raises(ValueError, match=r"`y0_by` has shape \(3, 2\); expected \(2, 2, 3\)"):
        run(p, y0_by=y0_by.T, sens="params")
