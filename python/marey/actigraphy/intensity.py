"""enmo, mad: how vigorous an epoch is, from the size of the acceleration."""

from __future__ import annotations

from typing import Any

from marey._runtime.doors import door
from marey.actigraphy._acc import ENMO, MAD, as_acc, back, one_pass, whole_samples

__all__ = ["enmo", "mad"]


@door("acc")
def enmo(acc: Any, fs: float, epoch: float = 5) -> Any:
    """Euclidean norm minus one of each epoch: the mean of ``max(|a| - 1, 0)``.

    Parameters
    ----------
    acc : (..., 3, T)
        Acceleration in g, calibrated (`calibrate`). Samples that are not finite are left out.
    fs : float
        Sampling frequency in Hz.
    epoch : float
        Length of an epoch in seconds, a whole number of samples.

    Returns
    -------
    (..., E)
        In g; NaN where an epoch has no sample. Samples behind the last whole epoch are not used.

    Notes
    -----
    van Hees et al., PLoS ONE 8:e61691, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import enmo
    >>> acc = np.zeros((3, 100))
    >>> acc[2] = np.repeat([1.0, 1.5], 50)
    >>> enmo(acc, fs=10, epoch=5)
    array([0. , 0.5])
    """
    samples = whole_samples(fs, epoch)
    return back(one_pass(as_acc(acc), samples=samples, what=ENMO)[1][..., 1], acc)


@door("acc")
def mad(acc: Any, fs: float, epoch: float = 5) -> Any:
    """Mean amplitude deviation of each epoch: the mean of ``| |a| - mean |a| |``.

    Parameters
    ----------
    acc : (..., 3, T)
        Acceleration in g; it need not be calibrated. Samples that are not finite are left out.
    fs : float
        Sampling frequency in Hz.
    epoch : float
        Length of an epoch in seconds, a whole number of samples.

    Returns
    -------
    (..., E)
        In g; NaN where an epoch has no sample.

    Notes
    -----
    Vaha-Ypya et al., Clin Physiol Funct Imaging 35:64, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import mad
    >>> acc = np.zeros((3, 50))
    >>> acc[2] = np.tile([0.8, 1.2], 25)
    >>> mad(acc, fs=10).round(3)
    array([0.2])
    """
    samples = whole_samples(fs, epoch)
    return back(one_pass(as_acc(acc), samples=samples, what=MAD)[1][..., 2], acc)
