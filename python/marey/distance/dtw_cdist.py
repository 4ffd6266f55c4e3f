"""dtw_cdist: dynamic time warping between all pairs of two sets of series."""

from __future__ import annotations

from typing import Any, TypeVar

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.distance._series import check_pair, set_arguments, sets_of_inputs
from marey.reference.dtw_cdist import dtw_cdist as reference

__all__ = ["dtw_cdist"]

ArrayT = TypeVar("ArrayT")


@door("X", "Y", "x_offsets", "y_offsets")
def dtw_cdist(
    X: ArrayT, Y: Any = None, *, window: int | None = None, x_offsets: Any = None, y_offsets: Any = None
) -> ArrayT:
    r"""Dynamic time warping distance of every series in `X` to every one in `Y`.

    .. math:: d(x, y)^2 = \min_{\pi} \sum_{(i, j) \in \pi} \lVert x_i - y_j \rVert^2

    over the paths :math:`\pi` from the two beginnings to the two ends by steps (1, 0), (0, 1) and (1, 1) with
    :math:`|i - j| \le` `window`.

    Parameters
    ----------
    X : (n, L) or (n, d, L), or (total,) or (d, total) with ``x_offsets``
        Series, float32 or float64, d channels that are warped together.
    Y : as `X`, optional
        The other set, of the same dtype and channels; its lengths may differ. Left out, `X` against itself, at half
        the work.
    window : int, optional
        Greatest distance in steps between matched times (the Sakoe-Chiba band); unbounded if left out.
    x_offsets, y_offsets : (n + 1,) int64, optional
        Packed series of any lengths: series ``i`` is ``X[..., x_offsets[i]:x_offsets[i + 1]]``.

    Returns
    -------
    (n, m)
        Distances, in the unit and dtype of `X`; inf where no path keeps to the window.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, offsets or `window` does not fit, before any work is done.

    Notes
    -----
    A series with a NaN or an infinite value has distance NaN to every series. Two series without steps have distance 0,
    one without and one with steps inf. float32 series are compared in float32. Values are taken as they are: normalise
    them before if only the shape should count. The band is that of Sakoe and Chiba (IEEE Trans ASSP 26:43, 1978);
    ``dtaidistance`` counts it from 1, so that its ``window=27`` is 26 here. There is no gradient: `soft_dtw` has one.

    Examples
    --------
    The same beat a step later is no distance away; a higher one is:

    >>> import numpy as np
    >>> from marey.distance import dtw_cdist
    >>> beats = np.array([[0.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 3, 0, 0]])
    >>> dtw_cdist(beats, window=1)
    array([[0., 0., 2.],
           [0., 0., 2.],
           [2., 2., 0.]])
    """
    check_pair(X, Y, x_offsets, y_offsets)
    run = _torch_op() if is_torch(X) else native.core().dtw_cdist
    return run(*set_arguments(X, Y, x_offsets, y_offsets, window))  # type: ignore[no-any-return]


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.dtw_cdist


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::dtw_cdist")
    def _(x: Any, y: Any, x_offsets: Any, y_offsets: Any, window: int) -> Any:
        n = x.shape[0] if x_offsets is None else x_offsets.shape[0] - 1
        if y is None:
            return x.new_empty((n, n))
        return x.new_empty((n, y.shape[0] if y_offsets is None else y_offsets.shape[0] - 1))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    given = [inputs.get(name) for name in ("X", "Y", "x_offsets", "y_offsets", "window")]
    arguments = set_arguments(*given)
    operator = _torch_op()
    # opcheck compares by ==, which no NaN passes.
    return [] if operator(*arguments).isnan().any() else [(operator.default, arguments)]


def _case(name: str, x: Any, y: Any = None, *, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: sets_of_inputs(rng, x, y, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="distance.dtw_cdist",
        function=dtw_cdist,
        reference=reference,
        cases=(
            _case("two sets", (5, 13), (19, 11), tags="odd"),
            _case("one set", (21, 12), tags="odd", window=3),
            _case("three channels", (6, 3, 9), (3, 3, 17), tags="odd", window=9),
            _case("window below the difference in length", (3, 5), (4, 9), window=3),
            _case("window of no step", (5, 7), (17, 7), window=0),
            _case("ragged", [7, 0, 1, 13, 4], [3, 9, 0, 30, 8, 1, *range(1, 13)], tags="odd", window=6),
            _case("ragged, one set, two channels", [7, 0, 1, 13, 4, 0, 20], channels=2, tags="odd"),
            _case("one step", (3, 1), (2, 1), tags="one"),
            _case("no steps", (3, 0), (2, 0), tags="empty"),
            _case("no series", (0, 4), (3, 4), tags="empty"),
            _case("NaN and inf", (4, 7), (19, 9), tags="nan odd", nan=True),
            _case("many", (70, 40), (65, 37), tags="threads", window=8),
            _case("many of one set", (90, 40), tags="threads"),
            _case("200 x 256, band 26", (200, 256), tags="bench", window=26),
            _case("200 x 256, full", (200, 256), tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/distance/dtw_cdist.kernel.cpp", "cuda": "cuda/kernels/dtw_cdist.cu"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "a sum of squares along a path of tens of steps, each rounded once"),
            "float32": Tolerance(4e-6, 4e-6, "the same in float32: tens of roundings of 6e-8"),
        },
        missing="a series with a NaN or an infinite value has distance NaN to all",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
