"""epochs: everything that is told of a recording's epochs, in one pass over its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime.doors import door
from marey.actigraphy._acc import ANGLE, COLUMNS, ENMO, MAD, MOMENTS, as_acc, check_fs, one_pass, whole_samples
from marey.actigraphy.calibration import Calibration
from marey.actigraphy.counts import check_counts

__all__ = ["Epochs", "epochs"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Epochs:
    """A recording by epochs of ``epoch_s`` seconds; what has an axis of space has it before that of time."""

    fs: float
    epoch_s: float
    samples: int
    observed: Floats  # (..., E) share of the samples
    enmo: Floats  # (..., E) g
    mad: Floats  # (..., E) g
    angle_z: Floats  # (..., E) degrees
    mean: Floats  # (..., 3, E) g
    squares: Floats  # (..., 3, E) sum of squares about the mean, g^2
    least: Floats  # (..., 3, E) g
    most: Floats  # (..., 3, E) g
    counts: NDArray[np.int64] | None  # (..., 3, E') of counts_s seconds
    counts_s: float

    @property
    def std(self) -> Floats:
        """(..., 3, E) population standard deviation, g."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(self.squares / (self.observed * self.samples)[..., None, :])

    @property
    def n_epochs(self) -> int:
        return int(self.enmo.shape[-1])

    def __repr__(self) -> str:
        hours = self.n_epochs * self.epoch_s / 3600
        seen = float(self.observed.mean()) if self.observed.size else 0.0
        return f"Epochs({self.n_epochs:,} of {self.epoch_s:g} s, {hours:.1f} h at {self.fs:g} Hz, {seen:.1%} observed)"


@door("acc")
def epochs(
    acc: Any,
    fs: float,
    epoch: float = 5,
    *,
    counts_epoch: float | None = 60,
    calibration: Calibration | None = None,
) -> Epochs:
    """Counts, ENMO, MAD, angle-z and moments of a recording, from one pass over its samples.

    Parameters
    ----------
    acc : (..., 3, T)
        Acceleration in g; samples that are not finite on all axes are missing.
    fs : float
        Sampling frequency in Hz.
    epoch : float
        Length of an epoch in seconds, a whole number of samples.
    counts_epoch : float or None
        Length of an epoch of the counts; None leaves them out, which any ``fs`` allows.
    calibration : Calibration, optional
        From `calibrate`; applied as the samples are read.

    Returns
    -------
    Epochs

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import epochs
    >>> acc = np.zeros((3, 50 * 120))
    >>> acc[2] = 1
    >>> epochs(acc, fs=50)
    Epochs(24 of 5 s, 0.0 h at 50 Hz, 100.0% observed)
    """
    samples = whole_samples(check_fs(fs), epoch)
    tenths = 0 if counts_epoch is None else check_counts(fs, counts_epoch)
    given = {} if calibration is None else {"scale": calibration.scale, "offset": calibration.offset}
    counts, table = one_pass(as_acc(acc), fs, tenths, samples, ENMO | MAD | ANGLE | MOMENTS, **given)
    columns = {name: np.ascontiguousarray(np.moveaxis(table[..., at], -1, -2)) for name, at in COLUMNS.items()}
    single = {name: columns.pop(name)[..., 0, :] for name in ("observed", "enmo", "mad", "angle_z")}
    single["observed"] = single["observed"] / samples
    return Epochs(
        fs=float(fs),
        epoch_s=float(epoch),
        samples=samples,
        **single,
        **columns,
        counts=counts,
        counts_s=float(counts_epoch or 0),
    )
