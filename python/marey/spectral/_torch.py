"""The periodogram by torch's own functions: for gradients, and for devices without a kernel of ours."""

from __future__ import annotations

from typing import Any

__all__ = ["lomb_scargle"]

_AT_ONCE = 1 << 24  # sines held together


def lomb_scargle(
    t: Any, y: Any, frequency: Any, dy: Any, offsets: Any, fit_mean: bool, center: bool, normalization: str
) -> Any:
    import torch

    dtype = y.dtype
    t, y = t.double(), y.double()
    if offsets is not None:
        n_series = len(offsets) - 1
        if bool((offsets.diff() < 0).any()) or int(offsets[0]) != 0 or int(offsets[-1]) != len(y):
            raise ValueError("`offsets` must start with 0, never fall, and end with the number of values")
        series = torch.repeat_interleave(torch.arange(n_series, device=y.device), offsets.diff())
    else:
        n_series = 1 if y.ndim == 1 else y.shape[0]
        series = torch.arange(n_series, device=y.device).repeat_interleave(y.shape[-1])
    t, y = t.reshape(-1), y.reshape(-1)
    w = torch.ones_like(y) if dy is None else dy.double().reshape(-1) ** -2
    fine = torch.isfinite(t + y + w)
    t, y, w, series = t[fine], y[fine], w[fine], series[fine]

    def total(values: Any) -> Any:
        """Sums over each series."""
        return values.new_zeros(n_series, *values.shape[1:]).index_add(0, series, values)

    weight = total(w)
    w = w / weight[series]
    mean = total(w * y)
    if center:
        y = y - mean[series]
    Y, YY = total(w * y), total(w * y * y)
    if fit_mean:
        YY = YY - Y**2
    rounding = 1e-28 * mean**2 if center else 1e-14 * Y**2 if fit_mean else torch.zeros_like(Y)
    few = (total(torch.ones_like(w)) < 3) | ~(rounding < YY)
    w, y = w[:, None], y[:, None]
    parts = []
    for part in frequency.double().split(max(1, _AT_ONCE // max(1, len(t)))):
        turns = t[:, None] * part
        angle = 2 * torch.pi * (turns - turns.detach().round())
        c, s = torch.cos(angle), torch.sin(angle)
        C, S = total(w * c), total(w * s)
        YC, YS, CC, CS = total(w * y * c), total(w * y * s), total(w * c * c), total(w * c * s)
        SS = 1 - CC
        if fit_mean:
            YC, YS = YC - Y[:, None] * C, YS - Y[:, None] * S
            CC, SS, CS = CC - C**2, SS - S**2, CS - C * S
        D, both = CC * SS - CS**2, CC + SS
        two, one = 1e-13 * both**2 < D, both > 1e-13
        pair = (YC**2 * SS + YS**2 * CC - 2 * CS * YC * YS) / torch.where(two, D, 1.0)
        single = torch.where(one, (YC**2 + YS**2) / torch.where(one, both, 1.0), 0.0)
        parts.append(torch.where(two, pair, single))
    explained = torch.cat(parts, dim=1) if parts else y.new_zeros(n_series, 0)
    power = explained / torch.where(few, float("nan"), YY)[:, None]
    if normalization == "model":
        power = power / (1 - power.clamp(max=1))
    elif normalization == "log":
        power = -torch.log1p(-power.clamp(max=1))
    elif normalization == "psd":
        power = power * (0.5 * YY * weight)[:, None]
    return power.to(dtype)
