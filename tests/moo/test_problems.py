"""The test problems against pymoo's, and their fronts against themselves."""

import inspect
import pickle

import numpy as np
import pytest

from marey.moo import pareto_rank, problems

NAMES = sorted(name for name, value in vars(problems).items() if inspect.isclass(value) and name != "Problem")
MANY = [name for name in NAMES if "n_obj" in inspect.signature(getattr(problems, name)).parameters]
CASES = [(name, {}) for name in NAMES] + [(name, {"n_obj": d}) for name in MANY for d in (2, 4)]
CASES += [("WFG6", {"n_obj": 3, "k": 6}), ("WFG2", {"n_obj": 3, "n_var": 10}), ("ZDT1", {"n_var": 5})]


def pymoo_problem(problem):
    module = pytest.importorskip("pymoo.problems")
    name = type(problem).__name__
    options = {"n_var": problem.n_var}
    if name.startswith("WFG"):
        options |= {"k": problem.k}
    if name in MANY:
        options |= {"n_obj": problem.n_obj}
    if name.startswith("MW"):
        del options["n_var"]
    return module.get_problem(name.lower(), **options)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_values_are_pymoos(name, options):
    problem = getattr(problems, name)(**options)
    theirs = pymoo_problem(problem)
    rng = np.random.default_rng(5)
    X = problem.lower + (problem.upper - problem.lower) * rng.random((200, problem.n_var))
    np.testing.assert_array_equal(theirs.xl, problem.lower)
    np.testing.assert_allclose(theirs.xu, problem.upper, rtol=1e-15)
    F, G = problem(X) if problem.n_con else (problem(X), np.zeros((200, 0)))
    expected = theirs.evaluate(X, return_as_dictionary=True)
    # A power of 50 (WFG) and the inner sine of MW5 multiply the rounding of their arguments.
    np.testing.assert_allclose(F, expected["F"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(G, expected.get("G", G[:, :0]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_front_is_non_dominated_and_no_point_found_beats_it(name):
    problem = getattr(problems, name)()
    front = problem.front(500)
    assert 20 <= len(front) <= 1500
    assert front.shape[1] == problem.n_obj
    assert (pareto_rank(np.round(front, 12)) == 0).mean() > 0.99
    X = problem.lower + (problem.upper - problem.lower) * np.random.default_rng(1).random((5000, problem.n_var))
    F, G = problem(X) if problem.n_con else (problem(X), np.zeros((5000, 0)))
    F = F[(G <= 0).all(1)]
    beaten = (F[:, None] < front - 1e-9).all(-1).any()
    assert not beaten
    if problem.n_con:
        assert problem.constraints(front, front).max() < 1e-8
    assert (problem.ref > front.max(0)).all()


def test_the_plane_problem_fronts_are_pymoos():
    for name in ("ZDT1", "ZDT2", "ZDT4", "ZDT6", "DTLZ1", "DTLZ2", "C3DTLZ4"):
        problem = getattr(problems, name)()
        theirs = pymoo_problem(problem).pareto_front()
        ours = problem.front(20_000)
        gap = np.linalg.norm(theirs[:, None] - ours[None], axis=-1).min(1).max()
        assert gap < (0.02 if problem.n_obj == 3 else 1e-3), name


def test_a_problem_is_pickled_and_refuses_other_shapes():
    problem = pickle.loads(pickle.dumps(problems.DTLZ2(n_obj=4)))
    assert repr(problem) == "DTLZ2(n_var=13, n_obj=4)"
    with pytest.raises(ValueError, match=r"`X` has shape \(2, 3\); expected \(N, 13\)"):
        problem(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="multiple of n_obj - 1"):
        problems.WFG4(n_obj=3, k=5)
    with pytest.raises(ValueError, match="no closed form"):
        problems.DTLZ5(n_obj=4).front()
