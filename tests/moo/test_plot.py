"""Plots show what they are given."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from marey import moo  # noqa: E402
from marey.moo import problems  # noqa: E402


@pytest.fixture(autouse=True)
def _close():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def result(d, seed=1):
    problem = problems.DTLZ2(n_obj=d)
    return moo.NSGA2(problem.space(), n_obj=d, pop=20, seed=seed).minimize(problem, evals=400)


@pytest.mark.parametrize("d", [2, 3])
def test_a_front_shows_every_solution_and_the_knee(d):
    res = result(d)
    ax = res.plot(names=["a", "b", "c"][:d], front=problems.DTLZ2(n_obj=d).front(50), population=True)
    labels = [c.get_label() for c in ax.collections]
    assert labels == ["population", "true front", "solutions", "knee"]
    assert len(ax.collections[2].get_offsets()) == len(res)
    assert ax.get_ylabel() == "b"
    ax.figure.canvas.draw()


def test_many_objectives_are_parallel_coordinates():
    res = result(5)
    ax = res.plot()
    assert len(ax.lines) == len(res) + 1 + 5


def test_attainment_steps_cover_what_a_share_of_the_runs_reached():
    runs = [result(2, seed) for seed in range(5)]
    ax = runs[0].plot(runs=runs, levels=[0.2, 1.0])
    assert [line.get_label() for line in ax.lines] == ["reached by 20% of the runs", "reached by 100% of the runs"]
    best, worst = (np.column_stack(line.get_data()) for line in ax.lines)
    assert best[:, 1].min() == min(run.F[:, 1].min() for run in runs)
    assert worst[1, 0] == max(run.F[:, 0].min() for run in runs)


def test_what_does_not_fit_is_refused():
    res = result(4)
    with pytest.raises(ValueError, match="4 objectives; expected 2 or 3"):
        res.plot("front")
    with pytest.raises(ValueError, match="one of front"):
        res.plot("pie")
    with pytest.raises(ValueError, match="one for each of the 4"):
        res.plot(names=["a"])
