"""kalman_smoother: the state of many linear Gaussian series, given each one whole."""

from __future__ import annotations

from typing import Any

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Inputs, OpSpec, register
from marey.reference.kalman_smoother import kalman_smoother as reference
from marey.state_space import _cases
from marey.state_space._problem import ARRAYS, Estimate, as_problem, named
from marey.state_space._torch import call, register_smoother
from marey.state_space.kalman_filter import shaped
from marey.state_space.models import Model

__all__ = ["kalman_smoother"]


def kalman_smoother(
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
    steps: int = 0,
    continued: bool = False,
    cov: bool = True,
) -> Estimate:
    r"""Mean and covariance of the state at each step given all observations, before and after it.

    Parameters
    ----------
    y, F, H, Q, R, x0, P0, mask, dt, steps, continued, cov
        As of :func:`~marey.state_space.kalman_filter`.

    Returns
    -------
    mean : (B, n, T)
        Smoothed means; at the last step those of the filter.
    cov : (B, n, n, T)
        Smoothed covariances.
    loglik : (B,)
        Log-likelihood of each series, as of the filter.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a model does not fit, before any work is done.
    RuntimeError
        In torch, where a gradient is asked of the result: take that of the filter or of its log-likelihood.

    Notes
    -----
    The estimate of Rauch, Tung and Striebel (AIAA J. 3:1445, 1965) by the backward recursion of de Jong
    (JASA 84:1085, 1989), which inverts no covariance: with :math:`r_t, N_t` gathered from later innovations,
    :math:`\hat x_t = x_{t|t} + P_{t|t} r_t` and :math:`\hat P_t = P_{t|t} - P_{t|t} N_t P_{t|t}`. A series that
    fails is NaN as a whole. Memory beyond the result: one state for every 64 steps.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.state_space import kalman_smoother
    >>> one = np.ones((1, 1))
    >>> y = np.array([[80.0, 81.0, np.nan, 82.0]])
    >>> mean, cov, loglik = kalman_smoother(y, one, one, 0.1 * one, one, np.array([80.0]), one, mask=~np.isnan(y))
    >>> mean.round(2)
    array([[80.63, 80.76, 80.87, 80.97]])
    """
    model = named(F, Q, dt)
    arrays = (y, None if model else F, H, Q, R, x0, P0, mask, dt)
    return Estimate(*_run(*arrays, model=model, steps=steps, continued=continued, cov=cov))


@door(*ARRAYS, halves=("y",))
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
    steps: int,
    continued: bool,
    cov: bool,
) -> tuple[Any, ...]:
    problem = as_problem(y, F, H, Q, R, x0, P0, mask, dt, model, steps, continued)
    if is_torch(y):
        result = call("kalman_smoother", problem, model, bool(cov))
    else:
        result = native.core().kalman_smoother(*problem, True, bool(cov))
    return shaped(result, alone=y.ndim == 2, cov=cov)


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    return [(torch.ops.marey.kalman_smoother.default, (*_cases.problem(inputs), True))]


SPEC = register(
    OpSpec(
        name="state_space.kalman_smoother",
        function=kalman_smoother,
        reference=reference,
        cases=(*_cases.estimates(), *_cases.models(), *_cases.BENCH),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/state_space/kalman_smoother.kernel.cpp",
            "cuda": "cuda/kernels/kalman_smoother.cu",
        },
        tolerance=_cases.TOLERANCE,
        halves=("y",),
        missing="masked values are not read; an observed NaN fails its series, and only it, as a whole",
        register_torch=register_smoother,
        torch_calls=_torch_calls,
        batched=("y", "x0", "P0", "mask"),
    )
)
