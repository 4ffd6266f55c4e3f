"""What is special to sample_entropy; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marey.entropy import sample_entropy

rng = np.random.default_rng(3)


def test_none_longer_is_infinite_and_none_at_all_is_nan() -> None:
    pair_that_parts = [0.0, 1.0, 5.0, 0.0, 1.0, 9.0, 20.0]
    assert sample_entropy(pair_that_parts, tolerance=0.1) == np.inf
    assert np.isnan(sample_entropy([0.0, 10.0, 30.0, 70.0, 150.0], tolerance=0.1))


@given(st.floats(1e-3, 1e3), st.integers(1, 4))
def test_scale_does_not_change_it(scale: float, m: int) -> None:
    x = np.random.default_rng(0).integers(0, 1 << 20, 120) / 7.0
    np.testing.assert_equal(sample_entropy(x * scale, m, 0.5), sample_entropy(x, m, 0.5))


def test_white_noise_has_the_entropy_of_its_law() -> None:
    """Of independent values: -log P(|X - Y| <= r), here 1 - (1 - r)^2 for the uniform law."""
    x = rng.random((20, 3000))
    assert sample_entropy(x, tolerance=0.1).mean() == pytest.approx(-np.log(0.19), abs=0.01)


def test_integers_and_lists_are_taken() -> None:
    x = rng.integers(700, 900, 200)
    assert sample_entropy(x) == sample_entropy(x.astype(float)) == sample_entropy(x.tolist())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"m": 0}, "`m` is 0; expected 1 to 63"),
        ({"r": -0.1}, "`r` is -0.1; expected a finite number"),
        ({"tolerance": np.nan}, "`tolerance` is nan"),
        ({"offsets": np.array([0, 2])}, "`offsets`"),
        ({"offsets": np.array([0.0, 5.0])}, "`offsets` has dtype float64"),
    ],
)
def test_misuse_is_told(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_entropy(np.zeros(5), **arguments)


def test_a_series_of_one_axis_only_goes_with_offsets() -> None:
    with pytest.raises(ValueError, match=r"with `offsets` it is \(total,\)"):
        sample_entropy(np.zeros((2, 5)), offsets=np.array([0, 10]))
    with pytest.raises(TypeError, match="dtype complex128"):
        sample_entropy(np.zeros(5, complex))
