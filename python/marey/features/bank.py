"""FeatureBank: `extract` as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from marey.features.extract import extract, feature_names

__all__ = ["FeatureBank"]


class FeatureBank(TransformerMixin, BaseEstimator):
    """Features of series, channel by channel, as a step of a scikit-learn pipeline.

    Parameters
    ----------
    features
        ``"statistics"``, ``"catch22"``, or several of them.
    fill : float or None
        What takes the place of NaN (series too short or constant); None leaves it.

    Notes
    -----
    ``transform`` takes (n, T), (n, channels, T), or a list of series of any length, each (T,) or (channels, T).
    Columns are ``feature``, or ``channel0__feature`` where there are channels.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.features import FeatureBank
    >>> FeatureBank("statistics").fit_transform([np.arange(4.0), np.ones(9)])[:, 2:4]
    array([[1.5, 4. ],
           [1. , 9. ]])
    """

    def __init__(self, features: str | Sequence[str] = ("statistics", "catch22"), fill: float | None = None) -> None:
        self.features = features
        self.fill = fill

    def fit(self, X: Any, y: Any = None) -> FeatureBank:
        """Notes how many channels there are.

        Parameters
        ----------
        X : array or list
            Series, as for ``transform``.
        y : ignored
        """
        feature_names(self.features)
        self.n_channels_ = _packed(X)[2]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """(n, channels * F): the features of each series.

        Parameters
        ----------
        X : array or list
            Series with as many channels as those that were fitted.
        """
        check_is_fitted(self)
        values, offsets, channels, n = _packed(X)
        if n and channels != self.n_channels_:
            raise ValueError(f"`X` has {channels or 1} channels; the bank was fitted on {self.n_channels_ or 1}")
        width = max(1, self.n_channels_) * len(feature_names(self.features))
        table: NDArray[np.float64] = extract(values, offsets=offsets, features=self.features).reshape(n, width)
        return table if self.fill is None else np.where(np.isnan(table), self.fill, table)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the channels.
        """
        check_is_fitted(self)
        names = feature_names(self.features)
        if self.n_channels_ == 0:
            return np.array(names, dtype=object)
        channels = [f"channel{i}" for i in range(self.n_channels_)] if input_features is None else list(input_features)
        if len(channels) != self.n_channels_:
            raise ValueError(f"`input_features` has {len(channels)} names; expected {self.n_channels_}")
        return np.array([f"{channel}__{name}" for channel in channels for name in names], dtype=object)


def _packed(X: Any) -> tuple[NDArray[np.float64], NDArray[np.int64], int, int]:
    """Series one after the other, their offsets, channels (0: no such axis), and how many there are."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    series = [np.asarray(s, dtype=np.float64) for s in X]
    shapes = sorted({s.shape[:-1] for s in series})
    if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes) or any(s.ndim == 0 for s in series):
        raise ValueError("`X` must be series (T,), or (channels, T) with as many channels each")
    channels = int(shapes[0][0]) if shapes and shapes[0] else 0
    lengths = np.repeat(np.array([s.shape[-1] for s in series], np.int64), max(1, channels))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return np.concatenate([s.ravel() for s in series]) if series else np.empty(0), offsets, channels, len(series)
