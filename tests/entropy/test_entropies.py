"""The entropies against their references, on batches and rows of different lengths, and on series of known answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import marey
from marey import entropy
from marey.reference import entropies as reference

SCALES = [4, 5, 7, 10, 16]
MEASURES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "approximate": (entropy.approximate_entropy, reference.approximate_entropy),
    "fuzzy": (entropy.fuzzy_entropy, reference.fuzzy_entropy),
    "multiscale": (
        lambda x, **k: entropy.multiscale_entropy(x, scales=4, **k),
        lambda x: reference.multiscale_entropy(x, scales=4),
    ),
    "permutation": (entropy.permutation_entropy, reference.permutation_entropy),
    "permutation, 5 values 2 apart": (
        lambda x, **k: entropy.permutation_entropy(x, 5, 2, **k),
        lambda x: reference.permutation_entropy(x, 5, 2),
    ),
    "lempel_ziv": (entropy.lempel_ziv, reference.lempel_ziv),
    "dfa": (lambda x, **k: entropy.dfa(x, SCALES, **k), lambda x: reference.dfa(x, SCALES)[0]),
    "higuchi": (entropy.higuchi, reference.higuchi),
    "hurst": (entropy.hurst, reference.hurst),
}
each = pytest.mark.parametrize("name", MEASURES)


@each
def test_batches_and_rows_equal_the_reference(name: str) -> None:
    measure, of_one = MEASURES[name]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2, 3, 97))
    x[1] = np.round(x[1], 1)  # ties
    expected = np.array([of_one(row) for row in x.reshape(6, 97)])
    # Sums and logarithms in another order; 5 orders of magnitude of room for the reference's polyfit.
    found = measure(x)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-10, atol=1e-12)
    lengths = np.array([97, 64, 210, 131])
    rows = [rng.normal(size=n) for n in lengths]
    ragged = measure(np.concatenate(rows), offsets=np.concatenate([[0], np.cumsum(lengths)]))
    np.testing.assert_allclose(ragged, [of_one(row) for row in rows], rtol=1e-10, atol=1e-12)


@each
def test_what_cannot_be_told_is_nan_and_leaves_the_rest_alone(name: str) -> None:
    measure, _ = MEASURES[name]
    x = np.random.default_rng(6).normal(size=(4, 80))
    whole = measure(x)
    x[1, 40], x[2, 0] = np.nan, np.inf
    found = measure(x)
    assert np.isnan(found[1:3]).all()
    np.testing.assert_array_equal(found[[0, 3]], whole[[0, 3]])
    short = measure(np.zeros((2, 1)))
    assert name == "lempel_ziv" or np.isnan(short).all()
    assert measure(np.zeros((0, 80))).shape == whole[:0].shape


@each
def test_threads_change_no_bit_and_kinds_come_back(name: str) -> None:
    measure, _ = MEASURES[name]
    x = np.random.default_rng(7).normal(size=(64, 150))
    try:
        marey.set_num_threads(1)
        one = measure(x)
        marey.set_num_threads(3)
        np.testing.assert_array_equal(measure(x), one)
    finally:
        marey.set_num_threads(0)
    assert measure(x.astype("float32")).dtype == np.float32
    torch = pytest.importorskip("torch")
    of_torch = measure(torch.from_numpy(x))
    assert isinstance(of_torch, torch.Tensor)
    np.testing.assert_array_equal(of_torch.numpy(), one)


def spectrum_noise(beta: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls as 1 / f^beta."""
    f = np.fft.rfftfreq(n)
    amplitude = np.concatenate([[0.0], f[1:] ** (-beta / 2)])
    return np.fft.irfft(amplitude * np.exp(2j * np.pi * rng.random(len(f))), n)


def test_exponents_of_noise_of_known_colour() -> None:
    rng = np.random.default_rng(8)
    white, pink, brown = (np.stack([spectrum_noise(b, 8192, rng) for _ in range(12)]) for b in (0, 1, 2))
    for x, alpha in ((white, 0.5), (pink, 1.0), (brown, 1.5)):
        assert entropy.dfa(x, 16 * 2 ** np.arange(6)).mean() == pytest.approx(alpha, abs=0.06)
    assert entropy.higuchi(white).mean() == pytest.approx(2.0, abs=0.02)
    assert entropy.higuchi(brown).mean() == pytest.approx(1.5, abs=0.05)
    assert entropy.hurst(white).mean() == pytest.approx(0.55, abs=0.05)  # R/S is biased upward on short windows
    assert entropy.hurst(brown).mean() > 0.9


def test_coarse_graining_tells_white_from_pink() -> None:
    rng = np.random.default_rng(9)
    white, pink = (entropy.multiscale_entropy(spectrum_noise(b, 12000, rng), r=0.15, scales=10) for b in (0, 1))
    assert white[0] > pink[0]
    assert white[-1] < pink[-1]
    assert (np.diff(white) < 0).all()
    assert entropy.sample_entropy(spectrum_noise(0, 500, rng)).shape == ()


def test_permutation_and_words_of_the_extremes() -> None:
    assert entropy.permutation_entropy(np.arange(50.0)) == 0
    x = np.random.default_rng(10).random(100_000)
    assert entropy.permutation_entropy(x, 4, normalize=True) == pytest.approx(1, abs=1e-3)
    assert entropy.lempel_ziv(x, normalize=True) == pytest.approx(1, abs=0.05)
    assert entropy.lempel_ziv(np.tile([0.0, 1.0], 500)) == 3


def test_default_scales_are_each_series_own() -> None:
    rng = np.random.default_rng(11)
    short, long = rng.normal(size=200), rng.normal(size=4000)
    both = entropy.dfa(np.concatenate([short, long]), offsets=np.array([0, 200, 4200]))
    np.testing.assert_array_equal(both, [entropy.dfa(short), entropy.dfa(long)])
    alpha, scales, fluctuation = entropy.dfa(short, return_fluctuation=True)
    assert scales[-1] <= 20
    assert alpha == pytest.approx(np.polyfit(np.log(scales), np.log(fluctuation), 1)[0], abs=1e-10)


def test_misuse_is_told() -> None:
    x = np.zeros(50)
    for call, message in (
        (lambda: entropy.permutation_entropy(x, 9), "`order` is 9; expected 2 to 8"),
        (lambda: entropy.multiscale_entropy(x, scales=0), "`scales` is 0; expected at least 1"),
        (lambda: entropy.dfa(x, [2, 8]), "`scales` must be a list of integers"),
        (lambda: entropy.higuchi(x, 1), "`k_max` is 1; expected at least 2"),
        (lambda: entropy.fuzzy_entropy(x, n=0), "`n` is 0; expected at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
