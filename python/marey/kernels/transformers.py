"""MiniRocket, MultiRocket and Hydra as scikit-learn transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from marey.kernels.fit import MiniRocketFit, minirocket_fit
from marey.kernels.hydra import hydra, hydra_fit
from marey.kernels.minirocket import KERNELS, minirocket
from marey.kernels.multirocket import multirocket

__all__ = ["Hydra", "MiniRocket", "MultiRocket"]


class MiniRocket(TransformerMixin, BaseEstimator):
    """MiniRocket's features of series as a step of a scikit-learn pipeline, for a linear model behind it.

    Parameters
    ----------
    n_features : int
        At most, and at least 84.
    max_dilations : int
        Of one kernel.
    random_state : int or numpy.random.Generator, optional
        Chooses the series behind each kernel's biases, and the channels.

    Notes
    -----
    ``fit`` and ``transform`` take (n, T), (n, channels, T), or a list of series of any length, each (T,) or
    (channels, T); float32 stays float32. See `minirocket` for missing values.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from marey.kernels import MiniRocket
    >>> t = np.linspace(0, 20, 120)
    >>> X = np.array([np.sin(t * (1 + i % 2)) + 0.1 * np.cos(7 * i * t) for i in range(40)])
    >>> model = make_pipeline(MiniRocket(n_features=840, random_state=0), RidgeClassifierCV())
    >>> model.fit(X[:20], np.arange(20) % 2).score(X[20:], np.arange(20) % 2)
    1.0
    """

    def __init__(self, n_features: int = 10_000, max_dilations: int = 32, random_state: Any = None) -> None:
        self.n_features = n_features
        self.max_dilations = max_dilations
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> MiniRocket:
        """Chooses dilations, biases and channels.

        Parameters
        ----------
        X : array or list
            Series.
        y : ignored
        """
        series, lengths = _padded(X)
        self.fit_ = minirocket_fit(
            series, n_features=self.n_features, max_dilations=self.max_dilations, seed=self.random_state,
            lengths=lengths,
        )  # fmt: skip
        self.n_channels_ = series.shape[1]
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """(n, features): shares of times.

        Parameters
        ----------
        X : array or list
            Series with as many channels as those that were fitted.
        """
        check_is_fitted(self)
        series, lengths = _padded(X)
        if series.shape[1] != self.n_channels_:
            raise ValueError(f"`X` has {series.shape[1]} channels; MiniRocket was fitted on {self.n_channels_}")
        return minirocket(series, lengths=lengths, **_as(series.dtype, self.fit_))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns: dilation, kernel, bias.

        Parameters
        ----------
        input_features : ignored
        """
        check_is_fitted(self)
        return np.array(_names(self.fit_), dtype=object)


class MultiRocket(TransformerMixin, BaseEstimator):
    """MultiRocket's features of series and of their first differences as a step of a scikit-learn pipeline.

    Parameters
    ----------
    n_features : int
        At most, and at least 672: four of each bias, for the series and for its differences.
    max_dilations : int
        Of one kernel.
    random_state : int or numpy.random.Generator, optional
        Chooses the series behind each kernel's biases, and the channels.

    Notes
    -----
    ``fit`` and ``transform`` take what `MiniRocket` takes; to fit, at least 10 times. `multirocket` has the features.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import MultiRocket
    >>> X = np.sin(np.arange(6 * 40.0).reshape(6, 40) ** 1.2)
    >>> MultiRocket(n_features=2000, random_state=0).fit_transform(X).shape
    (6, 1344)
    """

    def __init__(self, n_features: int = 50_000, max_dilations: int = 32, random_state: Any = None) -> None:
        self.n_features = n_features
        self.max_dilations = max_dilations
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> MultiRocket:
        """Chooses dilations, biases and channels, for series and differences.

        Parameters
        ----------
        X : array or list
            Series.
        y : ignored
        """
        if self.n_features < 8 * KERNELS:
            raise ValueError(f"`n_features` is {self.n_features}; expected at least {8 * KERNELS}")
        rng = np.random.default_rng(self.random_state)
        self.n_channels_ = _padded(X)[0].shape[1]
        self.fits_ = tuple(
            minirocket_fit(
                series, n_features=self.n_features // 8, max_dilations=self.max_dilations, seed=rng, lengths=lengths
            )
            for series, lengths in _with_differences(X)
        )
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """(n, features): four numbers of each bias, of the series and then of its differences.

        Parameters
        ----------
        X : array or list
            Series with as many channels as those that were fitted.
        """
        check_is_fitted(self)
        tables = []
        for (series, lengths), fit in zip(_with_differences(X), self.fits_, strict=True):
            if series.shape[1] != self.n_channels_:
                raise ValueError(f"`X` has {series.shape[1]} channels; MultiRocket was fitted on {self.n_channels_}")
            tables.append(multirocket(series, lengths=lengths, **_as(series.dtype, fit)))
        return np.concatenate(tables, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns: series or difference, what is told, dilation, kernel, bias.

        Parameters
        ----------
        input_features : ignored
        """
        check_is_fitted(self)
        names = [
            f"{of}_{pool}_{name}"
            for of, fit in zip(("x", "dx"), self.fits_, strict=True)
            for pool in ("share", "run", "height", "place")
            for name in _names(fit)
        ]
        return np.array(names, dtype=object)


class Hydra(TransformerMixin, BaseEstimator):
    """Hydra's features of series and of their first differences as a step of a scikit-learn pipeline.

    Parameters
    ----------
    groups : int
        At each dilation, at least 2: half compete over the series, half over its differences.
    kernels : int
        That compete in a group, at most 16.
    random_state : int or numpy.random.Generator, optional
        Draws weights and channels.

    Notes
    -----
    ``fit`` and ``transform`` take what `MiniRocket` takes; to fit, at least 10 times. Features are square roots of what
    `hydra` gives, where that is negative 0, as the authors' classifier takes them before it scales.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import Hydra
    >>> X = np.sin(np.arange(6 * 40.0).reshape(6, 40) ** 1.2)
    >>> Hydra(groups=8, random_state=0).fit_transform(X).shape
    (6, 384)
    """

    def __init__(self, groups: int = 64, kernels: int = 8, random_state: Any = None) -> None:
        self.groups = groups
        self.kernels = kernels
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Hydra:
        """Draws kernels for series of this length.

        Parameters
        ----------
        X : array or list
            Series.
        y : ignored
        """
        if self.groups < 2:
            raise ValueError(f"`groups` is {self.groups}; expected at least 2")
        rng = np.random.default_rng(self.random_state)
        sizes = (self.groups - self.groups // 2, self.groups // 2)
        self.n_channels_ = _padded(X)[0].shape[1]
        self.fits_ = tuple(
            hydra_fit(series.shape[2], self.n_channels_, groups=groups, kernels=self.kernels, seed=rng)
            for (series, _), groups in zip(_with_differences(X), sizes, strict=True)
        )
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """(n, features): roots of what each kernel wins, of the series and then of its differences.

        Parameters
        ----------
        X : array or list
            Series with as many channels as those that were fitted.
        """
        check_is_fitted(self)
        tables = []
        for (series, lengths), fit in zip(_with_differences(X), self.fits_, strict=True):
            if series.shape[1] != self.n_channels_:
                raise ValueError(f"`X` has {series.shape[1]} channels; Hydra was fitted on {self.n_channels_}")
            given = fit._replace(weights=fit.weights.astype(series.dtype))._asdict()
            tables.append(hydra(series, lengths=lengths, **given))
        table = np.concatenate(tables, axis=1)
        roots: NDArray[Any] = np.sqrt(np.maximum(table, 0, out=table), out=table)
        return roots

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns: series or difference, dilation, greatest or least, group, kernel.

        Parameters
        ----------
        input_features : ignored
        """
        check_is_fitted(self)
        names = [
            f"{of}_d{dilation}_{what}_g{group}_k{kernel}"
            for of, fit in zip(("x", "dx"), self.fits_, strict=True)
            for dilation in fit.dilations
            for what in ("greatest", "least")
            for group in range(fit.weights.shape[1])
            for kernel in range(fit.weights.shape[2])
        ]
        return np.array(names, dtype=object)


def _as(dtype: Any, fit: MiniRocketFit) -> dict[str, Any]:
    return fit._replace(biases=fit.biases.astype(dtype))._asdict()


def _names(fit: MiniRocketFit) -> list[str]:
    return [
        f"d{dilation}_k{kernel}_b{bias}"
        for dilation, count in zip(fit.dilations, fit.counts, strict=True)
        for kernel in range(KERNELS)
        for bias in range(count)
    ]


def _with_differences(X: Any) -> tuple[Any, Any]:
    series, lengths = _padded(X)
    less = None if lengths is None else np.maximum(lengths - 1, 0)
    return (series, lengths), (np.diff(series, axis=2), less)


def _padded(X: Any) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """Series (n, channels, T), and their lengths where they differ."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, np.ndarray) and X.dtype != object:
        if X.ndim not in (2, 3):
            raise ValueError(f"`X` has shape {X.shape}; expected (n, T) or (n, channels, T)")
        kept = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        return kept[:, None] if X.ndim == 2 else kept, None
    series = [np.asarray(s) for s in X]
    shapes = {s.shape[:-1] for s in series}
    if len(shapes) != 1 or any(s.ndim not in (1, 2) for s in series):
        raise ValueError("`X` must be series (T,), or (channels, T) with as many channels each")
    lengths = np.array([s.shape[-1] for s in series], np.int64)
    kind = np.float32 if all(s.dtype == np.float32 for s in series) else np.float64
    channels = series[0].shape[0] if series[0].ndim == 2 else 1
    padded = np.zeros((len(series), channels, int(lengths.max())), kind)
    for row, s in zip(padded, series, strict=True):
        row[:, : s.shape[-1]] = s
    return padded, lengths
