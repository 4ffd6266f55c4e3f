"""nonwear: when a device lay on a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marey.actigraphy.epochs import Epochs

__all__ = ["nonwear"]


def nonwear(
    epochs: Epochs, *, window_s: float = 3600, step_s: float = 900, max_std: float = 0.013, max_range: float = 0.05
) -> NDArray[np.bool_]:
    """Epochs in which the device was not worn.

    Parameters
    ----------
    epochs : Epochs
        Of one recording.
    window_s, step_s : float
        A block of ``step_s`` is judged by the window of ``window_s`` seconds about its middle (less at the ends).
    max_std, max_range : float
        A window is one of no wear where at least two axes have a standard deviation below ``max_std`` g and a range
        below ``max_range`` g.

    Returns
    -------
    (E,) bool
        True where not worn; blocks without a sample count as not worn.

    Notes
    -----
    van Hees et al., PLoS ONE 6:e22922, 2011 and 8:e61691, 2013. Windows are made of whole epochs, whose moments are
    joined exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.actigraphy import epochs, nonwear
    >>> acc = np.random.default_rng(0).normal(0, 0.001, (3, 10 * 7200))
    >>> acc[:, : 10 * 3600] += np.sin(np.arange(36000))  # worn for an hour
    >>> nonwear(epochs(acc, fs=10, counts_epoch=None)).mean()
    np.float64(0.25)
    """
    if epochs.enmo.ndim != 1:
        raise ValueError(f"`epochs` has {epochs.enmo.shape[:-1]} recordings; pass one")
    per_block, reach = round(step_s / epochs.epoch_s), round(window_s / epochs.epoch_s)
    if per_block < 1 or reach < 1:
        raise ValueError(f"`step_s` is {step_s:g} and `window_s` {window_s:g}; expected at least an epoch")
    out = np.zeros(epochs.n_epochs, dtype=bool)
    seen = epochs.observed * epochs.samples
    for begin in range(0, epochs.n_epochs, per_block):
        middle = begin + per_block / 2
        of = slice(max(0, round(middle - reach / 2)), min(epochs.n_epochs, round(middle + reach / 2)))
        n = seen[of]
        total = n.sum()
        still = 0
        if total > 0:
            with_samples = n > 0
            mean, weights = epochs.mean[:, of][:, with_samples], n[with_samples]
            overall = (mean * weights).sum(1, keepdims=True) / total
            squares = epochs.squares[:, of][:, with_samples].sum(1) + (weights * (mean - overall) ** 2).sum(1)
            spread = epochs.most[:, of][:, with_samples].max(1) - epochs.least[:, of][:, with_samples].min(1)
            still = int(((np.sqrt(squares / total) < max_std) & (spread < max_range)).sum())
        out[begin : begin + per_block] = total == 0 or still >= 2
    return out
