"""kalman_loglik: how likely each series is under a linear Gaussian model, with its gradient."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Inputs, OpSpec, register
from marey.reference.kalman_loglik import kalman_loglik as reference
from marey.state_space import _cases
from marey.state_space._problem import ARRAYS, as_problem, named
from marey.state_space._torch import call, register_loglik
from marey.state_space.models import Model

__all__ = ["kalman_loglik"]


def kalman_loglik(
    y: Any,
    F: Any,
    H: Any,
    Q: Any,
    R: Any,
    x0: Any,
    P0: Any,
    *,
    mask: Any = None,
    dt: Any = None,
    continued: bool = False,
) -> Any:
    r"""Log-likelihood of each series' observations, the state integrated out.

    .. math:: \log p(y) = -\tfrac12 \sum_t \left( m_t \log 2\pi + \log\det S_t + v_t^\top S_t^{-1} v_t \right)

    with :math:`v_t` the innovation at step t, of covariance :math:`S_t` and :math:`m_t` observed outputs.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, mask, dt, continued
        As of :func:`~marey.state_space.kalman_filter`.

    Returns
    -------
    (B,)
        Log-likelihoods, in the dtype of ``x0``; NaN for a series that fails.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a model does not fit, before any work is done.

    Notes
    -----
    In torch, gradients reach ``y``, ``F``, ``H``, ``Q``, ``R``, ``x0``, ``P0``, ``dt`` and a model's parameters by one
    sweep back in time, in closed form (the adjoint of each scalar update), whose memory is one state for every 64
    steps. A failed series passes on NaN, or zero where its own log-likelihood has no weight: ``loglik[ok].sum()`` is
    trained on safely. Prediction error decomposition: Schweppe, IEEE Trans. Inf. Theory 11:61, 1965.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.state_space import kalman_loglik
    >>> one = np.ones((1, 1))
    >>> y = np.array([[80.0, 81.0, 82.0]])
    >>> float(kalman_loglik(y, one, one, 0.1 * one, one, np.array([80.0]), one).round(3))
    -4.74
    """
    model = named(F, Q, dt)
    return _run(y, None if model else F, H, Q, R, x0, P0, mask, dt, model=model, continued=continued)


@door(*ARRAYS)
def _run(
    y: Any,
    F: Any,
    H: Any,
    Q: Any,
    R: Any,
    x0: Any,
    P0: Any,
    mask: Any,
    dt: Any,
    *,
    model: Model | None,
    continued: bool,
) -> Any:
    problem = as_problem(y, F, H, Q, R, x0, P0, mask, dt, model, 0, continued)
    if is_torch(y):
        loglik = call("kalman_loglik", problem, model)
    else:
        loglik = native.core().kalman_filter(*problem, False, False)[2]
    return loglik.reshape(()) if y.ndim == 2 else loglik


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    problem = _cases.problem(inputs)
    if problem.model:  # the operator has no gradient through a model: the public function then passes F and Q
        return []
    y, F, H, Q, R, x0, P0, mask, *_ = problem
    B, T, n = y.shape[0], y.shape[2], x0.shape[1]
    ones = [x0.new_ones(shape) for shape in ((B, n, T), (B, n, n, T), (B,))]
    backward = (*ones, y, F, H, Q, R, x0, P0, mask, problem.continued)
    return [
        (torch.ops.marey.kalman_loglik.default, tuple(problem)),
        (torch.ops.marey.kalman_loglik_backward.default, backward),
    ]


SPEC = register(
    OpSpec(
        name="state_space.kalman_loglik",
        function=kalman_loglik,
        reference=reference,
        cases=(*_cases.logliks(), *_cases.models(), *_cases.BENCH),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/state_space/kalman_loglik.kernel.cpp",
            "cuda": "cuda/kernels/kalman_loglik_backward.cu",
        },
        tolerance=_cases.TOLERANCE,
        missing="masked values are not read; an observed NaN makes its series NaN, and only it",
        differentiable=_cases.DIFFERENTIABLE,
        register_torch=register_loglik,
        torch_calls=_torch_calls,
        batched=("y", "x0", "P0", "mask"),
    )
)
