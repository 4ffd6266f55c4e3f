"""soft_dtw: dynamic time warping with gradients; its divergence and its matrix."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.distance._series import reach
from marey.ragged._rows import contiguous
from marey.reference.soft_dtw import soft_dtw as reference

__all__ = ["soft_dtw", "soft_dtw_cdist", "soft_dtw_divergence"]

ArrayT = TypeVar("ArrayT")


@door("x", "y", "x_lengths", "y_lengths")
def soft_dtw(
    x: ArrayT, y: Any, gamma: float = 1.0, *, window: int | None = None, x_lengths: Any = None, y_lengths: Any = None
) -> ArrayT:
    r"""Soft dynamic time warping of pairs of series: a smooth sum over all alignments.

    .. math:: R_{i,j} = \lVert x_i - y_j \rVert^2
              - \gamma \log \sum_{r \in \{R_{i-1,j},\, R_{i,j-1},\, R_{i-1,j-1}\}} e^{-r / \gamma}

    and the value is :math:`R` at the two ends.

    Parameters
    ----------
    x : (B, d, N)
    y : (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    gamma : float
        Smoothing, in the squared unit of the series; towards 0 the value becomes the squared `dtw_cdist`.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    x_lengths, y_lengths : (B,) int64, optional
        Steps of each series that count; those after are not read, and their gradients are 0.

    Returns
    -------
    (B,)
        Values, in the dtype of `x`. They may be negative. inf where no path keeps to the window.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a length, `gamma` or `window` does not fit.

    Notes
    -----
    In torch, gradients reach ``x`` and ``y``. Nothing is stored for them: the table is computed again and gone back
    through, three values a cell in a scratch for each thread, so that a batch needs the memory of one pair a thread. A
    pair with a value that is not finite is NaN and so are its gradients; without a path they are 0. Cuturi and Blondel,
    ICML 2017, eq. 3 and algorithms 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import soft_dtw
    >>> x, y = np.array([[[0.0, 1, 0, 0]]]), np.array([[[0.0, 0, 1, 0]]])
    >>> soft_dtw(x, y, gamma=0.001).round(3), soft_dtw(x, y, gamma=1.0).round(3)
    (array([0.]), array([-2.186]))
    """
    _check(x, y, gamma, x_lengths, y_lengths)
    run = _torch_op() if is_torch(x) else native.core().soft_dtw
    return run(*_arguments(x, y, x_lengths, y_lengths, gamma, window))  # type: ignore[no-any-return]


def soft_dtw_divergence(x: ArrayT, y: Any, gamma: float = 1.0, **options: Any) -> ArrayT:
    r"""The soft-DTW divergence, which is 0 where the series are equal and never below.

    .. math:: D(x, y) = R(x, y) - \tfrac12 (R(x, x) + R(y, y))

    Parameters and errors are those of `soft_dtw`, and so are the gradients (Blondel, Mensch and Vert, AISTATS 2021).

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import soft_dtw_divergence
    >>> x = np.array([[[0.0, 1, 0, 0]]])
    >>> soft_dtw_divergence(x, x), soft_dtw_divergence(x, x + 1).round(3)
    (array([0.]), array([4.163]))
    """
    window, of_x, of_y = (options.get(name) for name in ("window", "x_lengths", "y_lengths"))
    own_x = soft_dtw(x, x, gamma, window=window, x_lengths=of_x, y_lengths=of_x)
    own_y = soft_dtw(y, y, gamma, window=window, x_lengths=of_y, y_lengths=of_y)
    return soft_dtw(x, y, gamma, **options) - 0.5 * (own_x + own_y)  # type: ignore[no-any-return]


@door("X", "Y", "x_lengths", "y_lengths")
def soft_dtw_cdist(
    X: ArrayT,
    Y: Any = None,
    gamma: float = 1.0,
    *,
    window: int | None = None,
    x_lengths: Any = None,
    y_lengths: Any = None,
) -> ArrayT:
    """Soft-DTW of every series in `X` (n, d, N) with every one in `Y` (m, d, M), by default `X` itself: (n, m).

    Other parameters, errors and gradients are those of `soft_dtw`.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import soft_dtw_cdist
    >>> soft_dtw_cdist(np.array([[[0.0, 1]], [[0.0, 3]]]), gamma=0.01).round(2)
    array([[0., 4.],
           [4., 0.]])
    """
    if Y is None:
        Y, y_lengths = X, x_lengths
    n, m = X.shape[0], Y.shape[0]  # type: ignore[attr-defined]
    rows = []
    for i in range(n):
        row = X[i : i + 1]  # type: ignore[index]
        many = row.expand(m, -1, -1) if is_torch(row) else np.broadcast_to(row, (m, *row.shape[1:]))
        length = None if x_lengths is None else x_lengths[i : i + 1].repeat(m)
        rows.append(soft_dtw(many, Y, gamma, window=window, x_lengths=length, y_lengths=y_lengths))
    if not rows:
        return X.reshape(0)[:0].reshape(0, m)  # type: ignore[attr-defined, no-any-return]
    if is_torch(X):
        import torch

        return torch.stack(rows)  # type: ignore[no-any-return]
    return np.stack(rows)  # type: ignore[return-value]


def _check(x: Any, y: Any, gamma: float, x_lengths: Any, y_lengths: Any) -> None:
    check_dtype("x", x, ("float32", "float64"))
    check_same_dtype("y", y, "x", x)
    if x.ndim != 3:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (B, d, N)")
    if y.ndim != 3 or y.shape[:2] != x.shape[:2]:
        raise ValueError(f"`y` has shape {tuple(y.shape)}; expected (B, d, M) = ({x.shape[0]}, {x.shape[1]}, M)")
    if not (gamma > 0 and math.isfinite(gamma)):
        raise ValueError(f"`gamma` is {gamma}; expected a positive finite number")
    for name, lengths in (("x_lengths", x_lengths), ("y_lengths", y_lengths)):
        if lengths is not None:
            check_dtype(name, lengths, ("int64",))
            check_shape(name, lengths, (x.shape[0],), "(B,)")


def _arguments(x: Any, y: Any, x_lengths: Any, y_lengths: Any, gamma: float, window: Any) -> tuple[Any, ...]:
    of_x, of_y = (None if lengths is None else contiguous(lengths) for lengths in (x_lengths, y_lengths))
    return contiguous(x), contiguous(y), of_x, of_y, float(gamma), reach(window)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.soft_dtw


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::soft_dtw")
    def _(x: Any, y: Any, x_lengths: Any, y_lengths: Any, gamma: float, window: int) -> Any:
        return x.new_empty((x.shape[0],))

    @torch.library.register_fake("marey::soft_dtw_backward")
    def _(grad: Any, x: Any, y: Any, x_lengths: Any, y_lengths: Any, gamma: float, window: int) -> Any:
        return x.new_empty(x.shape), y.new_empty(y.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, y, x_lengths, y_lengths, ctx.gamma, ctx.window = inputs
        ctx.save_for_backward(x, y, x_lengths, y_lengths)

    def backward(ctx: Any, grad: Any) -> Any:
        to_x, to_y = torch.ops.marey.soft_dtw_backward(grad.contiguous(), *ctx.saved_tensors, ctx.gamma, ctx.window)
        return to_x, to_y, None, None, None, None

    torch.library.register_autograd("marey::soft_dtw", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    given = [inputs.get(name) for name in ("x", "y", "x_lengths", "y_lengths", "gamma", "window")]
    arguments = _arguments(*given)  # type: ignore[arg-type]
    out = torch.ops.marey.soft_dtw(*arguments)
    if out.isnan().any():  # opcheck compares by ==
        return []
    return [
        (torch.ops.marey.soft_dtw.default, arguments),
        (torch.ops.marey.soft_dtw_backward.default, (torch.ones_like(out), *arguments)),
    ]


def _inputs(
    rng: np.random.Generator,
    pairs: int,
    d: int,
    n: int,
    m: int,
    *,
    lengths: bool = False,
    nan: bool = False,
    **more: Any,
) -> Inputs:
    inputs: Inputs = {
        "x": rng.normal(size=(pairs, d, n)),
        "y": rng.normal(size=(pairs, d, m)),
        "gamma": 1.0,
        **more,
    }
    if lengths:
        inputs["x_lengths"] = rng.integers(1, n + 1, pairs)
        inputs["y_lengths"] = rng.integers(1, m + 1, pairs)
    if nan:
        inputs["x"][1, 0, n // 2] = np.nan
        inputs["y"][2, d - 1, 0] = np.inf
    return inputs


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="distance.soft_dtw",
        function=soft_dtw,
        reference=reference,
        cases=(
            _case("plain", 3, 1, 13, 17, tags="odd"),
            _case("three channels, little smoothing", 3, 3, 21, 9, tags="odd", gamma=0.01),
            _case("much smoothing", 2, 2, 33, 35, tags="odd", gamma=100.0),
            _case("band", 3, 1, 31, 29, tags="odd", window=4),
            _case("band of no step", 2, 2, 19, 19, tags="odd", window=0),
            _case("no path", 2, 1, 5, 9, window=3),
            _case("lengths", 7, 2, 12, 25, tags="odd", lengths=True),
            _case("lengths in a band", 7, 1, 23, 20, lengths=True, window=8),
            _case("one step", 3, 2, 1, 1, tags="one"),
            _case("one step and many", 3, 1, 1, 18, tags="one"),
            _case("no steps", 2, 1, 0, 0, tags="empty"),
            _case("no steps on one side", 2, 1, 4, 0, tags="empty"),
            _case("no pairs", 0, 1, 4, 5, tags="empty"),
            _case("NaN and inf", 4, 2, 9, 11, tags="nan odd", nan=True),
            _case("for gradients", 2, 2, 5, 7, tags="grad"),
            _case("for gradients, band", 2, 1, 6, 7, tags="grad", window=2, gamma=0.5),
            _case("for gradients, lengths", 3, 1, 6, 5, tags="grad", lengths=True),
            _case("many", 40, 2, 50, 60, tags="threads"),
            _case("64 pairs of 256", 64, 1, 256, 256, tags="bench"),
            _case("8 pairs of 2,048, band 200", 8, 1, 2048, 2048, tags="bench", window=200),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/distance/soft_dtw.kernel.cpp", "cuda": "cuda/kernels/soft_dtw.cu"},
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "a few roundings a cell, of values up to gamma log 3 a step"),
            "float32": Tolerance(1e-5, 1e-5, "the same in float32, along a hundred steps"),
        },
        missing="a pair with a NaN or an infinite value is NaN, and so are its gradients",
        differentiable=("x", "y"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
