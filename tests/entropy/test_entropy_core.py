"""The native entropies against their definitions, written out by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from marey._runtime import native

core = native.core()


def row(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x, np.array([0, len(x)], dtype=np.int64)


def templates(x: np.ndarray, length: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(x, length)


def distances(t: np.ndarray) -> np.ndarray:
    return np.abs(t[:, None] - t[None]).max(-1)


def pairs_that_match(x: np.ndarray, m: int, tolerance: float) -> list[int]:
    if len(x) < m + 2:
        return [0, 0]
    upper = np.triu_indices(len(x) - m, 1)
    return [int((distances(templates(x, k)[: len(x) - m])[upper] <= tolerance).sum()) for k in (m, m + 1)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 17, 64, 65, 230, 700])
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_matches_equal_brute_force(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    for x in (rng.normal(size=n), rng.integers(0, 6, n) / 10, np.zeros(n)):  # tenths: differences at the tolerance
        for tolerance in (0.1, 0.2, 0.0):
            counts = core.entropy_sample_counts(*row(x), m, tolerance, True)[0]
            assert counts.tolist() == pairs_that_match(x, m, tolerance)


def test_matches_of_a_series_too_long_for_short_ranks() -> None:
    # Two values far apart, in turn: every template agrees with those of its own parity.
    n = 70_000
    x = np.tile([0.0, 100.0], n // 2)
    of_each = (n - 2) // 2
    counts = core.entropy_sample_counts(*row(x), 2, 1.0, True)[0]
    assert counts.tolist() == [of_each * (of_each - 1)] * 2


@pytest.mark.parametrize("m", [1, 2, 3])
def test_approximate_entropy_equals_its_definition(m: int) -> None:
    x = np.random.default_rng(m).normal(size=400)

    def phi(length: int) -> float:
        return float(np.log((distances(templates(x, length)) <= 0.2).mean(1)).mean())

    assert core.entropy_approximate(*row(x), m, 0.2, True)[0, 0] == pytest.approx(phi(m) - phi(m + 1), abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_fuzzy_entropy_equals_its_definition(m: int, power: int) -> None:
    x = np.random.default_rng(m).normal(size=201)

    def members(length: int) -> float:
        t = templates(x, length)[: len(x) - m]
        d = distances(t - t.mean(1, keepdims=True))[np.triu_indices(len(t), 1)]
        return float(np.exp(-(d**power) / 0.2).sum())

    expected = math.log(members(m) / members(m + 1))
    assert core.entropy_fuzzy(*row(x), m, 0.2, True, power)[0, 0] == pytest.approx(expected, rel=1e-12)


def words(s: str) -> int:
    """The exhaustive history: each word is the shortest that did not begin before."""
    count = at = 0
    while at < len(s):
        length = 1
        while at + length <= len(s) and s[at : at + length] in s[: at + length - 1]:
            length += 1
        count += 1
        at += length
    return count


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_lempel_ziv_words_equal_the_exhaustive_history(share: float) -> None:
    rng = np.random.default_rng(0)
    for n in (*range(40), 200, 777):
        x = (rng.random(n) < share).astype(float)
        assert core.entropy_lempel_ziv(*row(x), 0.5)[0, 0] == words("".join(str(int(v)) for v in x))


def test_a_row_that_is_not_finite_leaves_the_others_alone() -> None:
    x = np.random.default_rng(1).normal(size=90)
    offsets = np.array([0, 30, 30, 60, 90], dtype=np.int64)
    whole = core.entropy_sample_counts(x, offsets, 2, 0.2, False)
    x[40] = np.nan
    counts = core.entropy_sample_counts(x, offsets, 2, 0.2, False)
    assert np.isnan(counts[2]).all()
    np.testing.assert_array_equal(counts[[0, 3]], whole[[0, 3]])
