"""Matched cohorts against every other choice, SciPy's assignment, an integer program and R's MatchIt."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matchit_oracle import TABLE, R

pytest.importorskip("marey._rust")
import marey
from marey.graph import Balance, match_cohort

TREATED = TABLE["treat"] == 1
COVARIATES = np.column_stack([TABLE[name] for name in ("age", "severity", "lactate")])
X, Y = COVARIATES[TREATED], COVARIATES[~TREATED]
SEX = TABLE["sex"][TREATED], TABLE["sex"][~TREATED]


def best_by_trying(distance, caliper, ratio):
    """Most treated with a control, then most pairs, then the least distance, over every choice."""
    t, c = distance.shape
    best = (0, 0, 0.0)
    for choice in itertools.product(range(-1, t), repeat=c):
        pairs = [(i, j) for j, i in enumerate(choice) if i >= 0]
        if any(choice.count(i) > ratio for i in range(t)) or any(distance[p] > caliper for p in pairs):
            continue
        best = min(best, (-len(set(choice) - {-1}), -len(pairs), sum(distance[p] for p in pairs)))
    return -best[0], -best[1], best[2]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("caliper", "ratio"), [(None, 1), (0.7, 1), (0.7, 2)])
def test_the_best_of_every_choice(seed: int, caliper: float | None, ratio: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, 2)), rng.normal(size=(6, 2))
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    found = match_cohort(x, y, caliper=caliper, ratio=ratio, metric="euclidean")
    treated, pairs, length = best_by_trying(distance, np.inf if caliper is None else caliper, ratio)
    assert len(np.unique(found.treated)) == treated
    assert len(found.control) == pairs == len(set(found.control.tolist()))
    np.testing.assert_array_equal(found.distance, distance[found.treated, found.control])
    # Distances are rounded to 2^-40 of the largest possible one for the choice.
    np.testing.assert_allclose(found.distance.sum(), length, rtol=1e-11, atol=1e-11)
    assert set(found.unmatched) == set(range(3)) - set(found.treated.tolist())


@pytest.mark.parametrize(("n_treated", "n_control", "ratio"), [(40, 160, 1), (60, 200, 3), (200, 900, 2), (30, 40, 2)])
@pytest.mark.parametrize("metric", ["euclidean", "mahalanobis", "gower", "propensity"])
def test_scipy_finds_no_better_assignment(n_treated: int, n_control: int, ratio: int, metric: str) -> None:
    optimize, spatial = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.spatial.distance")
    rng = np.random.default_rng(n_treated)
    x, y = rng.normal(0.5, 1, (n_treated, 3)), rng.normal(size=(n_control, 3))
    found = match_cohort(x, y, ratio=ratio, metric=metric)
    if metric == "euclidean":
        distance = spatial.cdist(x, y)
    elif metric == "mahalanobis":
        within = np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)])
        distance = spatial.cdist(x, y, "mahalanobis", VI=np.linalg.inv(within.T @ within / (len(within) - 2)))
    elif metric == "gower":
        span = np.ptp(np.concatenate([x, y]), axis=0)
        distance = (np.abs(x[:, None] - y[None]) / span).mean(axis=2)
    else:
        linear = pytest.importorskip("sklearn.linear_model")
        fit = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        fit.fit(np.concatenate([x, y]), np.repeat([1, 0], [n_treated, n_control]))
        a, b = fit.decision_function(x), fit.decision_function(y)
        distance = np.abs(a[:, None] - b[None]) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    # scikit-learn's fit ends some digits before Newton's.
    np.testing.assert_allclose(
        found.distance, distance[found.treated, found.control], rtol=1e-4 if metric == "propensity" else 1e-9, atol=1e-6
    )
    rows, columns = optimize.linear_sum_assignment(np.repeat(distance, ratio, axis=0))
    assert len(found.control) == len(rows)
    if n_control >= ratio * n_treated:  # else it is marey that first gives everyone one
        best = np.repeat(distance, ratio, axis=0)[rows, columns].sum()
        tolerance = 1e-4 if metric == "propensity" else 1e-10
        np.testing.assert_allclose(found.distance.sum(), best, rtol=tolerance)


def integer_program(distance, allowed, *, rows, columns, extra=()):
    """The least sum of distances of pairs with so many to each row and column (low, high), by SciPy's HiGHS."""
    optimize = pytest.importorskip("scipy.optimize")
    i, j = np.nonzero(allowed)
    e = np.arange(len(i))
    of_row, of_column = np.zeros((allowed.shape[0], len(e))), np.zeros((allowed.shape[1], len(e)))
    of_row[i, e] = of_column[j, e] = 1
    rules = [optimize.LinearConstraint(of_row, *rows), optimize.LinearConstraint(of_column, *columns)]
    rules += [optimize.LinearConstraint(make(i, j), low, high) for make, low, high in extra]
    found = optimize.milp(distance[i, j], constraints=rules, integrality=np.ones(len(e)), bounds=(0, 1))
    assert found.success, found.message
    return found.fun


@pytest.mark.parametrize("seed", range(4))
def test_variable_ratio_is_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.4, 1, (15, 2)), rng.normal(size=(60, 2))
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    found = match_cohort(x, y, ratio=(1, 2.4, 5), metric="euclidean")
    counts = np.bincount(found.treated, minlength=15)
    assert counts.min() >= 1
    assert counts.max() <= 5
    assert counts.sum() == 36
    total = [(lambda i, j: np.ones((1, len(i))), 36, 36)]
    best = integer_program(distance, distance < np.inf, rows=(1, 5), columns=(0, 1), extra=total)
    np.testing.assert_allclose(found.distance.sum(), best, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_near_fine_balance_comes_before_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.4, 1, (20, 2)), rng.normal(size=(50, 2))
    ward = rng.integers(0, 3, 20), np.sort(rng.integers(0, 5, 50)) // 2
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    found = match_cohort(x, y, metric="euclidean", near_fine=ward)
    wanted, there = np.bincount(ward[0], minlength=3), np.bincount(ward[1], minlength=3)
    got = np.bincount(ward[1][found.control], minlength=3)
    assert len(found.treated) == 20
    # The excess over what is wanted is what scarce categories leave over, no more.
    assert np.maximum(got - wanted, 0).sum() == np.maximum(wanted - there, 0).sum()
    rows = [(lambda i, j, k=k: (ward[1][j] == k)[None].astype(float), got[k], got[k]) for k in range(3)]
    best = integer_program(distance, distance < np.inf, rows=(1, 1), columns=(0, 1), extra=rows)
    assert found.distance.sum() <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("caliper", [None, 0.8])
def test_full_matching_is_the_least_cover(seed: int, caliper: float | None) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.5, 1, (20, 2)), rng.normal(size=(30, 2))
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    allowed = distance <= (np.inf if caliper is None else caliper)
    found = match_cohort(x, y, metric="euclidean", method="full", caliper=caliper)
    some = np.ix_(allowed.any(axis=1), allowed.any(axis=0))
    best = integer_program(distance[some], allowed[some], rows=(1, np.inf), columns=(1, np.inf))
    np.testing.assert_allclose(found.distance.sum(), best, rtol=1e-9)
    np.testing.assert_array_equal(found.treated_set >= 0, allowed.any(axis=1))
    np.testing.assert_array_equal(found.control_set >= 0, allowed.any(axis=0))
    many = np.bincount(found.treated, minlength=20)[found.treated], np.bincount(found.control)[found.control]
    assert (np.minimum(*many) == 1).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bounds", [(1 / 2, 3), (1, 2), (1 / 3, 1)])
def test_bounded_full_matching(seed: int, bounds: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.3, 1, (14, 2)), rng.normal(size=(25, 2))
    distance = np.linalg.norm(x[:, None] - y[None], axis=2)
    found = match_cohort(x, y, metric="euclidean", method="full", ratio=bounds)
    most, most_treated = bounds[1], round(1 / bounds[0])
    of_t, of_c = np.bincount(found.treated, minlength=14), np.bincount(found.control, minlength=25)
    assert of_t.max() <= most
    assert of_c.max() <= most_treated
    assert of_t.min() >= 1
    covered = np.count_nonzero(of_c)
    assert covered == min(25, 14 * most)
    if covered == 25:
        best = integer_program(distance, distance < np.inf, rows=(1, most), columns=(1, most_treated))
        np.testing.assert_allclose(found.distance.sum(), best, rtol=1e-6)


def nearest_of(name: str) -> np.ndarray:
    """(rounds, treated) controls that MatchIt chose, as rows of Y; -1 for none."""
    return np.where(np.isnan(R[name]), -1, R[name] - 40).astype(int).reshape(40, -1).T


def greedy(found) -> list[set[int]]:
    return [set(found.control[found.treated == i].tolist()) for i in range(40)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nearest_propensity", {"metric": "propensity"}),
        ("nearest_propensity_caliper", {"metric": "propensity", "ratio": 2, "caliper": "0.3 logits"}),
        ("nearest_mahalanobis", {"ratio": 2}),
        ("nearest_exact", {"exact": SEX, "caliper": {0: 4.0}}),
    ],
)
def test_greedy_is_that_of_matchit(name: str, options: dict) -> None:
    if options.get("caliper") == "0.3 logits":
        a, b = R["logit"][TREATED], R["logit"][~TREATED]
        options = options | {"caliper": 0.3 / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)}
    expected = [set(row.tolist()) - {-1} for row in nearest_of(name).T]
    assert greedy(match_cohort(X, Y, method="greedy", **options)) == expected
    # The optimum over the same pairs is no worse.
    best, first = match_cohort(X, Y, **options), match_cohort(X, Y, method="greedy", **options)
    assert len(best.control) >= len(first.control)
    assert len(best.control) > len(first.control) or best.distance.sum() <= first.distance.sum() * (1 + 1e-12)


def test_distances_and_balance_are_those_of_matchit() -> None:
    found = match_cohort(X, Y, method="greedy", exact=SEX, caliper={"x0": 4.0})
    distance = R["mahalanobis"].reshape(-1, 5).T[: found.treated.max() + 1]
    first = found.treated < 5
    np.testing.assert_allclose(found.distance[first], distance[found.treated[first], found.control[first]], rtol=1e-12)
    before, after = (R[name].reshape(-1, 4)[:3] for name in ("balance_before", "balance_after"))
    balance = found.balance
    np.testing.assert_allclose(balance.mean_treated, after[:, 0], rtol=1e-12)
    np.testing.assert_allclose(balance.mean_control, after[:, 1], rtol=1e-12)
    np.testing.assert_allclose(balance.variance_ratio_before, before[:, 3], rtol=1e-12)
    np.testing.assert_allclose(balance.variance_ratio_after, after[:, 3], rtol=1e-12)
    # MatchIt divides by the treated's deviation, marey by the mean of both groups'.
    scale = X.std(axis=0, ddof=1) / np.sqrt((X.var(axis=0, ddof=1) + Y.var(axis=0, ddof=1)) / 2)
    np.testing.assert_allclose(balance.smd_before, before[:, 2] * scale, rtol=1e-12)
    np.testing.assert_allclose(balance.smd_after, after[:, 2] * scale, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate(found.weights), R["weights"], rtol=1e-12)


def test_matching_balances_what_differs() -> None:
    rng = np.random.default_rng(0)
    age = np.r_[rng.normal(65, 8, 80), rng.normal(55, 12, 600)]
    both = np.c_[age, rng.normal(size=680)]
    found = match_cohort(both[:80], both[80:], caliper=0.5)
    assert abs(found.balance.smd_before[0]) > 0.7
    assert (np.abs(found.balance.smd_after) < 0.1).all()
    # Mahalanobis distances do not change with the units.
    scaled = match_cohort(both[:80] * [12, 1e-3], both[80:] * [12, 1e-3], caliper=0.5)
    np.testing.assert_array_equal(scaled.control, found.control)


def test_the_difference_is_that_of_the_sets() -> None:
    rng = np.random.default_rng(3)
    outcome = rng.normal(size=40), rng.normal(size=160)
    pairs = match_cohort(X, Y)
    apart = outcome[0][pairs.treated] - outcome[1][pairs.control]
    difference, error = pairs.difference(*outcome)
    np.testing.assert_allclose(difference, apart.mean(), rtol=1e-12)
    np.testing.assert_allclose(error, apart.std(ddof=1) / np.sqrt(40), rtol=1e-12)
    full = match_cohort(X, Y, method="full")
    by_set = [
        outcome[0][full.treated_set == s].sum()
        - (full.treated_set == s).sum() * outcome[1][full.control_set == s].mean()
        for s in range(full.treated_set.max() + 1)
    ]
    np.testing.assert_allclose(full.difference(*outcome)[0], np.sum(by_set) / 40, rtol=1e-12)


def test_frames_text_and_missing_values() -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"age": rng.normal(60, 9, 120), "ward": rng.choice(["a", "b", "c"], 120)})
    frame.loc[::7, "age"] = np.nan
    treated, control = frame[:30], frame[30:]
    found = match_cohort(treated, control, metric="gower")
    assert found.balance.names == ("age", "ward")
    span = frame.age.max() - frame.age.min()
    for i, j, distance in zip(found.treated, found.control, found.distance, strict=True):
        a, b = treated.iloc[i], control.iloc[j]
        parts = [float(a.ward != b.ward)] + ([abs(a.age - b.age) / span] if abs(a.age - b.age) >= 0 else [])
        np.testing.assert_allclose(distance, np.mean(parts), rtol=1e-12)
    frame = frame.dropna()
    found = match_cohort(frame[:30], frame[30:], exact="ward", caliper={"age": 2.0})
    assert found.balance.names == ("age",)
    first, second = frame[:30].iloc[found.treated], frame[30:].iloc[found.control]
    assert (first.ward.to_numpy() == second.ward.to_numpy()).all()
    assert (np.abs(first.age.to_numpy() - second.age.to_numpy()) <= 2.0).all()
    assert len(found.balance.to_frame()) == 1


def test_exact_labels_and_nobody() -> None:
    x, y = np.zeros((3, 1)), np.zeros((3, 1))
    found = match_cohort(x, y, metric="euclidean", exact=(["a", "b", "b"], ["b", "a", "c"]))
    assert len(found.treated) == 2
    assert found.control[found.treated == 0] == [1]
    for method in ("optimal", "full", "greedy"):
        nobody = match_cohort(x, y + 5, metric="euclidean", caliper=1.0, method=method)
        assert nobody.unmatched.tolist() == [0, 1, 2]
        assert np.isnan(nobody.difference(x[:, 0], y[:, 0])[0])
        assert len(match_cohort(np.zeros((0, 2)), y[:, [0, 0]], metric="euclidean", method=method).treated) == 0
        assert len(match_cohort(y[:, [0, 0]], np.zeros((0, 2)), metric="euclidean", method=method).unmatched) == 3


def test_any_number_of_threads() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(0.4, 1, (300, 4)), rng.normal(size=(3000, 4))
    for options in ({"ratio": 2, "caliper": 1.0}, {"method": "full"}, {"method": "greedy"}, {"metric": "gower"}):
        results = []
        for threads in (1, 2, 4):
            marey.set_num_threads(threads)
            results.append(match_cohort(x, y, **options))
        marey.set_num_threads(0)
        for other in results[1:]:
            np.testing.assert_array_equal(other.control, results[0].control)
            np.testing.assert_array_equal(other.distance, results[0].distance)


def test_love_plot_and_tables() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = match_cohort(X, Y)
    axes = found.love_plot()
    # The largest difference before matching is on top.
    order = np.argsort(np.abs(found.balance.smd_before))
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"x{i}" for i in order]
    assert isinstance(found.balance, Balance)
    assert "SMD before" in repr(found.balance)
    assert "<table>" in found._repr_html_()
    assert repr(found).startswith("CohortMatch(40 of 40 treated with 40 controls")
    plt.close("all")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: match_cohort([[1.0]], [[1.0, 2.0]]), "`control` has shape"),
        (lambda: match_cohort([[np.nan]], [[1.0]]), "`treated` is nan in row 0, column 0"),
        (lambda: match_cohort([[1.0], [2.0]], [[1.0]], caliper=-1.0), "`caliper` is -1"),
        (lambda: match_cohort([[1.0], [2.0]], [[1.0]], caliper={"age": 1.0}), "`caliper` names column 'age'"),
        (lambda: match_cohort([[1.0], [1.0]], [[1.0]]), "constant in column 0"),
        (lambda: match_cohort([[1.0, 2.0], [2.0, 4.0]], [[5.0, 10.0], [4.0, 8.0]]), "singular"),
        (lambda: match_cohort([[1.0]], [[1.0]], metric="euclidean", exact=([1], [1, 2])), "`exact` has shapes"),
        (lambda: match_cohort([[1.0]], [[1.0]], metric="euclidean", ratio=0), "`ratio` is 0"),
        (lambda: match_cohort([[1.0]], [[1.0]], metric="euclidean", ratio=(2, 1)), "`ratio` is \\(2, 1\\)"),
        (lambda: match_cohort([[1.0]], [[1.0]], method="best"), "`method` is 'best'"),
        (lambda: match_cohort([[1.0]], [[1.0]], method="full", near_fine=0), "`near_fine` is for"),
        (lambda: match_cohort([[3.0], [4.0]], [[1.0], [2.0]], metric="propensity"), "tell treated from controls"),
    ],
)
def test_what_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
