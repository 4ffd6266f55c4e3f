"""What MOTPE is asked for beside what every algorithm is."""

import time

import numpy as np

from marey import moo
from marey.moo import problems


def run(optimizer, objective, n):
    F = []
    for _ in range(n):
        x = optimizer.ask(1)
        f = objective(x)
        optimizer.tell(x, f)
        F.append(f[0])
    return np.array(F)


def test_it_finds_more_than_chance_on_every_seed():
    problem, ref = problems.ZDT1(8), [1.1, 6.0]
    for seed in range(3):
        found = run(moo.MOTPE(problem.space(), seed=seed, startup=10), problem, 200)
        chance = problem(np.random.default_rng(seed).random((2000, 8)))
        # Ten times as many points by chance.
        assert moo.hypervolume(found, ref) > moo.hypervolume(chance, ref)


def test_a_suggestion_costs_no_more_after_many_observations():
    problem = problems.ZDT1(10)

    def cost(n):
        optimizer = moo.MOTPE(problem.space(), seed=1)
        X = np.random.default_rng(0).random((n, 10))
        optimizer.tell(X, problem(X))
        best = np.inf
        for _ in range(20):
            begin = time.process_time()
            optimizer.ask(1)
            best = min(best, time.process_time() - begin)
        return best

    # Were it linear, this would be 25 times as much.
    assert cost(5000) < 3 * cost(200)


def test_types_conditions_and_one_objective():
    space = moo.Space(
        [
            moo.Categorical("kind", ["a", "b"]),
            moo.Real("rate", 1e-4, 1.0, log=True, active_if={"kind": "b"}),
            moo.Int("depth", 1, 6),
            moo.Permutation("order", 5),
        ]
    )

    def objective(p):
        wrong = sum(i != item for i, item in enumerate(p["order"]))
        rate = 3.0 if p["kind"] == "a" else abs(np.log10(p["rate"]) + 2)
        return rate + abs(p["depth"] - 4) + 0.2 * wrong

    res = moo.MOTPE(space, n_obj=1, seed=2).minimize(objective, evals=400, each="dict")
    assert res.params[0]["kind"] == "b"
    assert res.params[0]["depth"] == 4
    assert res.F[0, 0] < 0.6


def test_answers_out_of_order_and_a_resumed_run_give_the_same_suggestions(tmp_path):
    problem = problems.ZDT1(5)
    first = moo.MOTPE(problem.space(), seed=3, startup=12)
    run(first, problem, 40)
    first.save(tmp_path / "a")
    second = moo.MOTPE.load(tmp_path / "a")
    other = moo.MOTPE(problem.space(), seed=3, startup=12)
    X = other.ask()
    other.tell(X[::-1], problem(X[::-1]))
    run(other, problem, 28)
    expected = first.ask(3)
    np.testing.assert_array_equal(other.ask(3), expected)
    np.testing.assert_array_equal(second.ask(3), expected)
