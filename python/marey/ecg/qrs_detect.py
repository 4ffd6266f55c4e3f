"""qrs_detect: heart beats in an electrocardiogram, whole or as it comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey._runtime.checks import check_dtype
from marey._runtime.doors import door, is_torch

__all__ = ["QrsDetector", "qrs_detect"]


@door("x")
def qrs_detect(x: Any, fs: float) -> Any:
    """Heart beats of one lead, or of each lead of a batch.

    Parameters
    ----------
    x : (T,) or (B, T)
        Signal in any unit and of either polarity, float32 or float64; integers are taken as float64. NaN and infinity
        are taken as the value before them, so that a gap holds no beat.
    fs : float
        Sampling frequency in Hz, from 50 to 1e6.

    Returns
    -------
    indices : (n,) int64
        Samples of the R peaks, rising. For a batch ``(indices, offsets)``: the beats of lead ``b`` are
        ``indices[offsets[b]:offsets[b + 1]]``.

    Raises
    ------
    ValueError, TypeError
        If the shape, the dtype or ``fs`` does not fit.

    Notes
    -----
    The scheme is that of Pan & Tompkins (IEEE Trans Biomed Eng 32:230, 1985): levels of signal and noise that follow
    the peaks of a band's energy, a test for T waves and a search back, here bounded. The filter (8 to 20 Hz at about
    200 Hz) has zero phase, and the R peak is then found in ``x`` itself: the extremum, of the sign that the complex has
    in the filtered signal, within 30 ms. Cost: linear in T, whatever the signal holds. Leads share no state; threads
    take whole leads.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import qrs_detect
    >>> x = np.zeros(3600)
    >>> x[300::300] = 1.0
    >>> x = np.convolve(x, np.hanning(31), "same")
    >>> qrs_detect(x, fs=360)
    array([ 300,  600,  900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3300])
    """
    fs = _check_fs(fs)
    if is_torch(x):
        if x.device.type != "cpu":
            raise TypeError(f"`x` is on {x.device}; beats are found on the CPU: pass x.cpu()")
        import torch

        found = qrs_detect(x.detach().numpy(), fs)
        return tuple(map(torch.from_numpy, found)) if isinstance(found, tuple) else torch.from_numpy(found)
    x = _as_signal(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"`x` has shape {x.shape}; expected (T,) or (B, T)")
    indices, offsets = native.core().qrs_detect(x if x.ndim == 2 else x[None], fs)
    return (indices, offsets) if x.ndim == 2 else indices


class QrsDetector:
    """Heart beats of a stream: pieces of any size give the beats that `qrs_detect` finds in the whole.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz.
    n_leads : int, optional
        For pieces ``(n_leads, T)``; left out for ``(T,)``.

    Notes
    -----
    A beat is told once its rivals have passed: about 0.4 s after it, at the beginning after four seconds. Memory is
    constant. `copy` keeps a state to go on from twice.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.ecg import QrsDetector
    >>> x = np.zeros(3360)
    >>> x[300::300] = 1.0
    >>> x = np.convolve(x, np.hanning(31), "same")
    >>> detector = QrsDetector(fs=360)
    >>> [detector.push(piece).tolist() for piece in np.split(x, 2)], detector.finish().tolist()
    ([[300, 600, 900, 1200, 1500], [1800, 2100, 2400, 2700, 3000]], [3300])
    """

    def __init__(self, fs: float, n_leads: int | None = None) -> None:
        self.fs = _check_fs(fs)
        self.n_leads = n_leads
        if n_leads is not None and n_leads < 1:
            raise ValueError(f"`n_leads` is {n_leads}; expected at least 1")
        self.n_samples = 0
        self._finished = False
        self._native = native.core().QrsStream(1 if n_leads is None else n_leads, self.fs)

    def push(self, x: Any) -> Any:
        """Feeds a piece.

        Parameters
        ----------
        x : (T,), or (n_leads, T)

        Returns
        -------
        (n,) int64, or a list of them
            Beats that it decided, as samples of the whole stream.
        """
        if self._finished:
            raise ValueError("the stream is finished; begin another QrsDetector")
        x = _as_signal(x)
        if x.ndim != (1 if self.n_leads is None else 2) or (self.n_leads not in (None, x.shape[0])):
            shape = "(T,)" if self.n_leads is None else f"({self.n_leads}, T)"
            raise ValueError(f"`x` has shape {x.shape}; expected {shape}")
        found = self._native.push(x[None] if self.n_leads is None else x)
        self.n_samples += x.shape[-1]
        return found[0] if self.n_leads is None else found

    def finish(self) -> Any:
        """The beats still undecided; no piece comes any more."""
        if self._finished:
            raise ValueError("the stream is finished already")
        self._finished = True
        found = self._native.finish()
        return found[0] if self.n_leads is None else found

    def copy(self) -> QrsDetector:
        """Another detector in this state."""
        other = QrsDetector(self.fs, self.n_leads)
        other._native, other.n_samples, other._finished = self._native.copy(), self.n_samples, self._finished
        return other

    def __repr__(self) -> str:
        leads = "" if self.n_leads is None else f", {self.n_leads} leads"
        return f"QrsDetector({self.fs:g} Hz{leads}, {self.n_samples / self.fs:.1f} s seen)"


def _check_fs(fs: float) -> float:
    if not 50 <= fs <= 1e6:
        raise ValueError(f"`fs` is {fs}; expected 50 to 1e6 Hz")
    return float(fs)


def _as_signal(x: Any) -> NDArray[Any]:
    x = np.asarray(x)
    if x.dtype.kind in "iu":
        x = x.astype(np.float64)
    check_dtype("x", x, ("float32", "float64"))
    return np.ascontiguousarray(x)
