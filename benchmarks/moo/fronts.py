"""Fronts of a known shape, for every benchmark of marey.moo."""

import numpy as np


def concave(n, d, seed=0):
    """A part of a sphere around the ideal point."""
    x = np.abs(np.random.default_rng(seed).normal(size=(n, d)))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def convex(n, d, seed=0):
    """A part of a sphere around the nadir point."""
    return 1.0 - concave(n, d, seed)


def linear(n, d, seed=0):
    """A simplex."""
    x = np.random.default_rng(seed).exponential(size=(n, d))
    return x / x.sum(axis=1, keepdims=True)


SHAPES = [concave, convex, linear]
