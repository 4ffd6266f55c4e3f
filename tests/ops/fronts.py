"""Fronts that make indicators work hard."""

import numpy as np


def spherical(rng, n, d):
    x = np.abs(rng.normal(size=(n, d)))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def convex(rng, n, d):
    return 1.0 - spherical(rng, n, d)


def linear(rng, n, d):
    x = rng.exponential(size=(n, d))
    return x / x.sum(axis=1, keepdims=True)


def dominated(rng, n, d):
    return rng.random((n, d))


def duplicated(rng, n, d):
    half = linear(rng, (n + 1) // 2, d)
    return np.concatenate([half, half])[:n]


def tied(rng, n, d):
    return np.round(linear(rng, n, d) * 8) / 8


def degenerate(rng, n, d):
    """A front on a line: only the first and the last objective trade off."""
    x = np.full((n, d), 0.5)
    x[:, 0] = rng.random(n)
    x[:, -1] = 1.0 - x[:, 0]
    return x


FRONTS = [spherical, convex, linear, dominated, duplicated, tied, degenerate]
