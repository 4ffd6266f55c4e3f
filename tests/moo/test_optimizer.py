"""Asking, telling, minimizing, stopping, saving."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from marey import moo


def zdt1(X):
    g = 1 + 9 * X[:, 1:].mean(axis=1)
    return np.stack([X[:, 0], g * (1 - np.sqrt(X[:, 0] / g))], axis=1)


def optimizer(seed: int = 1, **options) -> moo.NSGA2:
    return moo.NSGA2([(0, 1)] * 6, n_obj=2, **{"pop": 20, "seed": seed, **options})


def test_asking_and_telling_in_pieces_and_any_order_is_minimizing() -> None:
    whole = optimizer().minimize(zdt1, evals=400)
    pieces = optimizer()
    rng = np.random.default_rng(0)
    for _ in range(20):
        X = np.concatenate([pieces.ask(7), pieces.ask(7), pieces.ask()])
        assert X.shape == (20, 6)
        assert len(pieces.ask()) == 0
        X = rng.permutation(X)
        for part in (X[:3], X[3:4], X[4:]):
            pieces.tell(part, zdt1(part))
    result = pieces.result()
    np.testing.assert_array_equal(result.F, whole.F)
    np.testing.assert_array_equal(result.X, whole.X)


def test_a_late_answer_belongs_to_the_next_generation() -> None:
    run = optimizer()
    X = run.ask(24)
    run.tell(X[4:], zdt1(X[4:]))
    assert run.generation == 1
    run.tell(X[:4], zdt1(X[:4]))
    assert (run.evals, run.generation) == (24, 1)
    Y = run.ask(16)
    run.tell(Y, zdt1(Y))
    assert run.generation == 2


def test_points_from_elsewhere_are_taken_and_bad_ones_refused() -> None:
    run = optimizer()
    run.tell(np.full((1, 6), 0.25), zdt1(np.full((1, 6), 0.25)))
    assert run.evals == 1
    with pytest.raises(ValueError, match="for variable 2"):
        run.tell([[0, 0, 2, 0, 0, 0]], [[0, 0]])
    with pytest.raises(ValueError, match="`F` has shape"):
        run.tell(np.zeros((1, 6)), np.zeros((1, 3)))
    assert run.evals == 1


def test_constraints_are_met() -> None:
    def objective(X):
        return zdt1(X), 0.5 - X[:, 0]

    res = moo.NSGA2([(0, 1)] * 6, n_con=1, pop=40, seed=2).minimize(objective, evals=4_000)
    assert (res.G <= 0).all()
    assert (res.X[:, 0] >= 0.5).all()
    assert res.hypervolume([1.1, 1.1]) > 0.3


def test_failed_points_are_infeasible_and_counted() -> None:
    def objective(X):
        F = zdt1(X)
        F[X[:, 0] < 0.5] = np.nan
        return F

    with pytest.warns(RuntimeWarning, match="no finite number"):
        res = optimizer().minimize(objective, evals=1_000)
    assert 0 < res.failed < 1_000
    assert "failed" in repr(res)
    assert np.isfinite(res.F).all()
    assert (res.X[:, 0] >= 0.5).all()


def test_stops_and_callback() -> None:
    assert optimizer().minimize(zdt1, stop=moo.stop.Wall(0.05)).stopped == "wall"
    assert optimizer().minimize(zdt1, stop=moo.stop.Target([0.9, 0.9])).stopped == "target"
    assert optimizer().minimize(zdt1, stop=moo.stop.Target(hv=0.5, ref=[1.1, 1.1])).hypervolume([1.1, 1.1]) >= 0.5
    assert optimizer().minimize(zdt1, stop=moo.stop.HVStall(5, tol=1e-2)).stopped == "stalled hypervolume"
    assert optimizer().minimize(zdt1, callback=lambda run: run.generation == 3).evals == 60
    with pytest.raises(ValueError, match="expected a budget"):
        optimizer().minimize(zdt1)


def test_interruption_returns_what_was_found() -> None:
    def objective(X):
        if run.evals >= 100:
            raise KeyboardInterrupt
        return zdt1(X)

    run = optimizer()
    res = run.minimize(objective, evals=1_000)
    assert (res.stopped, res.evals) == ("interrupted", 100)
    np.testing.assert_array_equal(run.minimize(zdt1, evals=400).F, optimizer().minimize(zdt1, evals=400).F)


def test_a_signal_ends_a_compiled_run_with_what_was_found() -> None:
    pytest.importorskip("numba")
    compiled = moo.compiled(lambda x: (x[0], 1.0 - x[0] + x[1]), 2)
    # A shell that starts pytest in the background leaves SIGINT ignored; Python's own handler is what is tested here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        timer.start()
        res = optimizer().minimize(compiled, evals=5_000_000)  # a minute, were it not interrupted
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert res.stopped == "interrupted"
    assert 0 < res.evals < 5_000_000
    assert len(res) > 0


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    optimizer().minimize(zdt1, evals=100, progress=True)
    assert "NSGA2" in capsys.readouterr().err
    optimizer().minimize(zdt1, evals=100, progress=False)
    assert capsys.readouterr().err == ""


def test_an_option_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no 'mutaton_prob' here"):
        optimizer(mutaton_prob=0.1)
    with pytest.raises(ValueError, match="expected one of 'sbx', 'blx'"):
        optimizer(crossover="one point")


@pytest.mark.parametrize("options", [{"crossover": "blx"}, {"mutation": "gaussian"}, {"truncation": "at once"}])
def test_operators_by_choice(options: dict[str, str]) -> None:
    assert optimizer(**options).minimize(zdt1, evals=4_000).hypervolume([1.1, 1.1]) > 0.8


@pytest.mark.parametrize("options", [{}, {"permutation_crossover": "edge"}, {"permutation_mutation": "swap"}])
def test_a_permutation_is_searched(options: dict[str, str]) -> None:
    """Cities on a ring: the shortest tour is the ring."""
    angle = np.random.default_rng(2).permutation(9) * 2 * np.pi / 9
    city = np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def length(X):
        tour = city[X.astype(int)]
        return np.linalg.norm(tour - np.roll(tour, 1, axis=1), axis=2).sum(axis=1)

    res = moo.NSGA2([moo.Permutation("tour", 9)], n_obj=1, pop=60, seed=3, mutation_prob=0.7, **options).minimize(
        length, evals=9_000
    )
    assert res.F[0, 0] == pytest.approx(18 * np.sin(np.pi / 9))


def test_the_offending_point_comes_with_the_exception() -> None:
    def objective(point):
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError) as caught:
        optimizer().minimize(objective, evals=20, each="dict")
    assert set(caught.value.point) == {f"x{i}" for i in range(6)}
    assert "'x0'" in caught.value.__notes__[0]


def test_a_mixed_space_with_conditions_is_searched() -> None:
    space = moo.Space(
        [
            moo.Real("lr", 1e-5, 1e-1, log=True),
            moo.Int("layers", 1, 8),
            moo.Categorical("act", ["relu", "gelu", "tanh"]),
            moo.Real("slope", 0.0, 1.0, active_if={"act": "relu"}),
            moo.Permutation("order", 5),
        ]
    )

    def objective(p):
        unsorted = sum(abs(a - i) for i, a in enumerate(p["order"]))
        loss = abs(np.log10(p["lr"]) + 3) + unsorted + (p.get("slope", 1.0) - 0.25) ** 2
        return loss / p["layers"], float(p["layers"])

    res = moo.NSGA2(space, pop=60, seed=4).minimize(objective, evals=6_000, each="dict")
    best = res.params[np.argmin(res.F[:, 0])]
    assert best["layers"] == 8
    assert best["act"] == "relu"
    assert best["order"] == [0, 1, 2, 3, 4]
    assert list(res.to_frame().columns) == ["lr", "layers", "act", "slope", "order", "f0", "f1"]
    assert "<table>" in res._repr_html_()


def test_history_and_choices() -> None:
    res = optimizer().minimize(zdt1, evals=400, history=[1.1, 1.1])
    assert res.history["evals"].tolist() == list(range(20, 401, 20))
    assert res.history["hypervolume"][-1] == res.hypervolume([1.1, 1.1])
    assert res.select([1, 0]).F[0] == res.F[:, 0].min()
    assert res.select("topsis", weights=[0, 1]).F[1] == res.F[:, 1].min()
    with pytest.raises(ValueError, match="expected 2 weights"):
        res.select([1, 2, 3])
