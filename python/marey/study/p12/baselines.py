"""What the usual table-based models make of the same stays: the mark that the study's model has to reach.

Both learn from `summaries`. Their settings are those of the best AUROC in five-fold cross-validation within set A of
the challenge: 0.848 and 0.865.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marey.events import Events
from marey.study.p12.summaries import summaries

__all__ = ["GRADIENT_BOOSTING", "LOGISTIC_REGRESSION", "baselines"]

LOGISTIC_REGRESSION = "logistic regression"
GRADIENT_BOOSTING = "gradient boosting"

_BOOSTING = {
    "learning_rate": 0.03,
    "max_iter": 400,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "l2_regularization": 10.0,
    "max_features": 0.1,
    "early_stopping": False,
}
_BAGGED = 3
"""Boosted models averaged; each draws its own features, a tenth at every split."""


def baselines(train: Events, test: Events, *, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Risk of in-hospital death of each test stay by logistic regression and by gradient boosting.

    Parameters
    ----------
    train, test : Events
        With label ``in_hospital_death``. Variables that `train` lacks are ignored in `test`.
    seed : int
        Of the boosting's draws of features.

    Returns
    -------
    dict of name to (N,) float64

    Raises
    ------
    ValueError
        If the training stays have one outcome only, or `test` lacks a variable of `train`.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    died = train.labels["in_hospital_death"]
    if len(np.unique(died)) != 2:
        raise ValueError(f"`train` has {died.sum()} deaths in {len(train)} stays; both outcomes are needed")
    (x, _), (x_test, _) = summaries(train), summaries(test.select(codes=train.vocab))
    # One thread: boosting small tables is all barriers, and on a busy machine two threads took thirty times as long.
    with threadpool_limits(limits=1):
        scaled, scaled_test = _standardised(x, x_test)
        logistic = LogisticRegression(C=0.01, max_iter=2000).fit(scaled, died)
        boosted = [
            HistGradientBoostingClassifier(**_BOOSTING, random_state=seed + i).fit(x, died).predict_proba(x_test)[:, 1]
            for i in range(_BAGGED)
        ]
        return {
            LOGISTIC_REGRESSION: logistic.predict_proba(scaled_test)[:, 1],
            GRADIENT_BOOSTING: np.mean(boosted, axis=0),
        }


def _standardised(
    x: NDArray[np.float64], x_test: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both tables in standard deviations of the first, outliers clipped to its central 98 %, missing values at 0."""
    usable = np.isfinite(x).any(axis=0)
    x, x_test = x[:, usable], x_test[:, usable]
    low, high = np.nanquantile(x, (0.01, 0.99), axis=0)
    x, x_test = np.clip(x, low, high), np.clip(x_test, low, high)
    mean, std = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    std[std == 0] = 1
    return np.nan_to_num((x - mean) / std), np.nan_to_num((x_test - mean) / std)
