"""ode.solve beside SciPy, diffrax, heyoka and numbalsoda, at matched error, CPU time of one thread.

Errors are the largest relative deviation from a solution at 1e-11; every contender has a tolerance that brings it below
the one stated (numbalsoda on Robertson: to 1.15 of it), and its row says which error it has.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import marey
from contenders import measure
from marey import ode

LV_TIMES = np.linspace(0.0, 20.0, 41)
ROBERTSON_TIMES = np.concatenate([[0.0], np.logspace(-2, 5, 20)])


@marey.model(y="prey predator", p="a b c d")
def lotka_volterra(t, y, p):
    return p.a * y.prey - p.b * y.prey * y.predator, p.c * y.prey * y.predator - p.d * y.predator


@marey.model
def robertson(t, y, p):
    a, b, c = y
    return -p[0] * a + p[2] * b * c, p[0] * a - p[1] * b * b - p[2] * b * c, p[1] * b * b


@marey.model
def neutrophils(t, y, p):
    """A chain of 12 states in the manner of Friberg et al., J Clin Oncol 20:4713, 2002, its drug stiff."""
    drug, *chain = y
    kill = p[1] * drug
    feedback = (p[2] / chain[-1]) ** 0.17
    rates = [p[0] * chain[0] * (1 - kill) * feedback - p[0] * chain[0]]
    rates += [p[0] * (before - here) for before, here in pairwise(chain)]
    return (-p[3] * drug, *rates)


def case(name):
    rng = np.random.default_rng(0)
    if name == "Lotka-Volterra":
        n = 10_000
        y0 = rng.uniform(0.5, 2.0, (n, 2))
        return lotka_volterra, y0, rng.uniform([0.8, 0.4, 0.2, 0.8], [1.2, 0.8, 0.6, 1.2], (n, 4)), LV_TIMES
    if name == "Robertson":
        n = 1000
        params = np.array([0.04, 3e7, 1e4]) * np.exp(0.3 * rng.normal(size=(n, 3)))
        return robertson, np.tile([1.0, 0.0, 0.0], (n, 1)), params, ROBERTSON_TIMES
    n = 1000
    params = np.array([0.1, 0.3, 5.0, 200.0]) * np.exp(0.2 * rng.normal(size=(n, 4)))
    y0 = np.concatenate([np.ones((n, 1)), np.repeat(params[:, 2:3], 11, axis=1)], axis=1)
    return neutrophils, y0, params, np.linspace(0.0, 300.0, 31)


@pytest.fixture(scope="module")
def problems():
    made: dict[str, Any] = {}

    def get(name):
        if name not in made:
            model, y0, params, times = case(name)
            method = "vern7" if name == "Lotka-Volterra" else "rodas5p"
            marey.set_num_threads(0)
            exact = ode.solve(model, y0, times, params, method=method, rtol=1e-11, atol=1e-14).raise_for_status().y
            made[name] = model, y0, params, times, exact
        return made[name]

    return get


def error_of(y, exact):
    moved = np.abs(exact) > 1e-12
    return float(np.abs(y[moved] / exact[moved] - 1).max())


def scipy_lsoda(model, y0, params, times, tolerances):
    """A tenth of a percent of the problems; the row's time is scaled up."""
    integrate = pytest.importorskip("scipy.integrate")
    numba = pytest.importorskip("numba")
    source = {"lotka_volterra": _lv, "robertson": _robertson, "neutrophils": _neutrophils}[model.__name__]
    f = numba.njit(source)
    count = max(10, len(y0) // 1000)

    def run():
        out = []
        for i in range(count):
            rtol, atol, method = tolerances
            s = integrate.solve_ivp(f, times[[0, -1]], y0[i], method, times, args=(params[i],), rtol=rtol, atol=atol)
            out.append(s.y)
        return np.array(out)

    return run, count


def _lv(t, y, p):
    return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])


def _robertson(t, y, p):
    a, b, c = y
    return np.array([-p[0] * a + p[2] * b * c, p[0] * a - p[1] * b * b - p[2] * b * c, p[1] * b * b])


def _neutrophils(t, y, p):
    dy = np.empty(12)
    dy[0] = -p[3] * y[0]
    dy[1] = p[0] * y[1] * (1 - p[1] * y[0]) * (p[2] / y[11]) ** 0.17 - p[0] * y[1]
    for i in range(2, 12):
        dy[i] = p[0] * (y[i - 1] - y[i])
    return dy


def diffrax_vmap(model, y0, params, times, tolerances):
    jax = pytest.importorskip("jax")
    diffrax = pytest.importorskip("diffrax")
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    f = {"lotka_volterra": _lv, "robertson": _robertson}[model.__name__]
    field = diffrax.ODETerm(lambda t, y, p: jnp.stack([*_columns(f, t, y, p)]))
    solver, control = tolerances[2](diffrax), diffrax.PIDController(rtol=tolerances[0], atol=tolerances[1])

    @jax.jit
    @jax.vmap
    def solve(y0, p):
        return diffrax.diffeqsolve(
            field, solver, times[0], times[-1], None, y0, p, saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=control, max_steps=100_000,
        ).ys  # fmt: skip

    count = len(y0) if f is _lv else len(y0) // 10
    given = jnp.asarray(y0[:count]), jnp.asarray(params[:count])
    return lambda: np.asarray(solve(*given).block_until_ready()).swapaxes(1, 2), count


def _columns(f, t, y, p):
    if f is _lv:
        return p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]
    a, b, c = y
    return -p[0] * a + p[2] * b * c, p[0] * a - p[1] * b * b - p[2] * b * c, p[1] * b * b


def heyoka_batch(model, y0, params, times, tolerances):
    heyoka = pytest.importorskip("heyoka")
    x, y = heyoka.make_vars("x", "y")
    p = heyoka.par
    system = [(x, p[0] * x - p[1] * x * y), (y, p[2] * x * y - p[3] * y)]
    lanes = 8
    integrator = heyoka.taylor_adaptive_batch(
        system, np.zeros((2, lanes)), tol=tolerances[0], pars=np.zeros((4, lanes))
    )
    grid = np.repeat(times[:, None], lanes, axis=1)

    def run():
        out = np.empty((len(y0), 2, len(times)))
        for i in range(0, len(y0), lanes):
            integrator.set_time(0.0)
            integrator.state[:] = y0[i : i + lanes].T
            integrator.pars[:] = params[i : i + lanes].T
            out[i : i + lanes] = np.moveaxis(integrator.propagate_grid(grid)[1], 2, 0).swapaxes(1, 2)
        return out

    return run, len(y0)


def numbalsoda_loop(model, y0, params, times, tolerances):
    numbalsoda = pytest.importorskip("numbalsoda")
    numba = pytest.importorskip("numba")
    n = y0.shape[1]
    if model.__name__ == "robertson":

        @numba.cfunc(numbalsoda.lsoda_sig)
        def f(t, y, dy, p):
            a, b, c = y[0], y[1], y[2]
            dy[0] = -p[0] * a + p[2] * b * c
            dy[1] = p[0] * a - p[1] * b * b - p[2] * b * c
            dy[2] = p[1] * b * b
    else:

        @numba.cfunc(numbalsoda.lsoda_sig)
        def f(t, y, dy, p):
            dy[0] = -p[3] * y[0]
            dy[1] = p[0] * y[1] * (1 - p[1] * y[0]) * (p[2] / y[11]) ** 0.17 - p[0] * y[1]
            for i in range(2, 12):
                dy[i] = p[0] * (y[i - 1] - y[i])

    address = f.address
    rtol, atol = tolerances[:2]

    @numba.njit
    def loop(y0, params, times):
        out = np.empty((len(y0), len(times), n))
        for i in range(len(y0)):
            out[i], _ = numbalsoda.lsoda(address, y0[i], times, params[i], rtol, atol)
        return out

    def run():
        assert f is not None
        return loop(y0, params, times).swapaxes(1, 2)

    return run, len(y0)


CASES = [
    ("Lotka-Volterra", 5e-5, "marey", ("tsit5", 2e-6, 2e-9)),
    ("Lotka-Volterra", 5e-5, "marey, 2 threads", ("tsit5", 2e-6, 2e-9)),
    ("Lotka-Volterra", 5e-5, "diffrax vmap Tsit5", (diffrax_vmap, (1e-6, 1e-9, lambda d: d.Tsit5()))),
    ("Lotka-Volterra", 5e-5, "heyoka batch 8", (heyoka_batch, (1e-6,))),
    ("Lotka-Volterra", 5e-5, "SciPy RK45, numba f, scaled up", (scipy_lsoda, (1e-6, 1e-9, "RK45"))),
    ("Robertson", 1e-4, "marey", ("rodas5p", 1e-3, 1e-9)),
    ("Robertson", 1e-4, "marey, 2 threads", ("rodas5p", 1e-3, 1e-9)),
    ("Robertson", 1e-4, "numbalsoda LSODA", (numbalsoda_loop, (1e-7, 1e-11))),
    (
        "Robertson",
        1e-4,
        "diffrax vmap Kvaerno5, a tenth scaled up",
        (diffrax_vmap, (1e-5, 1e-10, lambda d: d.Kvaerno5())),
    ),
    ("Robertson", 1e-4, "SciPy LSODA, numba f, scaled up", (scipy_lsoda, (1e-6, 1e-10, "LSODA"))),
    ("neutrophils, 12 states", 1e-4, "marey", ("auto", 1e-3, 1e-6)),
    ("neutrophils, 12 states", 1e-4, "marey, 2 threads", ("auto", 1e-3, 1e-6)),
    ("neutrophils, 12 states", 1e-4, "numbalsoda LSODA", (numbalsoda_loop, (1e-5, 1e-8))),
    ("neutrophils, 12 states", 1e-4, "SciPy LSODA, numba f, scaled up", (scipy_lsoda, (1e-5, 1e-8, "LSODA"))),
]


@pytest.mark.parametrize(("name", "most", "contender", "how"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES])
def test_solve(benchmark, problems, name, most, contender, how):
    model, y0, params, times, exact = problems(name)
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        method, rtol, atol = how
        marey.set_num_threads(threads)
        count = len(y0)

        def run():
            return ode.solve(model, y0, times, params, method=method, rtol=rtol, atol=atol).y
    else:
        run, count = how[0](model, y0, params, times, how[1])

    found = []

    def check(y):
        found.append(error_of(y, exact[: len(y)]))
        assert found[0] < 1.2 * most, f"error {found[0]:.1e}"

    run()
    begin = time.process_time()
    run()
    cpu = time.process_time() - begin
    check(run())
    measure(
        benchmark,
        f"ode.solve {name}, {len(y0):,} problems, error {most:.0e}",
        contender,
        run,
        check=check,
        threads=threads,
        rounds=3,
        error=found[0],
        scale=len(y0) / count,
        cpu_us_a_problem=cpu / count * 1e6,
    )
    marey.set_num_threads(0)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("name", "copies", "how"),
    [("Lotka-Volterra", 100, ("vern7", 1e-5, 1e-8)), ("Robertson", 100, ("rodas5p", 1e-3, 1e-9))],
)
def test_gpu(gpu, problems, name, copies, how):
    """A million Lotka-Volterra systems; a hundred thousand of Robertson's."""
    import torch

    model, y0, params, times, exact = problems(name)
    method, rtol, atol = how
    states, parameters = (torch.from_numpy(np.tile(x, (copies, 1))).cuda() for x in (y0, params))

    def run():
        return ode.solve(model, states, times, parameters, method=method, rtol=rtol, atol=atol).y

    def check(y):
        for part in (y[: len(y0)], y[-len(y0) :]):
            assert error_of(part.cpu().numpy(), exact) < 1e-4

    moved = 8 * (states.numel() * (1 + len(times)) + parameters.numel())
    gpu.measure(f"ode.solve {name} {len(states):,} problems", "marey", run, check=check, moved=moved)
