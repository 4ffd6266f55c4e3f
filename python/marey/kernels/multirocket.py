"""multirocket: four numbers of where 84 kernels, dilated, pass their biases."""

from __future__ import annotations

from typing import Any, TypeVar

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import OpSpec, Tolerance, register
from marey.kernels.minirocket import CASES, arguments, torch_calls
from marey.reference.multirocket import multirocket as reference

__all__ = ["multirocket"]

ArrayT = TypeVar("ArrayT")


@door("X", "dilations", "counts", "biases", "lengths", "channel_index", "channel_offsets")
def multirocket(
    X: ArrayT,
    dilations: Any,
    counts: Any,
    biases: Any,
    *,
    lengths: Any = None,
    channel_index: Any = None,
    channel_offsets: Any = None,
) -> ArrayT:
    r"""MultiRocket's features of series: how often, how long, how far and where kernels pass their biases.

    Parameters
    ----------
    X : (n, T) or (n, channels, T)
        Series, float32 or float64. NaN is missing: it adds nothing, and a time at which no channel is observed is not
        counted and ends a run.
    dilations, counts, biases, lengths, channel_index, channel_offsets
        As for `minirocket`; `minirocket_fit` chooses them.

    Returns
    -------
    (n, 4 * 84 * sum(counts))
        Four blocks in the order of `biases`: the share of times above the bias; their longest run, in steps; how far
        they lie above it on average, 0 if there are none; the mean of their places from the first counted time, -1 if
        there are none. NaN for a series without an observed or with an infinite value.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a dilation, a length or a channel does not fit, before any work is done.

    Notes
    -----
    MultiRocket takes these features of the series and of its first differences; the transformer `MultiRocket` does. The
    third block is the paper's mean of the positive values; the authors' code adds the bias to it instead of taking it
    off, and counts a step more in runs that touch no end. Tan, Dempster, Bergmeir and Webb, Data Min Knowl Disc
    36:1623, 2022. There is no gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import minirocket_fit, multirocket
    >>> X = np.sin(np.arange(4 * 50.0).reshape(4, 50) ** 1.3)
    >>> multirocket(X, **minirocket_fit(X, n_features=840, seed=0)._asdict()).shape
    (4, 3360)
    """
    given = arguments(X, lengths, dilations, counts, biases, channel_index, channel_offsets)
    run = _torch_op() if is_torch(X) else native.core().multirocket
    return run(*given)  # type: ignore[no-any-return]


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.multirocket


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::multirocket")
    def _(x: Any, lengths: Any, dilations: Any, counts: Any, biases: Any, index: Any, offsets: Any) -> Any:
        return x.new_empty((x.shape[0], 4 * biases.shape[0]))


SPEC = register(
    OpSpec(
        name="kernels.multirocket",
        function=multirocket,
        reference=reference,
        cases=CASES,
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/kernels/multirocket.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "means of sums of up to a hundred values"),
            "float32": Tolerance(1e-5, 1e-5, "the same in float32, a bias as large as the mean taken off it"),
        },
        missing="NaN is missing: it adds nothing; times without an observed channel are not counted and end a run",
        register_torch=_register_torch,
        torch_calls=lambda inputs: torch_calls(_torch_op(), inputs),
    )
)
