"""ranking_loss: a smooth bound of how many pairs a risk puts in the wrong order."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Inputs, OpSpec, Tolerance, register
from marey.reference.ranking_loss import ranking_loss as reference
from marey.survival._cases import case, common

__all__ = ["ranking_loss"]

ArrayT = TypeVar("ArrayT")


@door("risk", "time", "event")
def ranking_loss(risk: ArrayT, time: ArrayT, event: ArrayT, sigma: float = 1.0) -> ArrayT:
    r"""The mean of :math:`\exp((r_j - r_i) / \sigma)` over pairs that should have :math:`r_i > r_j`, with a gradient.

    Parameters
    ----------
    risk : (n,)
        Risks, higher for an earlier event, float32 or float64.
    time : (n,)
        Time of the event or of censoring, in the dtype of ``risk``.
    event : (n,) bool
        Whether the event was seen.
    sigma : float
        Scale of the differences: the smaller, the more a pair in the wrong order costs.

    Returns
    -------
    ()
        The loss, to be minimised; 0 where no pair is comparable. It is at least 1 - Harrell's concordance.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``sigma`` does not fit, or a time is NaN (with tensors the latter is a RuntimeError, told
        by the operation itself, so that it can be compiled).

    Notes
    -----
    A pair is comparable as in :func:`marey.survival.concordance`: i has an event, and j a later time or a censoring at
    the same one. The exponential of a difference is a product, so one sort and a pass each way give loss and gradient,
    O(n log n), where a matrix of pairs costs O(n^2) time and memory. Sums are float64; a difference above 709
    ``sigma`` overflows to infinity. There is one gradient and no second one. A NaN among ``risk`` makes loss and
    gradient NaN. Source: Lee et al., DeepHit, AAAI 2018, equation 8.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import ranking_loss
    >>> time, event = np.array([2.0, 4.0, 5.0]), np.array([True, False, True])
    >>> ranking_loss(np.array([1.0, 0.0, 0.0]), time, event).round(4)
    np.float64(0.3679)
    """
    check_dtype("risk", risk, ("float32", "float64"))
    check_same_dtype("time", time, "risk", risk)
    check_dtype("event", event, ("bool",))
    shape = tuple(risk.shape)  # type: ignore[attr-defined]
    if len(shape) != 1:
        raise ValueError(f"`risk` has shape {shape}; expected (n,)")
    check_shape("time", time, shape, "(n,)")
    check_shape("event", event, shape, "(n,)")
    if not 0 < sigma < math.inf:
        raise ValueError(f"`sigma` is {sigma}; expected a number > 0")
    run = _torch_op() if is_torch(risk) else native.core().ranking_loss
    loss, _ = run(_contiguous(risk), _contiguous(time), _contiguous(event), float(sigma))
    return loss  # type: ignore[no-any-return]


def _contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.ranking_loss


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::ranking_loss")
    def _(risk: Any, time: Any, event: Any, sigma: float) -> Any:
        return risk.new_empty(()), risk.new_empty(risk.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    def backward(ctx: Any, grad: Any, _: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return grad * gradient, None, None, None

    torch.library.register_autograd("marey::ranking_loss", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    if inputs["risk"].isnan().any():
        return []  # opcheck compares results, and NaN equals nothing
    operator = torch.ops.marey.ranking_loss.default
    return [(operator, (inputs["risk"], inputs["time"], inputs["event"], inputs.get("sigma", 1.0)))]


SPEC = register(
    OpSpec(
        name="survival.ranking_loss",
        function=ranking_loss,
        reference=reference,
        cases=(
            *common(large_risk=40.0),
            case("a small sigma", 77, "odd", tied=9, sigma=0.2),
            case("for gradients, distinct times", 12, "grad", sigma=0.7),
            case("larger", 1500, "threads", tied=300),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/survival/ranking_loss.cpp"},
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "sums over the pairs in another order, one rounding a row"),
            "float32": Tolerance(2e-6, 2e-5, "risks rounded to float32 move a pair's term by 6e-8 of the difference"),
        },
        missing="a NaN risk makes the result NaN; a NaN time is an error",
        differentiable=("risk",),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
