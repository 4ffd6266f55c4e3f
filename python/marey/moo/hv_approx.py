"""The hypervolume by sampling."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door
from marey.moo._points import as_count, as_points, as_reference

__all__ = ["hv_approx"]


@door("F")
def hv_approx(F: Any, ref: Any, *, n: int = 1 << 16, seed: int = 0) -> tuple[float, tuple[float, float]]:
    r"""Hypervolume estimated from directions, with a confidence interval: for many objectives or many points.

    Parameters
    ----------
    F : (N, d) array_like
        Objective values, minimised, one point a row. NaN is not allowed, nor -inf below `ref`.
    ref : (d,) array_like
        Reference point, finite.
    n : int
        Number of directions, at least 1; rounded up to a multiple of 8 d.
    seed : int
        Of the random shifts, 0 to 2^64 - 1. The same seed gives the same bits on any number of threads.

    Returns
    -------
    value : float
        The estimate, without bias.
    interval : (float, float)
        Ends of a 95 % confidence interval, from the spread of 8 independent replicates.

    Raises
    ------
    ValueError
        If a shape does not fit, `F` holds a NaN or -inf, `ref` is not finite, or `n` or `seed` is out of range.
    TypeError
        If an argument is not real numbers, is on a GPU, or `n` or `seed` is not an integer.

    Notes
    -----
    .. math:: H(F) = \prod_j (r_j - z_j)\; \mathrm{E}_v\Bigl[\Bigl(\max_{p \in F} \min_j
              \frac{r_j - p_j}{(r_j - z_j)\, v_j}\Bigr)^d\Bigr]

    with z the componentwise best of `F` and v uniform on the faces of the unit cube that face away from the origin (the
    polar form of Deng, Zhang, IEEE Trans. Evol. Comput. 23(5), 2019, on a cube in place of a sphere). Directions are
    randomly shifted additive-recurrence lattices. O(d N n), eight points at a time.

    Examples
    --------
    >>> from marey.moo import hv_approx
    >>> value, (low, high) = hv_approx([[1.0, 3.0], [2.0, 1.0]], ref=[4.0, 4.0], n=4096)
    >>> low < 7.0 < high, round(value, 2)
    (True, 7.0)
    """
    points = as_points("F", F)
    seed = as_count("seed", seed, least=0)
    if seed >= 1 << 64:
        raise ValueError(f"`seed` is {seed}; expected less than 2^64")
    reference = as_reference(ref, points.shape[1])
    return native.rust().hv_approx(points, reference, as_count("n", n), seed)  # type: ignore[no-any-return]
