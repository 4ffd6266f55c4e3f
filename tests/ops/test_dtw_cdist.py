"""What is special to dtw_cdist, dtw_nn and dtw_path; the contract checks the rest."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.distance import dtw_cdist, dtw_nn, dtw_path

ORACLE = json.loads((Path(__file__).parents[1] / "distance/oracle_dtw.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_equals_dtaidistance() -> None:
    x, upper = np.array(ORACLE["x"]), np.triu_indices(7, 1)
    for case in ORACLE["matrices"]:
        found = dtw_cdist(x, window=case["window"])[upper]
        np.testing.assert_allclose(found, case["upper"], rtol=1e-13)


def test_paths_equal_those_of_dtaidistance() -> None:
    for case in ORACLE["pairs"]:
        distance, path = dtw_path(case["x"], case["y"])
        assert distance == pytest.approx(case["distance"], rel=1e-13)
        assert path.tolist() == case["path"]


def test_without_window_steps_it_is_the_euclidean_distance(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(5, 3, 20)), rng.normal(size=(18, 3, 20))
    euclidean = np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=(2, 3)))
    np.testing.assert_allclose(dtw_cdist(x, y, window=0), euclidean, rtol=1e-13)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 30))
def test_a_wider_window_never_lengthens(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, n)), rng.normal(size=(4, m))
    distances = [dtw_cdist(x, y, window=w) for w in (0, 1, 3, 9, None)]
    assert all((wide <= narrow).all() for narrow, wide in itertools.pairwise(distances))
    assert np.isfinite(distances[-1]).all()


def test_a_set_against_itself_is_that_against_its_copy(rng: np.random.Generator) -> None:
    for dtype in ("float32", "float64"):
        x = rng.normal(size=(37, 2, 25)).astype(dtype)
        np.testing.assert_array_equal(dtw_cdist(x, window=7), dtw_cdist(x, x.copy(), window=7))


def test_packed_equals_padded_apart(rng: np.random.Generator) -> None:
    sizes = rng.integers(0, 40, 35)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    x = rng.normal(size=(2, offsets[-1]))
    whole = dtw_cdist(x, x_offsets=offsets, window=30)
    for i, j in [(0, 1), (3, 34), (20, 7)]:
        one, other = x[:, offsets[i] : offsets[i + 1]][None], x[:, offsets[j] : offsets[j + 1]][None]
        np.testing.assert_array_equal(dtw_cdist(one, other, window=30)[0, 0], whole[i, j])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("window", [0, 4, None])
def test_neighbours_are_those_of_the_matrix(dtype: str, window: int | None, rng: np.random.Generator) -> None:
    sizes = rng.integers(1, 60, 300)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    y = rng.normal(size=(2, offsets[-1])).astype(dtype).cumsum(axis=1)
    x = y[:, : offsets[40]]
    more = {"x_offsets": offsets[:41], "window": window}
    for other in ({"Y": y, "y_offsets": offsets}, {}):
        matrix = dtw_cdist(x, **other, **more)
        if not other:
            np.fill_diagonal(matrix, np.nan)  # no neighbour of itself
        index, distance = dtw_nn(x, k=3, **other, **more)
        expected = np.argsort(matrix, axis=1, kind="stable")[:, :3]
        np.testing.assert_array_equal(index, expected)
        np.testing.assert_array_equal(distance, np.take_along_axis(matrix, expected, axis=1))


def test_ties_and_nan_have_their_order() -> None:
    y = np.array([[9.0, 9], [1, 2], [np.nan, 0], [1, 2], [1, 2]])
    index, distance = dtw_nn(np.array([[1.0, 2], [np.nan, 1]]), y, k=5)
    assert index.tolist() == [[1, 3, 4, 0, 2], [0, 1, 2, 3, 4]]
    assert distance[0, :3].tolist() == [0, 0, 0]
    assert np.isnan(distance[0, 4])
    assert np.isnan(distance[1]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25), st.integers(1, 25), st.sampled_from([0, 2, 7, None]))
def test_the_path_costs_the_distance(seed: int, n: int, m: int, window: int | None) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, size=(2, n)) / 1.0, rng.integers(-3, 4, size=(2, m)) / 1.0
    distance, path = dtw_path(x, y, window=window)
    assert distance == pytest.approx(dtw_cdist(x[None], y[None], window=window)[0, 0], rel=1e-14)
    if window is not None and abs(n - m) > window:
        assert distance == np.inf
        assert path.shape == (0, 2)
        return
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [n - 1, m - 1]
    assert set(map(tuple, np.diff(path, axis=0).tolist())) <= {(0, 1), (1, 0), (1, 1)}
    assert window is None or np.abs(path[:, 0] - path[:, 1]).max() <= window
    assert np.sqrt(((x[:, path[:, 0]] - y[:, path[:, 1]]) ** 2).sum()) == pytest.approx(distance, rel=1e-14)


def test_misuse_is_told() -> None:
    x = np.zeros((3, 4))
    for arguments, error, message in [
        ((np.zeros(4),), ValueError, r"`X` has shape \(4,\); expected \(n, L\) or \(n, d, L\)"),
        ((x, np.zeros((3, 2, 4))), ValueError, "`Y` has 2 channels and `X` 1"),
        ((x, x.astype("float32")), TypeError, "`Y` has dtype float32; expected float64"),
    ]:
        with pytest.raises(error, match=message):
            dtw_cdist(*arguments)
    with pytest.raises(ValueError, match="`window` is -1"):
        dtw_cdist(x, window=-1)
    with pytest.raises(TypeError, match=r"`window` is 0\.1"):
        dtw_cdist(x, window=0.1)
    with pytest.raises(ValueError, match="`k` is 3; expected 1 to 2"):
        dtw_nn(x, k=3)
    with pytest.raises(ValueError, match="`offsets` must never fall"):
        dtw_cdist(np.zeros(4), x_offsets=np.array([0, 5, 4]))
