"""angle_z: how a wrist or hip is held."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door
from marey.actigraphy._acc import ANGLE, as_acc, back, one_pass, whole_samples

__all__ = ["angle_z"]


@door("acc")
def angle_z(acc: Any, fs: float, epoch: float = 5, *, window_s: float | None = None) -> Any:
    r"""Angle of the z axis to the horizontal in each epoch, in degrees.

    .. math:: \mathrm{atan2}\bigl(\tilde z, \sqrt{\tilde x^2 + \tilde y^2}\bigr)

    of the medians of each axis.

    Parameters
    ----------
    acc : (..., 3, T)
        Acceleration in g. Samples that are not finite are left out.
    fs : float
        Sampling frequency in Hz.
    epoch : float
        Length of an epoch in seconds, a whole number of samples.
    window_s : float, optional
        Medians roll over so many seconds around each sample, and the angle is the mean over the epoch's samples, as in
        van Hees et al. 2018. Left out, the medians are those of the epoch itself: a tenth of the time, and the same but
        for epochs in which the arm turns.

    Returns
    -------
    (..., E)
        From -90 to 90; NaN where an epoch has no sample.

    Notes
    -----
    van Hees et al., PLoS ONE 10:e0142533, 2015; Sci Rep 8:12975, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import angle_z
    >>> acc = np.zeros((3, 100))
    >>> acc[0], acc[2] = np.repeat([0.0, 1.0], 50), np.repeat([1.0, -1.0], 50)
    >>> angle_z(acc, fs=10, epoch=5).round(6)
    array([ 90., -45.])
    """
    samples = whole_samples(fs, epoch)
    values = as_acc(acc)
    if window_s is None:
        return back(one_pass(values, samples=samples, what=ANGLE)[1][..., 3], acc)
    window = max(1, round(window_s * fs))
    *leading, _, length = values.shape
    n_epochs = length // samples
    finite = np.isfinite(values).all(-2, keepdims=True)
    rows = np.where(finite, values, np.nan).astype(values.dtype, copy=False).reshape(3 * math.prod(leading), length)
    x, y, z = np.moveaxis(native.core().rolling_median(rows, window).reshape(*leading, 3, length), -2, 0)
    degrees = np.degrees(np.arctan2(z, np.hypot(x, y)))[..., : n_epochs * samples]
    seen = finite[..., 0, : n_epochs * samples]
    parts = np.where(seen, degrees, 0.0).reshape(*leading, n_epochs, samples).sum(-1)
    with np.errstate(invalid="ignore"):
        return back(parts / seen.reshape(*leading, n_epochs, samples).sum(-1), acc)
