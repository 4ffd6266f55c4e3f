"""cox_partial_likelihood: the loss of a model whose output is a log hazard."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Inputs, OpSpec, Tolerance, register
from marey.reference.cox_partial_likelihood import cox_partial_likelihood as reference
from marey.survival._cases import case, common

__all__ = ["cox_partial_likelihood"]

ArrayT = TypeVar("ArrayT")

TIES = ("efron", "breslow")


@door("risk", "time", "event", "strata")
def cox_partial_likelihood(
    risk: ArrayT,
    time: ArrayT,
    event: ArrayT,
    strata: ArrayT | None = None,
    ties: Literal["efron", "breslow"] = "efron",
) -> ArrayT:
    r"""Cox's log partial likelihood of given log hazards, with a gradient: maximise it to train a model of risk.

    Parameters
    ----------
    risk : (n,)
        Log hazards, any constant apart, float32 or float64.
    time : (n,)
        Time of the event or of censoring, in the dtype of ``risk``.
    event : (n,) bool
        Whether the event was seen.
    strata : (n,) int64, optional
        Labels; rows are compared within their stratum alone. With the batch's number as label one call does many
        batches.
    ties : str
        ``"efron"`` or ``"breslow"``.

    Returns
    -------
    ()
        The log likelihood, summed over events; 0 without any. Divide its negative by ``event.sum()`` for a loss that
        does not grow with the batch.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``ties`` does not fit, or a time is NaN (with tensors the latter is a RuntimeError, told
        by the operation itself, so that it can be compiled).

    Notes
    -----
    With the rows at risk at an event's time, :math:`R = \{j : t_j \ge t\}`, and the :math:`d` events :math:`D` at it:
    :math:`\ell = \sum_{i \in D} \eta_i - \sum_{k=0}^{d-1} \log(\sum_R e^{\eta_j} - f_k \sum_D e^{\eta_j})` with
    :math:`f_k = k / d` (Efron, J Am Stat Assoc 72:557, 1977) or 0 (Breslow). The gradient is the martingale residual,
    :math:`\mathrm{event}_i - e^{\eta_i} A_i` with the hazard :math:`A_i` that row :math:`i` was exposed to, in closed
    form: one sort and two passes, O(n log n), give both; no matrix of risk sets is made. Sums are float64. There is one
    gradient and no second one. A NaN among ``risk`` makes likelihood and gradient NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.survival import cox_partial_likelihood
    >>> time, event = np.array([1.0, 1, 6, 6, 8, 9]), np.array([True, False, True, True, False, True])
    >>> cox_partial_likelihood(np.zeros(6), time, event, ties="breslow").round(6)
    np.float64(-4.564348)
    """
    _check(risk, time, event, strata, ties)
    arguments = (
        _contiguous(risk),
        _contiguous(time),
        _contiguous(event),
        None if strata is None else _contiguous(strata),
    )
    run = _torch_op() if is_torch(risk) else native.core().cox_partial_likelihood
    loglik, _ = run(*arguments, ties == "efron")
    return loglik  # type: ignore[no-any-return]


def _contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def _check(risk: Any, time: Any, event: Any, strata: Any, ties: str) -> None:
    check_dtype("risk", risk, ("float32", "float64"))
    check_same_dtype("time", time, "risk", risk)
    check_dtype("event", event, ("bool",))
    if risk.ndim != 1:
        raise ValueError(f"`risk` has shape {tuple(risk.shape)}; expected (n,)")
    check_shape("time", time, tuple(risk.shape), "(n,)")
    check_shape("event", event, tuple(risk.shape), "(n,)")
    if strata is not None:
        check_dtype("strata", strata, ("int64",))
        check_shape("strata", strata, tuple(risk.shape), "(n,)")
    if ties not in TIES:
        raise ValueError(f"`ties` is {ties!r}; expected one of {', '.join(map(repr, TIES))}")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.cox_partial_likelihood


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::cox_partial_likelihood")
    def _(risk: Any, time: Any, event: Any, strata: Any, efron: bool) -> Any:
        return risk.new_empty(()), risk.new_empty(risk.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    def backward(ctx: Any, grad: Any, _: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return grad * gradient, None, None, None, None

    torch.library.register_autograd("marey::cox_partial_likelihood", backward, setup_context=setup_context)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    operator = torch.ops.marey.cox_partial_likelihood.default
    if inputs["risk"].isnan().any():
        return []  # opcheck compares results, and NaN equals nothing
    strata, efron = inputs.get("strata"), inputs.get("ties", "efron") == "efron"
    return [(operator, (inputs["risk"], inputs["time"], inputs["event"], strata, efron))]


SPEC = register(
    OpSpec(
        name="survival.cox_partial_likelihood",
        function=cox_partial_likelihood,
        reference=reference,
        cases=(
            *common(large_risk=3000.0),
            case("tied times, Breslow", 77, "odd", tied=9, ties="breslow"),
            case("strata", 201, "odd", tied=40, strata=5),
            case("for gradients, strata, Breslow", 12, "grad", tied=3, strata=2, ties="breslow"),
            case("large", 20_000, "threads", tied=3000, strata=3),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/survival/cox_partial_likelihood.cpp"},
        tolerance={
            "float64": Tolerance(1e-12, 1e-12, "sums over the risk sets in another order, one rounding a row"),
            "float32": Tolerance(2e-6, 2e-5, "risks rounded to float32 move each event's term by 6e-8 of itself"),
        },
        missing="a NaN risk makes the result NaN; a NaN time is an error",
        differentiable=("risk",),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
