"""The targets of marey.moo beside the peers, one line a row, losing rows included.

python benchmarks/moo/table.py            all rows (about ten minutes)
python benchmarks/moo/table.py hyper      rows whose name holds a word
python benchmarks/moo/table.py --seeds 3  fewer runs of the evolutionary rows (11 by default)

One thread each, CPU seconds, the least of several runs; each answer is checked against marey's first. Evolutionary
rows compare the hypervolume over the seeds: p is Mann-Whitney's for "marey's is lower", and where it is below 0.05 the
row is missed whatever its ratio. Operators: simulated binary crossover with eta 15 (NSGA-II) or 30 (NSGA-III),
polynomial mutation with eta 20 of one variable in a row; beside pymoo's NSGA-III as often as there, in nine of ten
children. pymoors has Gaussian mutation only, and so has marey beside it. Its crossover gives one child the smaller
value of every variable and the other child the larger. ZDT1's best values are all 0, which favours it; with every
second variable mirrored the problem is the same to operators that treat each variable on its own. Absent peers are
named.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from fronts import SHAPES, concave

import marey
from marey import moo
from marey.moo import problems

LOWER = ", lower"  # a faster run to a worse front is no win

Row = tuple[str, str, float, float, float, str]  # case, peer, marey s, peer s, wanted ratio, remark


def seconds(run: Callable[[], Any], rounds: int = 3) -> float:
    """CPU seconds of a call, the least; short calls are repeated."""
    best = np.inf
    repeat = 1
    for _ in range(rounds + 1):
        begun = time.process_time()
        for _ in range(repeat):
            run()
        took = (time.process_time() - begun) / repeat
        best, repeat = min(best, took), max(1, int(0.02 / max(took, 1e-7)))
    return best


def hypervolumes() -> Iterator[Row]:
    import moocore
    import pygmo

    sizes = ((1000, 3, 1.0), (1000, 4, 1.0), (1000, 5, 1.0), (200, 6, 2.0), (100, 8, 2.0), (50, 10, 2.0))
    for shape in SHAPES:
        for n, d, wanted in sizes:
            F, ref = shape(n, d), np.full(d, 1.1)
            ours = moo.hypervolume(F, ref)
            peers: dict[str, Callable[[], Any]] = {
                "moocore": lambda F=F, ref=ref: moocore.hypervolume(F, ref=ref),
                "pygmo": lambda F=F, ref=ref: pygmo.hypervolume(F).compute(ref),
            }
            mine = seconds(lambda F=F, ref=ref: moo.hypervolume(F, ref))
            for name, peer in peers.items():
                assert abs(peer() / ours - 1) < 1e-12
                yield f"hypervolume {shape.__name__} {n} x {d}", name, mine, seconds(peer, 1), wanted, ""


def contributions() -> Iterator[Row]:
    import moocore
    import pygmo

    F, ref = concave(1000, 4), np.full(4, 1.1)
    ours = moo.hv_contributions(F, ref)
    mine = seconds(lambda: moo.hv_contributions(F, ref))
    for name, wanted, peer in (
        ("pygmo", 5.0, lambda: pygmo.hypervolume(F).contributions(ref)),
        ("moocore", 60.0, lambda: moocore.hv_contributions(F, ref=ref)),
    ):
        np.testing.assert_allclose(peer(), ours, atol=1e-12)
        yield "contributions 1000 x 4", name, mine, seconds(peer, 1), wanted, ""


def ranks() -> Iterator[Row]:
    import moocore

    for d, wanted in ((2, 1.0), (3, 4.0), (5, 3.0)):
        F = np.random.default_rng(0).random((100_000, d))
        np.testing.assert_array_equal(moocore.pareto_rank(F), moo.pareto_rank(F))
        mine = seconds(lambda F=F: moo.pareto_rank(F))
        yield f"pareto_rank 100,000 x {d}", "moocore", mine, seconds(lambda F=F: moocore.pareto_rank(F), 1), wanted, ""


def gradients() -> Iterator[Row]:
    import torch
    from botorch.utils.multi_objective.hypervolume import Hypervolume

    from marey.moo.torch import hypervolume

    torch.set_num_threads(1)
    batch = torch.from_numpy(np.stack([concave(1000, 3, seed) for seed in range(4)])).requires_grad_()
    ref = torch.full((3,), 1.1, dtype=torch.float64)

    def ours() -> Any:
        batch.grad = None
        volume = hypervolume(batch, ref)
        volume.sum().backward()
        return volume.detach()

    def theirs() -> Any:
        return torch.tensor([Hypervolume(-ref).compute(-front.detach()) for front in batch], dtype=torch.float64)

    torch.testing.assert_close(theirs(), ours(), rtol=1e-12, atol=0)
    case = "differentiable hypervolume, 4 fronts of 1000 x 3"
    yield case, "botorch", seconds(ours), seconds(theirs, 0), 200.0, "with gradients; botorch without, it has none"


def suggestions() -> Iterator[Row]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = problems.ZDT1(30)
    X = np.random.default_rng(0).random((1000, 30))
    F = problem(X)
    optimizer = moo.MOTPE(problem.space(), seed=1)
    optimizer.tell(X, F)
    distributions = {f"x{i}": optuna.distributions.FloatDistribution(0, 1) for i in range(30)}

    def suggest() -> None:
        x = optimizer.ask(1)
        optimizer.tell(x, problem(x))

    def study(sampler: Any) -> Callable[[], None]:
        study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
        for x, f in zip(X, F, strict=True):
            params = dict(zip(distributions, x.tolist(), strict=True))
            study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, values=f.tolist()))

        def one() -> None:
            trial = study.ask(distributions)
            study.tell(trial, problem(np.array([list(trial.params.values())]))[0].tolist())

        return one

    from marey.moo.integrations import OptunaSampler

    tpe = seconds(study(optuna.samplers.TPESampler(seed=1)), 5)
    case = "MOTPE suggestion, 30 parameters, after 1000 trials"
    yield case, "optuna TPE", seconds(suggest, 5), tpe, 10.0, "ask and tell"
    inside = seconds(study(OptunaSampler("motpe", seed=1)), 5)
    yield case + ", inside Optuna", "optuna TPE", inside, tpe, 10.0, "Optuna's own overhead in both"


def evolution(seeds: int) -> Iterator[Row]:
    from scipy.stats import mannwhitneyu

    done: dict[tuple[Any, ...], list[tuple[float, Any]]] = {}
    for case, name, wanted, ours, peer in cases():
        n_obj = 3 if ours[0] == "NSGA3" else 2
        ref = np.full(n_obj, 1.1)
        if repr(ours) not in done:
            done[repr(ours)] = [measured(lambda s=s, ours=ours: _marey(s, *ours)) for s in range(seeds)]
        mine = done[repr(ours)]
        volume = [float(moo.hypervolume(F, ref)) for _, F in mine]
        try:
            theirs = [measured(lambda s=s, peer=peer: peer(s)) for s in range(1, seeds + 1)]
        except ImportError as error:
            yield case, name, min(t for t, _ in mine), float("nan"), wanted, str(error)
            continue
        other = [float(moo.hypervolume(F, ref)) for _, F in theirs]
        p = mannwhitneyu(volume, other, alternative="less").pvalue
        remark = f"hypervolume {np.median(volume):.4f}, {np.median(other):.4f}, p {p:.2f}"
        if p < 0.05:
            remark += LOWER
        yield case, name, min(t for t, _ in mine), min(t for t, _ in theirs), wanted, remark


def measured(run: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    F = run()
    return time.process_time() - begun, np.asarray(F, float)


Case = tuple[str, str, float, tuple[Any, ...], Callable[[int], Any]]  # case, peer, wanted ratio, both runs


def cases() -> Iterator[Case]:
    gaussian = {"mutation": "gaussian", "mutation_sigma": 0.05}
    for pop, generations, (pygmo, pymoors, pymoo) in ((100, 250, (2.0, 2.0, 20.0)), (2000, 50, (15.0, 15.0, 30.0))):
        size = pop, generations
        case = f"NSGA-II ZDT1(30) {pop} x {generations}"
        plain = ("NSGA2", "ZDT1", *size, {})
        yield case, "pygmo", pygmo, plain, lambda s, size=size: _pygmo("zdt1", s, *size)
        yield case, "pymoo", pymoo, plain, lambda s, size=size: _pymoo("zdt1", s, *size)
        theirs = ("NSGA2", "ZDT1", *size, gaussian)
        yield case, "pymoors", pymoors, theirs, lambda s, size=size: _pymoors(problems.ZDT1(), s, *size)
        theirs = ("NSGA2", "mirrored", *size, gaussian)
        yield case + ", mirrored", "pymoors", pymoors, theirs, lambda s, size=size: _pymoors(mirrored, s, *size)
    case, size = "NSGA-III DTLZ2 3 objectives 92 x 250", (92, 250)
    yield case, "pygmo", 2.0, ("NSGA3", "DTLZ2", *size, {}), lambda s: _pygmo("dtlz2", s, *size)
    often = {"mutation_prob": 0.9 / 12}
    yield case, "pymoo", 15.0, ("NSGA3", "DTLZ2", *size, often), lambda s: _pymoo("dtlz2", s, *size)


def mirrored(X: Any) -> Any:
    """ZDT1 with every second variable the other way round."""
    X = np.array(X, float)
    X[:, 1::2] = 1.0 - X[:, 1::2]
    return problems.ZDT1()(X)


def _marey(seed: int, name: str, problem: str, pop: int, generations: int, options: dict[str, Any]) -> Any:
    three = name == "NSGA3"
    if three:
        options = {"ref_dirs": moo.ref_dirs.das_dennis(3, 12), **options}
    bounds = [(0.0, 1.0)] * (12 if three else 30)
    algorithm = getattr(moo, name)(bounds, n_obj=3 if three else 2, pop=pop, seed=seed, **options)
    return algorithm.minimize(_COMPILED[problem], evals=pop * generations, threads=1, progress=False).F


def _pygmo(name: str, seed: int, pop: int, generations: int) -> Any:
    import pygmo

    # The first population is evaluated, too.
    gen = generations - 1
    if name == "zdt1":
        problem = pygmo.problem(pygmo.zdt(1, 30))
        algorithm = pygmo.nsga2(gen=gen, cr=0.9, eta_c=15, m=1 / 30, eta_m=20, seed=seed)
    else:
        problem = pygmo.problem(pygmo.dtlz(2, 12, 3, 100))
        algorithm = pygmo.nsga3(gen=gen, cr=1.0, eta_c=30, mut=1 / 12, eta_mut=20, divisions=12, seed=seed)
    return pygmo.algorithm(algorithm).evolve(pygmo.population(problem, pop, seed=seed)).get_f()


def _pymoors(objective: Any, seed: int, pop: int, generations: int) -> Any:
    import pymoors

    algorithm = pymoors.Nsga2(
        sampler=pymoors.RandomSamplingFloat(min=0.0, max=1.0),
        crossover=pymoors.SimulatedBinaryCrossover(distribution_index=15),
        mutation=pymoors.GaussianMutation(gene_mutation_rate=1 / 30, sigma=0.05),
        fitness_fn=objective,
        constraints_fn=pymoors.Constraints(lower_bound=0.0, upper_bound=1.0),
        num_vars=30,
        population_size=pop,
        num_offsprings=pop,
        num_iterations=generations,
        mutation_rate=1.0,
        crossover_rate=0.9,
        seed=seed,
        verbose=False,
        keep_infeasible=False,
    )
    algorithm.run()
    return algorithm.population.fitness


def _pymoo(name: str, seed: int, pop: int, generations: int) -> Any:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.optimize import minimize
    from pymoo.problems import get_problem

    if name == "zdt1":
        return minimize(get_problem("zdt1"), NSGA2(pop_size=pop), ("n_gen", generations), seed=seed).F
    algorithm = NSGA3(ref_dirs=moo.ref_dirs.das_dennis(3, 12), pop_size=pop)
    return minimize(get_problem("dtlz2", n_var=12, n_obj=3), algorithm, ("n_gen", generations), seed=seed).F


def _compile() -> dict[str, Any]:
    """The problems as one C function each, as a user would write them."""
    import math

    from numba import cfunc, types

    signature = types.void(*[types.CPointer(types.double), types.int64] * 3, types.voidptr)

    @cfunc(signature)
    def zdt1(x, n, f, m, g, k, user):
        total = 0.0
        for i in range(1, n):
            total += x[i]
        h = 1.0 + 9.0 * total / (n - 1)
        f[0] = x[0]
        f[1] = h * (1.0 - math.sqrt(x[0] / h))

    @cfunc(signature)
    def reversed_zdt1(x, n, f, m, g, k, user):
        total = 0.0
        for i in range(1, n):
            total += 1.0 - x[i] if i % 2 else x[i]
        h = 1.0 + 9.0 * total / (n - 1)
        f[0] = x[0]
        f[1] = h * (1.0 - math.sqrt(x[0] / h))

    @cfunc(signature)
    def dtlz2(x, n, f, m, g, k, user):
        distance = 0.0
        for i in range(m - 1, n):
            distance += (x[i] - 0.5) ** 2
        for j in range(m):
            value = 1.0 + distance
            for i in range(m - 1 - j):
                value *= math.cos(0.5 * math.pi * x[i])
            if j > 0:
                value *= math.sin(0.5 * math.pi * x[m - 1 - j])
            f[j] = value

    @cfunc(signature)
    def slow(x, n, f, m, g, k, user):
        total = 0.0
        for i in range(14_000):
            total += math.sin(x[i % n] + i)
        f[0] = x[0]
        f[1] = 1.0 - x[0] + 1e-9 * total

    return {"ZDT1": zdt1, "mirrored": reversed_zdt1, "DTLZ2": dtlz2, "slow": slow}


def threads() -> Iterator[Row]:
    """Wall time: what a second thread is for."""

    def wall(count: int) -> float:
        begun = time.perf_counter()
        moo.NSGA2([(0, 1)] * 5, pop=100, seed=1).minimize(
            _COMPILED["slow"], evals=10_000, threads=count, progress=False
        )
        return time.perf_counter() - begun

    case = "compiled objective of 100 us, 2 threads (wall)"
    two, one = min(wall(2) for _ in range(3)), min(wall(1) for _ in range(3))
    yield case, "1 thread", two, one, 1.8, f"{1e6 * one / 10_000:.0f} us an evaluation"
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.optimize import minimize
    from pymoo.parallelization.starmap import StarmapParallelization

    class Slow(ElementwiseProblem):
        def _evaluate(self, x: Any, out: Any, *args: Any, **kwargs: Any) -> None:
            out["F"] = slow_in_python(x)

    Slow.__qualname__ = "Slow"  # where the workers look for it
    globals()["Slow"] = Slow

    with ProcessPoolExecutor(2) as pool:
        list(pool.map(slow_in_python, np.zeros((2, 5))))  # compiled before the clock starts

        def starmap(function: Any, points: Any) -> list[Any]:
            return list(pool.map(_Starred(function), points))

        problem = Slow(n_var=5, n_obj=2, xl=0.0, xu=1.0, elementwise_runner=StarmapParallelization(starmap))
        begun = time.perf_counter()
        minimize(problem, NSGA2(pop_size=100), ("n_eval", 10_000), seed=1)
        yield case, "pymoo, 2 processes", two, time.perf_counter() - begun, 1.0, ""


class _Starred:
    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, arguments: Any) -> Any:
        return self.function(*arguments)


def slow_in_python(x: Any) -> Any:
    """The compiled function, called from Python."""
    f = np.zeros(2)
    import ctypes

    pointer = ctypes.POINTER(ctypes.c_double)
    x = np.ascontiguousarray(x, float)
    call = _COMPILED["slow"].ctypes
    call(x.ctypes.data_as(pointer), len(x), f.ctypes.data_as(pointer), 2, f.ctypes.data_as(pointer), 0, None)
    return f


_COMPILED = _compile()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--seeds", type=int, default=11)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    marey.set_num_threads(1)
    groups: dict[str, Callable[[], Iterator[Row]]] = {
        "hypervolume": hypervolumes,
        "contributions": contributions,
        "pareto_rank": ranks,
        "differentiable": gradients,
        "motpe": suggestions,
        "nsga": lambda: evolution(options.seeds),
        "threads": threads,
    }
    print(f"{'case':55} {'peer':20} {'marey ms':>10} {'peer ms':>10} {'ratio':>8} {'wanted':>7}")
    for name, group in groups.items():
        if options.word.lower() not in name:
            continue
        try:
            for case, peer, mine, theirs, wanted, remark in group():
                ratio = theirs / mine
                verdict = "" if ratio >= wanted and not remark.endswith(LOWER) else "MISSED"
                figures = f"{1e3 * mine:10.3f} {1e3 * theirs:10.3f} {ratio:8.1f} {wanted:7.1f}"
                print(f"{case:55} {peer:20} {figures} {verdict} {remark}".rstrip(), flush=True)
        except ImportError as error:
            print(f"{name}: skipped, {error}")


if __name__ == "__main__":
    main()
