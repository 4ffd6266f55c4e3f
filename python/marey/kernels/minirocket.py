"""minirocket: shares of a series' times at which 84 kernels, dilated, pass their biases."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.ragged._rows import contiguous
from marey.reference.minirocket import minirocket as reference

__all__ = ["CASES", "KERNELS", "arguments", "check_channels", "check_series", "minirocket", "torch_calls"]

ArrayT = TypeVar("ArrayT")
KERNELS = 84


@door("X", "dilations", "counts", "biases", "lengths", "channel_index", "channel_offsets")
def minirocket(
    X: ArrayT,
    dilations: Any,
    counts: Any,
    biases: Any,
    *,
    lengths: Any = None,
    channel_index: Any = None,
    channel_offsets: Any = None,
) -> ArrayT:
    r"""MiniRocket's features of series: how often each kernel's convolution passes each of its biases.

    .. math:: c_t = \sum_{j=0}^{8} w_j\, x_{t + (j - 4) d}, \qquad f = \frac{1}{n} \sum_t [c_t > b]

    with three weights :math:`w` 2 and six -1, in each of the 84 ways; zeros stand beyond the ends.

    Parameters
    ----------
    X : (n, T) or (n, channels, T)
        Series, float32 or float64. NaN is missing: it adds nothing, and a time at which no channel is observed is not
        counted.
    dilations : (D,) int64
        Steps between the weights, at least 1.
    counts : (D,) int64
        Biases that each kernel has at each dilation.
    biases : (84 * sum(counts),)
        By dilation, then by kernel (the places of the 2s in lexicographic order), in the dtype of `X`.
    lengths : (n,) int64, optional
        Series ``i`` is ``X[i, ..., :lengths[i]]``.
    channel_index, channel_offsets : int64, optional
        Kernel ``k`` at dilation ``d`` convolves and sums the channels ``channel_index[o[p]:o[p + 1]]``, ``p`` being
        ``84 * d + k`` and ``o`` the offsets (84 D + 1,); all channels if left out.

    Returns
    -------
    (n, 84 * sum(counts))
        Shares in [0, 1], in the order of `biases`. NaN for a series without an observed or with an infinite value.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a dilation, a length or a channel does not fit, before any work is done.

    Notes
    -----
    Where the places of dilation and kernel sum to an odd number, only times that all nine weights reach are counted,
    if the series has any. float32 series are convolved in float32; a sum may differ from another order's by a rounding,
    and a share by the times that lie that near to a bias. There is no gradient. Dempster, Schmidt and Webb, KDD 2021,
    https://doi.org/10.1145/3447548.3467231; `minirocket_fit` chooses dilations and biases as they do.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import minirocket, minirocket_fit
    >>> X = np.sin(np.arange(4 * 50.0).reshape(4, 50) ** 1.3)
    >>> fit = minirocket_fit(X, n_features=840, seed=0)
    >>> fit.dilations
    array([1, 2, 3, 4, 5, 6])
    >>> minirocket(X, **fit._asdict()).shape
    (4, 840)
    """
    given = arguments(X, lengths, dilations, counts, biases, channel_index, channel_offsets)
    run = _torch_op() if is_torch(X) else native.core().minirocket
    return run(*given)  # type: ignore[no-any-return]


def arguments(
    X: Any, lengths: Any, dilations: Any, counts: Any, biases: Any, channel_index: Any, channel_offsets: Any
) -> tuple[Any, ...]:
    """Checked, and laid out as the kernels take them."""
    check_series(X, lengths)
    for name, value in (("dilations", dilations), ("counts", counts)):
        check_dtype(name, value, ("int64",))
        if value.ndim != 1 or value.shape[0] != dilations.shape[0]:
            raise ValueError(f"`{name}` has shape {tuple(value.shape)}; expected ({len(dilations)},), as `dilations`")
    check_same_dtype("biases", biases, "X", X)
    if biases.ndim != 1:
        raise ValueError(f"`biases` has shape {tuple(biases.shape)}; expected (84 * sum(counts),)")
    check_channels(channel_index, channel_offsets)
    X = X[:, None] if X.ndim == 2 else X
    rest = (lengths, dilations, counts, biases, channel_index, channel_offsets)
    return contiguous(X), *(None if value is None else contiguous(value) for value in rest)


def check_channels(channel_index: Any, channel_offsets: Any) -> None:
    if (channel_index is None) != (channel_offsets is None):
        raise ValueError("`channel_index` and `channel_offsets` go together; only one was given")
    for name, value in (("channel_index", channel_index), ("channel_offsets", channel_offsets)):
        if value is not None:
            check_dtype(name, value, ("int64",))
            if value.ndim != 1:
                raise ValueError(f"`{name}` has shape {tuple(value.shape)}; expected one axis")


def check_series(X: Any, lengths: Any) -> None:
    check_dtype("X", X, ("float32", "float64"))
    if X.ndim not in (2, 3):
        raise ValueError(f"`X` has shape {tuple(X.shape)}; expected (n, T) or (n, channels, T)")
    if lengths is not None:
        check_dtype("lengths", lengths, ("int64",))
        if tuple(lengths.shape) != (X.shape[0],):
            raise ValueError(f"`lengths` has shape {tuple(lengths.shape)}; expected ({X.shape[0]},), one a series")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.minirocket


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::minirocket")
    def _(x: Any, lengths: Any, dilations: Any, counts: Any, biases: Any, index: Any, offsets: Any) -> Any:
        return x.new_empty((x.shape[0], biases.shape[0]))


def torch_calls(operator: Any, inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    names = ("X", "lengths", "dilations", "counts", "biases", "channel_index", "channel_offsets")
    given = arguments(*(inputs.get(name) for name in names))
    # opcheck compares by ==, which no NaN passes.
    return [] if operator(*given).isnan().any() else [(operator.default, given)]


def _inputs(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dilations: tuple[int, ...] = (1, 3),
    counts: tuple[int, ...] | None = None,
    nan: bool = False,
    lengths: list[int] | None = None,
    channels: bool = False,
) -> Inputs:
    """Values in eighths and biases between them: sums are exact in either precision, and none ties."""
    counts = tuple(range(1, len(dilations) + 1)) if counts is None else counts
    n_biases = KERNELS * sum(counts)
    inputs: Inputs = {
        "X": np.round(8 * rng.normal(size=shape)) / 8,
        "dilations": np.array(dilations, np.int64),
        "counts": np.array(counts, np.int64),
        "biases": np.round(16 * rng.normal(size=n_biases)) / 8 + 1 / 16,
    }
    if lengths is not None:
        inputs["lengths"] = np.array(lengths, np.int64)
    if channels:
        sizes = rng.integers(1, shape[1] + 1, KERNELS * len(dilations))
        inputs["channel_index"] = np.concatenate([rng.permutation(shape[1])[:size] for size in sizes])
        inputs["channel_offsets"] = np.concatenate([[0], np.cumsum(sizes)])
    if nan:
        inputs["X"][rng.uniform(size=shape) < 0.2] = np.nan
        inputs["X"][1] = np.nan
        inputs["X"][2, ..., 4] = np.inf
    return inputs


def _case(name: str, shape: tuple[int, ...], *args: Any, tags: str = "", **more: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, shape, *args, **more), frozenset(tags.split()))


CASES = (
    _case("one channel", (3, 61), tags="odd"),
    _case("dilations up to the ends", (2, 41), (1, 2, 5), (1, 4, 6), tags="odd"),
    _case("three channels", (2, 3, 37), tags="odd"),
    _case("chosen channels", (2, 4, 29), channels=True, tags="odd"),
    _case("lengths", (5, 33), lengths=[33, 9, 8, 1, 20], tags="odd"),
    _case("lengths and channels", (4, 2, 35), lengths=[35, 0, 17, 3], channels=True, tags="odd nan"),
    _case("shorter than a kernel", (3, 5), (1, 2)),
    _case("one time", (2, 1), (1,), tags="one"),
    _case("no times", (2, 0), (1,), tags="empty nan"),
    _case("no series", (0, 20), tags="empty"),
    _case("missing", (5, 47), nan=True, tags="nan odd"),
    _case("missing in channels", (5, 2, 47), nan=True, tags="nan odd"),
    _case("many", (64, 100), (1, 2, 4), tags="threads"),
    _case("500 x 1,000", (500, 1000), tuple(range(1, 33)), (4,) * 32, tags="bench"),
)

SPEC = register(
    OpSpec(
        name="kernels.minirocket",
        function=minirocket,
        reference=reference,
        cases=CASES,
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/kernels/minirocket.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-15, 1e-15, "a count divided once"),
            "float32": Tolerance(1e-7, 1e-7, "the same count, its quotient rounded to float32"),
        },
        missing="NaN is missing: it adds nothing, and times without an observed channel are not counted",
        register_torch=_register_torch,
        torch_calls=lambda inputs: torch_calls(_torch_op(), inputs),
    )
)
