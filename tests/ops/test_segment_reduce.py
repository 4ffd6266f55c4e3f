"""What is special to segment_reduce; the contract runs by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.ragged import segment_reduce, segment_softmax

OPS = ("sum", "mean", "min", "max", "logsumexp")
EMPTY = {"sum": 0.0, "mean": np.nan, "min": np.inf, "max": -np.inf, "logsumexp": -np.inf}

lengths = st.lists(st.integers(0, 70), max_size=12)


def ragged(sizes: list[int], *trailing: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.random.default_rng(seed).normal(size=(int(offsets[-1]), *trailing)), offsets


@pytest.mark.parametrize("op", OPS)
def test_empty_rows_have_a_value(op: str) -> None:
    values, offsets = ragged([0, 2, 0])
    result = segment_reduce(values, offsets, op)
    np.testing.assert_array_equal(result[[0, 2]], [EMPTY[op]] * 2)
    assert np.isfinite(result[1])


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(0, 5))
def test_rows_equal_numpy_on_each_slice(sizes: list[int], seed: int) -> None:
    values, offsets = ragged(sizes, 3, seed=seed)
    for op, oracle in (("sum", np.sum), ("max", np.max), ("min", np.min), ("mean", np.mean)):
        result = segment_reduce(values, offsets, op)
        for i, n in enumerate(sizes):
            if n > 0:
                expected = oracle(values[offsets[i] : offsets[i + 1]], axis=0)
                np.testing.assert_allclose(result[i], expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_row_cut_in_two_combines(n: int, data: st.DataObject) -> None:
    values, whole = ragged([n])
    cut = data.draw(st.integers(0, n))
    parts = np.array([0, cut, n])
    for op, combine in (("sum", np.sum), ("max", np.max), ("min", np.min), ("logsumexp", np.logaddexp.reduce)):
        two = segment_reduce(values, parts, op)
        np.testing.assert_allclose(combine(two), segment_reduce(values, whole, op)[0], rtol=1e-12, atol=1e-12)


def test_logsumexp_neither_overflows_nor_vanishes() -> None:
    values = np.array([1000.0, 1000.0, -1000.0, -1001.0])
    result = segment_reduce(values, np.array([0, 2, 4]), "logsumexp")
    np.testing.assert_allclose(result, [1000 + np.log(2), -1000 + np.log1p(np.exp(-1))], rtol=1e-15)


def test_logsumexp_shifts_with_its_values() -> None:
    values, offsets = ragged([5, 0, 33])
    shifted = segment_reduce(values + 7.5, offsets, "logsumexp")
    np.testing.assert_allclose(shifted, segment_reduce(values, offsets, "logsumexp") + 7.5, rtol=1e-13)


def test_float32_sums_are_kept_in_float64() -> None:
    """A million tenths: a float32 running sum is off by 1e-2 of itself."""
    n = 1_000_000
    total = segment_reduce(np.full(n, 0.1, np.float32), np.array([0, n]), "sum")
    np.testing.assert_allclose(total, n * float(np.float32(0.1)), rtol=6e-8)


@pytest.mark.parametrize("op", OPS)
def test_nan_stays_in_its_row_and_column(op: str) -> None:
    values, offsets = ragged([40, 40], 2)
    values[45, 1] = np.nan
    result = segment_reduce(values, offsets, op)
    np.testing.assert_array_equal(np.isnan(result), [[False, False], [False, True]])


def test_the_gradient_of_an_extreme_goes_to_the_first() -> None:
    torch = pytest.importorskip("torch")
    values = torch.tensor([1.0, 3.0, 3.0, 2.0], dtype=torch.float64, requires_grad=True)
    segment_reduce(values, torch.tensor([0, 4]), "max").sum().backward()
    assert values.grad.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_the_gradient_of_logsumexp_is_the_softmax() -> None:
    torch = pytest.importorskip("torch")
    values, offsets = (torch.from_numpy(a) for a in ragged([4, 1, 9]))
    values.requires_grad_(True)
    segment_reduce(values, offsets, "logsumexp").sum().backward()
    torch.testing.assert_close(values.grad, segment_softmax(values.detach(), offsets))


@pytest.mark.parametrize(
    ("offsets", "op", "error", "message"),
    [
        ([0, 3, 2, 4], "sum", ValueError, "`offsets` must never fall; it does in row 1"),
        ([0, 5], "sum", ValueError, "`offsets` must end with the number of values; it ends with 5"),
        ([1, 4], "sum", ValueError, "`offsets` must start with 0"),
        ([0, 4], "median", ValueError, "`op` is 'median'; expected one of sum, mean, min, max, logsumexp"),
        ([0.0, 4.0], "sum", TypeError, "`offsets` has dtype float64; expected int64"),
    ],
)
def test_misuse_names_argument_value_and_rule(
    offsets: list[float], op: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        segment_reduce(np.arange(4.0), np.array(offsets), op)
