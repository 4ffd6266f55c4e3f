"""Counts against the integers of the published implementation, and around gaps."""

from __future__ import annotations

import numpy as np
import pytest

import marey
from marey.actigraphy import counts

# What agcounts 0.2.6 tells of `signal`, in epochs of 20 s: {fs: axes of epochs}.
AGCOUNTS = {
    30: [[3231, 3435, 2689], [2765, 2932, 2296], [1414, 1490, 1157]],
    40: [[3231, 3449, 2687], [2754, 2936, 2286], [1396, 1481, 1151]],
    50: [[3236, 3453, 2688], [2753, 2925, 2294], [1407, 1490, 1151]],
    60: [[3231, 3435, 2689], [2765, 2932, 2296], [1414, 1490, 1157]],
    70: [[3234, 3449, 2687], [2752, 2934, 2296], [1416, 1496, 1159]],
    80: [[3239, 3446, 2691], [2759, 2935, 2295], [1410, 1492, 1162]],
    90: [[3231, 3435, 2689], [2765, 2932, 2296], [1414, 1490, 1157]],
    100: [[3237, 3445, 2693], [2765, 2934, 2295], [1413, 1490, 1158]],
}


def signal(fs: int, seconds: int = 60) -> np.ndarray:
    t = np.arange(seconds * fs) / fs
    moving = np.stack([0.4 * np.sin(2 * np.pi * f * t) * (1 + np.sin(t / 4)) for f in (0.7, 1.3, 2.2)])
    return moving + np.array([[0.0], [0.1], [1.0]])


def walk(rng: np.random.Generator, fs: int, seconds: int) -> np.ndarray:
    """Bouts of movement and of rest, noise, saturation, and thousandths of a g as devices tell them."""
    t = np.arange(seconds * fs) / fs
    vigour = np.repeat(rng.choice([0.0, 0.02, 0.3, 2.0], -(-seconds // 7)), 7 * fs)[: len(t)]
    acc = vigour * np.sin(2 * np.pi * rng.uniform(0.3, 4, (3, 1)) * t) + rng.normal(0, 0.01, (3, len(t)))
    acc[2] += 1
    return np.round(acc, 3)


@pytest.mark.parametrize("fs", AGCOUNTS)
def test_counts_are_the_published_integers(fs: int) -> None:
    assert counts(signal(fs), fs, 20).tolist() == AGCOUNTS[fs]


@pytest.mark.parametrize("fs", AGCOUNTS)
def test_counts_equal_agcounts_on_bouts(fs: int) -> None:
    extract = pytest.importorskip("agcounts.extract", reason="agcounts is not installed")
    rng = np.random.default_rng(fs)
    acc = walk(rng, fs, 125)[:, : -rng.integers(1, fs)]  # ends anywhere
    np.testing.assert_array_equal(counts(acc, fs, 10), extract.get_counts(acc.T, fs, 10).T)


def test_batches_threads_kinds_and_float32() -> None:
    rng = np.random.default_rng(1)
    batch = np.stack([walk(rng, 50, 60) for _ in range(5)])
    try:
        marey.set_num_threads(1)
        one = counts(batch, 50, 10)
        marey.set_num_threads(3)
        np.testing.assert_array_equal(counts(batch, 50, 10), one)
    finally:
        marey.set_num_threads(0)
    np.testing.assert_array_equal(one, [counts(acc, 50, 10) for acc in batch])
    np.testing.assert_array_equal(counts(batch[:, :, ::2][..., :100].copy(), 30, 1).shape, (5, 3, 3))
    single = counts(batch.astype(np.float32), 50, 10)
    assert single.dtype == np.int64
    assert np.abs(single - one).max() <= 3  # thousandths round to another thousandth once in a while
    torch = pytest.importorskip("torch")
    np.testing.assert_array_equal(counts(torch.from_numpy(batch), 50, 10).numpy(), one)


def test_an_epoch_with_a_gap_is_told_and_the_rest_begins_anew() -> None:
    acc = walk(np.random.default_rng(2), 50, 120)
    whole = counts(acc, 50, 10)
    gappy = acc.copy()
    gappy[1, 50 * 31 + 3 : 50 * 38 + 2] = np.nan  # within the fourth epoch
    told = counts(gappy, 50, 10)
    assert (told[:, 3] == -1).all()
    np.testing.assert_array_equal(told[:, :3], whole[:, :3])
    np.testing.assert_array_equal(
        told[:, 4:], counts(acc[:, 50 * 38 + 5 :], 50, 0.1)[:, 19:].reshape(3, 8, 100).sum(-1)
    )
    assert (counts(np.full((3, 3000), np.nan), 50, 10) == -1).all()
    assert counts(np.zeros((3, 0)), 50).shape == (3, 0)


def test_values_that_no_device_tells_do_no_harm() -> None:
    acc = np.zeros((3, 3000))
    acc[0, 100:] = 1e300
    acc[1, 50] = -1e18
    assert ((counts(acc, 50, 10) >= 0) & (counts(acc, 50, 10) <= 12800)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((2, 90)), 30), r"`acc` has shape \(2, 90\); expected \(..., 3, T\)"),
        ((np.zeros((3, 90)), 32), "`fs` is 32; counts are defined at 30, 40"),
        ((np.zeros((3, 90)), 30, 0.25), "`epoch` is 0.25 s"),
        ((np.zeros((3, 90)), -30), "`fs` is -30.0"),
    ],
)
def test_misuse_is_told(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counts(*arguments)
    with pytest.raises(TypeError, match="dtype complex128"):
        counts(np.zeros((3, 90), complex), 30)
