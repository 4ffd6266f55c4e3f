"""The propensity score: how likely a subject is to be treated, given its covariates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["propensity_logit"]

_STEPS = 50
_CERTAIN = 30.0
"""A logit beyond which a probability is 0 or 1 to float64: the groups are then separated."""


def propensity_logit(
    treated: NDArray[np.float64], control: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The logit of the probability of treatment by logistic regression, of each treated and each control.

    Newton's method on standardised columns, as R's ``glm`` does by weighted least squares. Raises ValueError where the
    covariates separate the groups, or one is a sum of others.
    """
    x = np.concatenate([treated, control])
    y = np.r_[np.ones(len(treated)), np.zeros(len(control))]
    spread = x.std(axis=0)
    design = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    design = design[:, np.r_[True, spread > 0]]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the propensity score has no single fit: a column is a sum of others; leave one out")
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        score = design @ beta
        probability = 1 / (1 + np.exp(-np.clip(score, -_CERTAIN, _CERTAIN)))
        weight = np.maximum(probability * (1 - probability), 1e-12)
        step = np.linalg.solve((design * weight[:, None]).T @ design, design.T @ (y - probability))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    score = design @ beta
    if not np.abs(score).max() < _CERTAIN or np.abs(step).max() > 1e-6:
        raise ValueError("the covariates tell treated from controls without error; expected groups that overlap")
    return score[: len(treated)], score[len(treated) :]
