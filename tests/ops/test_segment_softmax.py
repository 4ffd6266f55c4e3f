"""What is special to segment_softmax; the contract runs by itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.ragged import segment_reduce, segment_softmax


def ragged(sizes: list[int], *trailing: int) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.random.default_rng(0).normal(size=(int(offsets[-1]), *trailing)), offsets


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 70), max_size=12))
def test_every_row_sums_to_one(sizes: list[int]) -> None:
    values, offsets = ragged(sizes, 2)
    total = segment_reduce(segment_softmax(values, offsets), offsets, "sum")
    np.testing.assert_allclose(total, np.repeat(np.array(sizes) > 0, 2).reshape(-1, 2).astype(float), rtol=1e-13)


def test_shifting_a_row_changes_nothing() -> None:
    values, offsets = ragged([5, 0, 33])
    shift = np.repeat([300.0, 0.0, -40.0], np.diff(offsets))
    np.testing.assert_allclose(segment_softmax(values + shift, offsets), segment_softmax(values, offsets), rtol=1e-12)


def test_huge_values_do_not_overflow() -> None:
    result = segment_softmax(np.array([1e300, 1e300, -1e300]), np.array([0, 3]))
    np.testing.assert_array_equal(result, [0.5, 0.5, 0.0])


def test_one_element_takes_all_and_nan_stays_in_its_row() -> None:
    values = np.array([3.0, np.nan, 1.0, 1.0, 1.0])
    result = segment_softmax(values, np.array([0, 1, 3, 5]))
    np.testing.assert_array_equal(result, [1.0, np.nan, np.nan, 0.5, 0.5])


def test_equals_torch_on_each_row() -> None:
    torch = pytest.importorskip("torch")
    values, offsets = (torch.from_numpy(a) for a in ragged([7, 31, 1, 64], 3))
    result = segment_softmax(values, offsets)
    for begin, end in itertools.pairwise(offsets):
        torch.testing.assert_close(result[begin:end], torch.softmax(values[begin:end], 0), rtol=1e-12, atol=1e-15)


def test_misuse_names_the_row() -> None:
    with pytest.raises(ValueError, match="`offsets` must never fall; it does in row 0"):
        segment_softmax(np.arange(4.0), np.array([0, -1, 4]))
