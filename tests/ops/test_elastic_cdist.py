"""What is special to the elastic distances between sets; the contract checks the rest."""

from __future__ import annotations

import numpy as np
import pytest

from marey import distance
from marey.distance import elastic, elastic_cdist
from marey.distance._measures import MEASURES


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_matrix_holds_the_pairs(measure: str, dtype: str, rng: np.random.Generator) -> None:
    sizes_x, sizes_y = rng.integers(0, 20, 21), rng.integers(0, 20, 5)
    offsets_x, offsets_y = (np.concatenate([[0], np.cumsum(sizes)]) for sizes in (sizes_x, sizes_y))
    x, y = (rng.normal(size=(2, offsets[-1])).astype(dtype) for offsets in (offsets_x, offsets_y))
    matrix = elastic_cdist(x, y, measure, window=12, x_offsets=offsets_x, y_offsets=offsets_y)
    for i, j in np.ndindex(21, 5):
        one = x[None, :, offsets_x[i] : offsets_x[i + 1]]
        other = y[None, :, offsets_y[j] : offsets_y[j + 1]]
        assert elastic(one, other, measure, window=12)[0] == matrix[i, j]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_set_against_itself_is_that_against_its_copy(measure: str, rng: np.random.Generator) -> None:
    for dtype in ("float32", "float64"):
        x = rng.normal(size=(37, 2, 15)).astype(dtype)
        by_name = getattr(distance, f"{measure}_cdist")
        np.testing.assert_array_equal(by_name(x, window=7), by_name(x, x.copy(), window=7))


def test_misuse_is_told() -> None:
    x = np.zeros((3, 4))
    with pytest.raises(ValueError, match="`measure` is 'euclid'"):
        elastic_cdist(x, measure="euclid")
    with pytest.raises(ValueError, match="`Y` has 2 channels and `X` 1"):
        elastic_cdist(x, np.zeros((3, 2, 4)), "twe")
    with pytest.raises(ValueError, match="`offsets` must never fall"):
        elastic_cdist(np.zeros(4), measure="erp", x_offsets=np.array([0, 5, 4]))
