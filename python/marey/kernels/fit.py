"""What MiniRocket learns from series: dilations, biases, and the channels that each kernel sums."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.kernels.minirocket import KERNELS, check_series

__all__ = ["MiniRocketFit", "minirocket_fit"]


class MiniRocketFit(NamedTuple):
    """What `minirocket` takes beside the series; arrays, of which ``biases`` has the dtype of those fitted."""

    dilations: Any
    counts: Any
    biases: Any
    channel_index: Any
    channel_offsets: Any

    def __repr__(self) -> str:
        least, most = int(self.dilations[0]), int(self.dilations[-1])
        return f"MiniRocketFit({len(self.biases)} features, {len(self.dilations)} dilations of {least} to {most})"


def minirocket_fit(
    X: Any, *, n_features: int = 10_000, max_dilations: int = 32, seed: Any = None, lengths: Any = None
) -> MiniRocketFit:
    """Chooses dilations by the length of series, and biases from their values.

    Parameters
    ----------
    X : (n, T) or (n, channels, T)
        Series to learn from, float32 or float64; T at least 9. NaN is missing.
    n_features : int
        At most, and at least 84; each kernel has as many.
    max_dilations : int
        Of one kernel.
    seed : int or numpy.random.Generator, optional
        Chooses the series behind each kernel's biases, and the channels.
    lengths : (n,) int64, optional
        Series ``i`` is ``X[i, ..., :lengths[i]]``.

    Returns
    -------
    MiniRocketFit
        For ``minirocket(X, **fit._asdict())``; tensors where `X` is one.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a number does not fit, or no series has an observed value.

    Notes
    -----
    Dilations grow by powers of 2 up to (T - 1) / 8. The biases of a kernel are quantiles, on a sequence of low
    discrepancy, of its convolution with one series chosen at random. Of several channels a kernel sums 1 to 9, the
    logarithm of one more than their number even. Dempster, Schmidt and Webb, KDD 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import minirocket_fit
    >>> minirocket_fit(np.random.default_rng(0).normal(size=(20, 300)), seed=0)
    MiniRocketFit(9996 features, 21 dilations of 1 to 37)
    """
    if is_torch(X):
        import torch

        fit = minirocket_fit(
            X.detach().cpu().numpy(), n_features=n_features, max_dilations=max_dilations, seed=seed,
            lengths=None if lengths is None else np.asarray(torch.as_tensor(lengths).cpu()),
        )  # fmt: skip
        return MiniRocketFit(*(None if value is None else torch.from_numpy(value).to(X.device) for value in fit))
    X = np.asarray(X)
    check_series(X, lengths)
    if n_features < KERNELS:
        raise ValueError(f"`n_features` is {n_features}; expected at least {KERNELS}, one a kernel")
    if max_dilations < 1:
        raise ValueError(f"`max_dilations` is {max_dilations}; expected at least 1")
    n, channels, length = X.shape[0], 1 if X.ndim == 2 else X.shape[1], X.shape[-1]
    longest = length if lengths is None else int(np.max(lengths, initial=0))
    if longest < 9:
        raise ValueError(f"`X` has at most {longest} times; expected at least 9, those of a kernel")
    series = np.ascontiguousarray(X.reshape(n, channels, length))
    usable = _usable(series, lengths)
    if not len(usable):
        raise ValueError("`X` has no series with observed and only finite values")
    dilations, counts = _dilations(longest, n_features // KERNELS, max_dilations)
    rng = np.random.default_rng(seed)
    pairs = KERNELS * len(dilations)
    example = rng.choice(usable, pairs)
    index = offsets = None
    if channels > 1:
        sizes = (2.0 ** rng.uniform(0.0, np.log2(min(channels, 9) + 1), pairs)).astype(np.int64)
        index = np.concatenate([rng.choice(channels, size, replace=False) for size in sizes])
        offsets = np.concatenate([[0], np.cumsum(sizes)])
    total = KERNELS * int(counts.sum())
    level = (np.arange(1, total + 1) * ((np.sqrt(5.0) + 1.0) / 2.0)) % 1.0
    given = None if lengths is None else np.ascontiguousarray(lengths)
    biases = native.core().minirocket_biases(series, given, dilations, counts, example, level, index, offsets)
    return MiniRocketFit(dilations, counts, biases, index, offsets)


def _usable(series: NDArray[Any], lengths: Any) -> NDArray[np.int64]:
    """Series that have an observed and no infinite value."""
    inside = np.ones((len(series), series.shape[-1]), bool)
    if lengths is not None:
        inside = np.arange(series.shape[-1]) < np.asarray(lengths)[:, None]
    observed = (~np.isnan(series) & inside[:, None]).any(axis=(1, 2))
    infinite = (np.isinf(series) & inside[:, None]).any(axis=(1, 2))
    return np.flatnonzero(observed & ~infinite)


def _dilations(length: int, per_kernel: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Dilations, and how many of a kernel's features each has."""
    n = min(per_kernel, most)
    powers = np.logspace(0.0, np.log2((length - 1) / 8), n, base=2.0).astype(np.int64)
    dilations, counts = np.unique(powers, return_counts=True)
    counts = (counts * (per_kernel / n)).astype(np.int64)
    left = per_kernel - int(counts.sum())
    counts += left // len(counts) + (np.arange(len(counts)) < left % len(counts))
    return dilations, counts
