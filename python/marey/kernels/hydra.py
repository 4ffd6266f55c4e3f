"""hydra: which of a group's kernels fit a series best, and how often."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.kernels.minirocket import check_channels, check_series
from marey.ragged._rows import contiguous
from marey.reference.hydra import hydra as reference

__all__ = ["HydraFit", "hydra", "hydra_fit"]

ArrayT = TypeVar("ArrayT")


@door("X", "weights", "dilations", "lengths", "channel_index", "channel_offsets")
def hydra(
    X: ArrayT,
    weights: Any,
    dilations: Any,
    *,
    lengths: Any = None,
    channel_index: Any = None,
    channel_offsets: Any = None,
) -> ArrayT:
    """Hydra's features of series: the kernels of a group compete for every time, and what they win is counted.

    Parameters
    ----------
    X : (n, T) or (n, channels, T)
        Series, float32 or float64. NaN is missing: it adds nothing, and a time at which no channel is observed is not
        counted.
    weights : (D, groups, kernels, 9)
        Kernels of each group at each dilation, at most 16, in the dtype of `X`.
    dilations : (D,) int64
        Steps between the weights, at least 1.
    lengths : (n,) int64, optional
        Series ``i`` is ``X[i, ..., :lengths[i]]``.
    channel_index, channel_offsets : int64, optional
        Group ``g`` at dilation ``d`` convolves the sum of the channels ``channel_index[o[p]:o[p + 1]]``, ``p`` being
        ``groups * d + g`` and ``o`` the offsets (D groups + 1,); of all channels if left out.

    Returns
    -------
    (n, D * 2 * groups * kernels)
        For each dilation, by group and kernel: the sum of a kernel's outputs over the times at which it is the greatest
        of its group; then the number of times at which it is the least. Of equal ones the first counts. NaN for a
        series without an observed or with an infinite value.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a dilation, a length or a channel does not fit, before any work is done.

    Notes
    -----
    Zeros stand beyond the ends. There is no gradient. `hydra_fit` draws kernels as the authors do; the transformer
    `Hydra` gives half of the groups the series and half its first differences, and takes roots. Dempster, Schmidt and
    Webb, Data Min Knowl Disc 37:1779, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.kernels import hydra, hydra_fit
    >>> X = np.sin(np.arange(3 * 100.0).reshape(3, 100) ** 1.2)
    >>> fit = hydra_fit(100, groups=4, seed=0)
    >>> fit.dilations
    array([1, 2, 4, 8])
    >>> hydra(X, **fit._asdict()).reshape(3, 4, 2, 4, 8)[:, :, 1].sum(axis=(2, 3))[0]
    array([400., 400., 400., 400.])
    """
    given = _arguments(X, lengths, dilations, weights, channel_index, channel_offsets)
    run = _torch_op() if is_torch(X) else native.core().hydra
    return run(*given)  # type: ignore[no-any-return]


def _arguments(
    X: Any, lengths: Any, dilations: Any, weights: Any, channel_index: Any, channel_offsets: Any
) -> tuple[Any, ...]:
    check_series(X, lengths)
    check_same_dtype("weights", weights, "X", X)
    if weights.ndim != 4 or weights.shape[3] != 9:
        raise ValueError(f"`weights` has shape {tuple(weights.shape)}; expected (D, groups, kernels, 9)")
    check_dtype("dilations", dilations, ("int64",))
    if tuple(dilations.shape) != (weights.shape[0],):
        raise ValueError(
            f"`dilations` has shape {tuple(dilations.shape)}; expected ({weights.shape[0]},), as `weights`"
        )
    check_channels(channel_index, channel_offsets)
    X = X[:, None] if X.ndim == 2 else X
    rest = (lengths, dilations, weights, channel_index, channel_offsets)
    return contiguous(X), *(None if value is None else contiguous(value) for value in rest)


class HydraFit(NamedTuple):
    """What `hydra` takes beside the series."""

    weights: Any
    dilations: Any
    channel_index: Any
    channel_offsets: Any

    def __repr__(self) -> str:
        _, groups, kernels, _ = self.weights.shape
        return f"HydraFit({groups} groups of {kernels} kernels, dilations {', '.join(map(str, self.dilations))})"


def hydra_fit(
    length: int, channels: int = 1, *, groups: int = 64, kernels: int = 8, seed: Any = None, dtype: Any = np.float64
) -> HydraFit:
    """Draws Hydra's kernels for series of a length; values are not looked at.

    Parameters
    ----------
    length : int
        Of the series, at least 9.
    channels : int
        Of the series.
    groups, kernels : int
        Groups at each dilation, and kernels that compete in each (at most 16).
    seed : int or numpy.random.Generator, optional
        Draws weights and channels.
    dtype : dtype
        float32 or float64, that of the series.

    Returns
    -------
    HydraFit
        For ``hydra(X, **fit._asdict())``.

    Raises
    ------
    ValueError
        If a number does not fit.

    Notes
    -----
    Weights are normal, their mean taken off and their absolute values summing to 1. Dilations are the powers of 2 up to
    (length - 1) / 8. Of several channels each group sums half, at least 2 and at most 8, drawn with repetition.

    Examples
    --------
    >>> from marey.kernels import hydra_fit
    >>> hydra_fit(300, seed=0)
    HydraFit(64 groups of 8 kernels, dilations 1, 2, 4, 8, 16, 32)
    """
    for name, value, least, most in (
        ("length", length, 9, np.inf),
        ("channels", channels, 1, np.inf),
        ("groups", groups, 1, np.inf),
        ("kernels", kernels, 1, 16),
    ):
        if not least <= value <= most:
            above = "" if most == np.inf else f" and at most {most}"
            raise ValueError(f"`{name}` is {value}; expected at least {least}{above}")
    rng = np.random.default_rng(seed)
    dilations = 2 ** np.arange(int(np.log2((length - 1) / 8)) + 1)
    weights = rng.normal(size=(len(dilations), groups, kernels, 9))
    weights -= weights.mean(axis=-1, keepdims=True)
    weights /= np.abs(weights).sum(axis=-1, keepdims=True)
    index = offsets = None
    if channels > 1:
        each, pairs = min(max(channels // 2, 2), 8), len(dilations) * groups
        index, offsets = rng.integers(0, channels, pairs * each), np.arange(pairs + 1) * each
    return HydraFit(weights.astype(dtype), dilations, index, offsets)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.hydra


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::hydra")
    def _(x: Any, lengths: Any, dilations: Any, weights: Any, index: Any, offsets: Any) -> Any:
        D, groups, kernels, _ = weights.shape
        return x.new_empty((x.shape[0], 2 * D * groups * kernels))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    names = ("X", "lengths", "dilations", "weights", "channel_index", "channel_offsets")
    given = _arguments(*(inputs.get(name) for name in names))
    operator = _torch_op()
    # opcheck compares by ==, which no NaN passes.
    return [] if operator(*given).isnan().any() else [(operator.default, given)]


def _inputs(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dilations: tuple[int, ...] = (1, 3),
    groups: int = 3,
    kernels: int = 8,
    nan: bool = False,
    lengths: list[int] | None = None,
    channels: bool = False,
) -> Inputs:
    """Values in eighths and weights in 256ths: sums are exact in either precision, and kernels seldom tie."""
    size = (len(dilations), groups, kernels, 9)
    inputs: Inputs = {
        "X": np.round(8 * rng.normal(size=shape)) / 8,
        "weights": np.round(256 * rng.normal(size=size)) / 256,
        "dilations": np.array(dilations, np.int64),
    }
    if lengths is not None:
        inputs["lengths"] = np.array(lengths, np.int64)
    if channels:
        sizes = rng.integers(1, shape[1] + 1, groups * len(dilations))
        inputs["channel_index"] = rng.integers(0, shape[1], sizes.sum())
        inputs["channel_offsets"] = np.concatenate([[0], np.cumsum(sizes)])
    if nan:
        inputs["X"][rng.uniform(size=shape) < 0.2] = np.nan
        inputs["X"][1] = np.nan
        inputs["X"][2, ..., 4] = np.inf
    return inputs


def _case(name: str, shape: tuple[int, ...], *args: Any, tags: str = "", **more: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, shape, *args, **more), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="kernels.hydra",
        function=hydra,
        reference=reference,
        cases=(
            _case("one channel", (3, 61), tags="odd"),
            _case("three kernels a group", (2, 41), (1, 2, 5), kernels=3, tags="odd"),
            _case("sixteen kernels a group", (2, 37), kernels=16, tags="odd"),
            _case("three channels", (2, 3, 37), tags="odd"),
            _case("chosen channels", (2, 4, 29), channels=True, tags="odd"),
            _case("lengths", (5, 33), lengths=[33, 9, 8, 1, 20], tags="odd"),
            _case("lengths and channels", (4, 2, 35), lengths=[35, 0, 17, 3], channels=True, tags="odd nan"),
            _case("shorter than a kernel", (3, 5), (1, 9)),
            _case("one time", (2, 1), (1,), tags="one"),
            _case("no times", (2, 0), (1,), tags="empty nan"),
            _case("no series", (0, 20), tags="empty"),
            _case("missing", (5, 47), nan=True, tags="nan odd"),
            _case("missing in channels", (5, 2, 47), nan=True, tags="nan odd"),
            _case("many", (64, 200), (1, 2, 4), tags="threads"),
            _case("100 x 1,000", (100, 1000), (1, 2, 4, 8, 16, 32, 64), groups=64, tags="bench"),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/kernels/hydra.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "sums of tens of values"),
            "float32": Tolerance(2e-6, 2e-5, "the same in float32"),
        },
        missing="NaN is missing: it adds nothing, and times without an observed channel are not counted",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
