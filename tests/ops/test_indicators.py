"""Distances, epsilon, R2, spacing, crowding: against peers and their definitions."""

import numpy as np
import pytest
from fronts import FRONTS, linear, spherical

import marey
from marey.moo import crowding_distance, epsilon, gd, gd_plus, igd, igd_plus, pareto_rank, r2, spacing

SIZES = [(1, 2, 3), (57, 2, 90), (130, 3, 41), (64, 5, 64), (33, 9, 70)]
DISTANCES = [gd, gd_plus, igd, igd_plus, epsilon]


def by_definition(name, F, R):
    difference = F[:, None, :] - R[None, :, :]
    if name.endswith("plus"):
        difference = np.maximum(difference, 0)
    distance = np.sqrt((difference**2).sum(-1))
    return distance.min(1).mean() if name.startswith("gd") else distance.min(0).mean()


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(("n", "d", "m"), SIZES)
@pytest.mark.parametrize("indicator", DISTANCES[:4])
def test_distances_equal_their_definition(indicator, front, n, d, m):
    rng = np.random.default_rng(n)
    F, R = front(rng, n, d), linear(rng, m, d)
    assert indicator(F, R) == pytest.approx(by_definition(indicator.__name__, F, R), rel=1e-13)


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(("n", "d", "m"), SIZES)
def test_equal_moocore(front, n, d, m):
    moocore = pytest.importorskip("moocore")
    rng = np.random.default_rng(d)
    F, R = front(rng, n, d), spherical(rng, m, d)
    assert igd(F, R) == pytest.approx(moocore.igd(F, ref=R), rel=1e-12)
    assert igd_plus(F, R) == pytest.approx(moocore.igd_plus(F, ref=R), rel=1e-12)
    assert epsilon(F, R) == pytest.approx(moocore.epsilon_additive(F, ref=R), rel=1e-12, abs=1e-15)
    expected = moocore.epsilon_mult(F + 0.5, ref=R + 0.5)
    assert epsilon(F + 0.5, R + 0.5, kind="multiplicative") == pytest.approx(expected, rel=1e-12)
    if d == 2:
        assert r2(F, [-0.1, -0.2]) == pytest.approx(moocore.r2_exact(F, ref=[-0.1, -0.2]), rel=1e-12)


def test_equal_pymoo():
    indicators = pytest.importorskip("pymoo.indicators.gd")
    from pymoo.indicators.gd_plus import GDPlus

    rng = np.random.default_rng(3)
    F, R = rng.random((80, 3)), linear(rng, 120, 3)
    assert gd(F, R) == pytest.approx(indicators.GD(R)(F), rel=1e-12)
    assert gd_plus(F, R) == pytest.approx(GDPlus(R)(F), rel=1e-12)


def test_threads_give_the_same_bits():
    rng = np.random.default_rng(4)
    F, R = rng.random((700, 3)), rng.random((900, 3))
    found = []
    for threads in (1, 3):
        marey.set_num_threads(threads)
        found.append([indicator(F, R) for indicator in DISTANCES])
    marey.set_num_threads(0)
    assert found[0] == found[1]


def test_a_dominating_set_is_never_worse():
    rng = np.random.default_rng(5)
    F, R = rng.random((30, 3)), linear(rng, 50, 3)
    better = F - rng.random((30, 3)) * 0.1
    for indicator in (igd_plus, epsilon):
        assert indicator(better, R) <= indicator(F, R)
    assert r2(better, [-1.0] * 3, weights=R) <= r2(F, [-1.0] * 3, weights=R)


def test_r2_with_many_weights_nears_the_integral():
    F = linear(np.random.default_rng(6), 20, 2)
    w = (np.arange(100_000) + 0.5) / 100_000
    sampled = r2(F, [0.0, 0.0], weights=np.stack([w, 1 - w], 1))
    # The integrand is Lipschitz with constant 1 and piecewise linear: the midpoint rule errs only at the kinks.
    assert r2(F, [0.0, 0.0]) == pytest.approx(sampled, abs=1e-9)


@pytest.mark.parametrize("front", FRONTS)
def test_spacing_equals_its_definition(front):
    F = front(np.random.default_rng(7), 60, 4)
    distance = np.abs(F[:, None] - F[None]).sum(-1)
    np.fill_diagonal(distance, np.inf)
    assert spacing(F) == pytest.approx(distance.min(1).std(ddof=1), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_crowding_equals_pymoo(d):
    metrics = pytest.importorskip("pymoo.operators.survival.rank_and_crowding.metrics")
    F = linear(np.random.default_rng(d), 90, d)
    # Pymoo divides the sum by the number of objectives.
    np.testing.assert_allclose(crowding_distance(F) / d, metrics.calc_crowding_distance(F), rtol=1e-12)


def test_crowding_within_fronts():
    F = np.random.default_rng(8).random((200, 3))
    rank = pareto_rank(F)
    distance = crowding_distance(F, rank)
    for front in np.unique(rank):
        np.testing.assert_array_equal(distance[rank == front], crowding_distance(F[rank == front]))


def test_crowding_does_not_depend_on_the_order_of_ties():
    F = np.unique(np.random.default_rng(9).integers(0, 4, (60, 3)).astype(float), axis=0)
    order = np.random.default_rng(10).permutation(len(F))
    np.testing.assert_array_equal(crowding_distance(F[order]), crowding_distance(F)[order])
    assert (crowding_distance(np.ones((2, 3))) == np.inf).all()
    assert (crowding_distance(np.ones((4, 3))) == 0).all()
    assert crowding_distance(np.zeros((0, 3))).shape == (0,)


def test_tensors_are_taken():
    torch = pytest.importorskip("torch")
    F = np.random.default_rng(11).random((20, 3)).astype(np.float32)
    R = F[::-1].copy() + np.float32(0.5)
    for indicator in DISTANCES:
        assert indicator(torch.from_numpy(F), torch.from_numpy(R)) == indicator(F, R)
    assert crowding_distance(torch.from_numpy(F)).dtype == torch.float32
    assert crowding_distance(F.tolist()).dtype == np.float64


@pytest.mark.parametrize("indicator", DISTANCES)
def test_errors(indicator):
    points = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"`R` has shape \(3, 3\); expected \(N, 2\)"):
        indicator(points, np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"`R` has shape \(0, 2\); expected at least one point"):
        indicator(points, np.ones((0, 2)))
    with pytest.raises(ValueError, match=r"`F` has \[inf, 1\.0\] in row 0; expected finite numbers"):
        indicator([[np.inf, 1.0]], points)
    with pytest.raises(ValueError, match="`R` has a NaN in row 1, column 0"):
        indicator(points, [[1.0, 1.0], [np.nan, 1.0]])
    with pytest.raises(TypeError, match="`F` has dtype complex128"):
        indicator(points.astype(complex), points)


def test_errors_of_the_others():
    with pytest.raises(ValueError, match="`kind` is 'mult'; expected 'additive' or 'multiplicative'"):
        epsilon([[1.0]], [[1.0]], kind="mult")
    with pytest.raises(ValueError, match=r"`R` has \[0\.0, 1\.0\] in row 0; expected positive values"):
        epsilon([[1.0, 1.0]], [[0.0, 1.0]], kind="multiplicative")
    with pytest.raises(ValueError, match="`weights` is left out"):
        r2(np.ones((2, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="expected no point below it"):
        r2([[1.0, 1.0]], [2.0, 0.0])
    with pytest.raises(ValueError, match="none negative"):
        r2([[1.0, 1.0]], [0.0, 0.0], weights=[[1.0, -1.0]])
    with pytest.raises(ValueError, match="expected at least two points"):
        spacing([[1.0, 1.0]])
    with pytest.raises(ValueError, match=r"`rank` has shape \(1,\); expected \(N,\) = \(2,\)"):
        crowding_distance(np.ones((2, 2)), [0])
    with pytest.raises(TypeError, match="`rank` has dtype float64"):
        crowding_distance(np.ones((2, 2)), [0.0, 1.0])
