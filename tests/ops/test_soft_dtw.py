"""What is special to soft_dtw, its divergence and its matrix; the contract checks the rest."""

from __future__ import annotations

import numpy as np
import pytest

from marey.distance import dtw_cdist, soft_dtw, soft_dtw_cdist, soft_dtw_divergence


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_without_smoothing_it_is_the_squared_dtw_distance(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(6, 2, 30)), rng.normal(size=(6, 2, 37))
    for window in (None, 9):
        hard = np.diag(dtw_cdist(x, y, window=window)) ** 2
        np.testing.assert_allclose(soft_dtw(x, y, 1e-6, window=window), hard, rtol=1e-5)


def test_the_value_counts_every_path() -> None:
    """Equal constant series: every path costs 0, so that the value is -gamma log of their Delannoy number."""
    x = np.zeros((1, 1, 4))
    assert soft_dtw(x, x, 2.0)[0] == pytest.approx(-2.0 * np.log(63), rel=1e-14)
    one = np.zeros((1, 1, 1))
    assert soft_dtw(one, x, 2.0)[0] == pytest.approx(0.0, abs=1e-14)


def test_long_series_keep_their_accuracy(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(1, 1, 1500)), rng.normal(size=(1, 1, 1400))
    double = soft_dtw(x, y, 0.1)
    single = soft_dtw(x.astype("float32"), y.astype("float32"), 0.1)
    np.testing.assert_allclose(single, double, rtol=1e-4)  # 3,000 steps of a float32 sum


def test_gradients_are_the_expected_alignment(rng: np.random.Generator) -> None:
    """Cuturi and Blondel, section 2.2: the gradient is the Jacobian of the cost times a matrix whose path is soft; with
    little smoothing it is that of the hard path's squares."""
    torch = pytest.importorskip("torch")
    from marey.distance import dtw_path

    x, y = rng.normal(size=(2, 19)), rng.normal(size=(2, 23))
    _, path = dtw_path(x, y)
    expected = np.zeros_like(x)
    for i, j in path:
        expected[:, i] += 2 * (x[:, i] - y[:, j])
    given = torch.tensor(x[None], requires_grad=True)
    soft_dtw(given, torch.tensor(y[None]), 1e-4).sum().backward()
    np.testing.assert_allclose(given.grad[0], expected, atol=1e-4)


def test_the_gradient_past_a_length_is_zero_and_nan_stays_in_its_pair(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(rng.normal(size=(3, 1, 8)), requires_grad=True)
    y = torch.tensor(rng.normal(size=(3, 1, 6)), requires_grad=True)
    with torch.no_grad():
        x[1, 0, 3] = torch.nan
        x[2, 0, 7] = torch.nan  # past its length: not read
    lengths = torch.tensor([8, 8, 5])
    value = soft_dtw(x, y, x_lengths=lengths)
    assert value.isnan().tolist() == [False, True, False]
    value[[0, 2]].sum().backward()
    assert (x.grad[2, 0, 5:] == 0).all()
    assert x.grad[0].isfinite().all()
    assert (x.grad[2, 0, :5] != 0).all()


def test_the_divergence_is_zero_for_equal_series_alone(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(5, 2, 20)), rng.normal(size=(5, 2, 24))
    assert (soft_dtw_divergence(x, y, 0.7) > 0.1).all()
    np.testing.assert_array_equal(soft_dtw_divergence(x, x, 0.7), np.zeros(5))


def test_the_matrix_holds_the_pairs(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    x, y = rng.normal(size=(4, 2, 11)), rng.normal(size=(3, 2, 9))
    lengths = np.array([11, 3, 7, 9])
    matrix = soft_dtw_cdist(x, y, 0.5, x_lengths=lengths)
    for i, j in np.ndindex(4, 3):
        pair = soft_dtw(x[i : i + 1], y[j : j + 1], 0.5, x_lengths=lengths[i : i + 1])
        assert matrix[i, j] == pair[0]
    given = [torch.tensor(a, requires_grad=True) for a in (x, y)]
    assert torch.autograd.gradcheck(lambda a, b: soft_dtw_cdist(a, b, 0.5, x_lengths=torch.tensor(lengths)), given)
    assert soft_dtw_cdist(x[:0], y).shape == (0, 3)


def test_misuse_is_told() -> None:
    x = np.zeros((2, 1, 4))
    for call, message in [
        (lambda: soft_dtw(x, x, 0.0), r"`gamma` is 0\.0; expected a positive finite number"),
        (lambda: soft_dtw(x, x[:1]), r"`y` has shape \(1, 1, 4\); expected \(B, d, M\) = \(2, 1, M\)"),
        (lambda: soft_dtw(x[0], x), r"`x` has shape \(1, 4\)"),
        (lambda: soft_dtw(x, x, x_lengths=np.array([4, 5])), "`x_lengths` of pair 1 is 5; expected 0 to 4"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
