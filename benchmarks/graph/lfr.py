"""Graphs like those of Lancichinetti, Fortunato and Radicchi (Phys. Rev. E 78, 046110, 2008): degrees and sizes of the
communities follow power laws, each node has the share mu of its edges outside its community."""

from __future__ import annotations

import numpy as np


def power_law(rng, exponent, low, high, count):
    """Whole numbers from low to high with density ~ x^-exponent, by inversion."""
    a = 1 - exponent
    u = rng.random(count)
    return ((low**a + u * ((high + 1) ** a - low**a)) ** (1 / a)).astype(np.int64)


def lfr(n=100_000, mu=0.3, seed=0, *, degrees=(2.5, 10, 100), sizes=(1.5, 30, 500)):
    """``(src, dst, community)``: a simple undirected graph, each edge once."""
    rng = np.random.default_rng(seed)
    degree = power_law(rng, *degrees, n)
    size = power_law(rng, *sizes, n // sizes[1])
    size = size[: np.searchsorted(np.cumsum(size), n) + 1]
    community = rng.permutation(np.repeat(np.arange(len(size)), size)[:n])
    inner = rng.binomial(degree, 1 - mu)
    # Stubs of one community lie together in random order; neighbours in that order are joined.
    stubs = np.repeat(np.arange(n), inner)
    stubs = stubs[np.lexsort((rng.random(len(stubs)), community[stubs]))]
    stubs = stubs[: len(stubs) // 2 * 2]
    outer = rng.permutation(np.repeat(np.arange(n), degree - inner))
    outer = outer[: len(outer) // 2 * 2]
    src, dst = np.concatenate([stubs[::2], outer[::2]]), np.concatenate([stubs[1::2], outer[1::2]])
    low, high = np.minimum(src, dst), np.maximum(src, dst)
    keys = np.unique((low * n + high)[low != high])
    return keys // n, keys % n, community
