"""The expected hypervolume improvement."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_floats, as_points, as_reference, like

__all__ = ["ehvi"]


@door("mean", "std", "F")
def ehvi(mean: Any, std: Any, F: Any, ref: Any) -> Any:
    r"""Expected hypervolume improvement of Gaussian predictions: where Bayesian optimisation looks next.

    .. math:: \mathrm{EHVI} = \mathrm{E}\bigl[H(F \cup \{Y\}) - H(F)\bigr], \qquad Y_j \sim N(\mu_j, \sigma_j^2)

    Parameters
    ----------
    mean : (..., d) array_like
        Predicted objective values, independent of each other, minimised; finite.
    std : (..., d) array_like
        Their standard deviations, finite and not negative; 0 is a certain prediction.
    F : (N, d) array_like
        Points found so far, one a row. NaN is not allowed.
    ref : (d,) array_like
        Reference point, finite.

    Returns
    -------
    (...)
        The expected improvements, in the dtype of `mean`; computed in float64.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite or a standard deviation is negative.
    TypeError
        If an argument is not real numbers, or is on a GPU.

    Notes
    -----
    Exact: the boxes of the non-dominated region, each a product of one-dimensional expectations (Yang, Emmerich, Deutz,
    Bäck, J. Glob. Optim. 75, 2019). The boxes are made once, then O(d N + d boxes) for each prediction. Rounding: a few
    ulp of the box below `ref` that the prediction reaches, so that improvements far below that are noise.

    Examples
    --------
    >>> from marey.moo import ehvi
    >>> float(ehvi([0.0, 0.0], [0.0, 0.0], [[1.0, 3.0], [2.0, 1.0]], ref=[4.0, 4.0]))
    9.0
    """
    points = as_points("F", F)
    d = points.shape[1]
    mu, sigma = as_floats("mean", mean), as_floats("std", std)
    if mu.ndim < 1 or mu.shape[-1] != d:
        raise ValueError(f"`mean` has shape {mu.shape}; expected (..., {d}), one column per objective of `F`")
    if sigma.shape != mu.shape:
        raise ValueError(f"`std` has shape {sigma.shape}; expected that of `mean`, {mu.shape}")
    expected = native.rust().ehvi(mu.reshape(-1, d), sigma.reshape(-1, d), points, as_reference(ref, d))
    return like(mean, expected.reshape(mu.shape[:-1]))[()]
