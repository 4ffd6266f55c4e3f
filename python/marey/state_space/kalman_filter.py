"""kalman_filter: the state of many linear Gaussian series, given each one's past."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Chunks, Inputs, OpSpec, register
from marey.reference.kalman_filter import kalman_filter as reference
from marey.state_space import _cases
from marey.state_space._problem import ARRAYS, Estimate, as_problem, named
from marey.state_space._torch import call, register_filter
from marey.state_space.models import Model

__all__ = ["kalman_filter"]


def kalman_filter(
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
    r"""Mean and covariance of the state at each step given all observations so far, and their log-likelihood.

    .. math:: x_t = F_t x_{t-1} + \mathcal{N}(0, Q_t), \qquad y_t = H_t x_t + \mathcal{N}(0, R_t)

    Parameters
    ----------
    y : (B, m, T), or (m, T) for one series
        Observations, float32 or float64.
    F, Q : (n, n)
        Transition to a step from the one before, and covariance of its noise; with (B, ...), (T, ...) or (B, T, ...)
        before it where it differs by series or step. A :class:`~marey.state_space.models.Model` as ``F``, with ``Q``
        None, gives both for each gap ``dt``.
    H, R : (m, n), (m, m)
        Observation matrix and covariance of its noise; may differ by series or step likewise.
    x0, P0 : (n,), (n, n), or (B, n), (B, n, n)
        Mean and covariance of the state before the first observation's update: at the first step, not before it.
        They may be float64 beside float32 observations; the result is in their dtype.
    mask : (B, T) or (B, m, T), optional
        Boolean; False where nothing, or that output, was observed. What ``y`` holds there is not read.
    dt : (B, T) or (T,), with a model
        Time since the step before, >= 0. ``inf`` forgets the state of ``ou`` and the Matern models.
    steps
        So many steps more after the last, none observed: a forecast. ``dt`` and matrices by step cover them too.
    continued
        ``x0, P0`` are the filtered state of a step before the first, so that its prediction comes first; without it
        ``F``, ``Q`` and ``dt`` of the first step are not used.
    cov
        Whether covariances are wanted; without them ``cov`` is None.

    Returns
    -------
    mean : (B, n, T)
        Filtered means.
    cov : (B, n, n, T)
        Filtered covariances. Where no matrix or mask differs between series, nor do these: they are then one
        read-only array seen by all.
    loglik : (B,)
        Log-likelihood of each series. The result also has ``status``: -1, or the step at which a series failed.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or a model does not fit, before any work is done.

    Notes
    -----
    Missing values are said by ``mask`` alone: an observed NaN fails its series (see
    :attr:`~marey.state_space.Estimate.status`), as does an innovation whose variance is not positive and finite. Other
    series keep their bits. ``Q``, ``R`` and ``P0`` enter by their symmetric parts. Observations are decorrelated by
    the Cholesky factor of ``R`` and taken in one scalar at a time in Joseph's form (Koopman and Durbin, J. Time Series
    Anal. 21:281, 2000; Bucy and Joseph 1968), in float64 whatever the dtype. A series cut in chunks, each continued
    from the last filtered state of the one before in float64, equals the whole bit for bit; logliks add up. In torch,
    gradients reach ``y``, ``F``, ``H``, ``Q``, ``R``, ``x0``, ``P0``, ``dt`` and a model's parameters.

    Examples
    --------
    Body weight by a shaky scale, a day missing, and tomorrow's:

    >>> import numpy as np
    >>> from marey.state_space import kalman_filter
    >>> one = np.ones((1, 1))
    >>> y = np.array([[80.0, 81.0, np.nan, 82.0]])
    >>> seen = ~np.isnan(y)
    >>> mean, cov, loglik = kalman_filter(y, one, one, 0.1 * one, one, np.array([80.0]), one, mask=seen, steps=1)
    >>> mean.round(2)
    array([[80.  , 80.38, 80.38, 80.97, 80.97]])
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
        result = call("kalman_filter", problem, model, bool(cov))
    else:
        result = native.core().kalman_filter(*problem, True, bool(cov))
    return shaped(result, alone=y.ndim == 2, cov=cov)


def shaped(result: tuple[Any, ...], *, alone: bool, cov: bool) -> tuple[Any, ...]:
    """The result of a batch, or of the one series in it."""
    mean, covariance, loglik = result
    if cov and covariance.shape[0] != mean.shape[0]:
        shape = (mean.shape[0], *covariance.shape[1:])
        covariance = covariance.expand(shape) if is_torch(covariance) else np.broadcast_to(covariance, shape)
    if alone:
        mean, loglik = mean.reshape(mean.shape[1:]), loglik.reshape(())
        covariance = covariance.reshape(covariance.shape[1:]) if cov else None
    return mean, covariance if cov else None, loglik


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    problem = _cases.problem(inputs)
    # The operator has no gradient through a model: the public function then passes F and Q.
    return [] if problem.model else [(torch.ops.marey.kalman_filter.default, (*problem, True))]


def _carry(first: Inputs, result: tuple[Any, ...]) -> Inputs:
    if first["y"].shape[-1] == 0:
        return {name: first[name] for name in ("x0", "P0")} | {"continued": first.get("continued", False)}
    return {"x0": result[0][..., -1], "P0": result[1][..., -1], "continued": True}


SPEC = register(
    OpSpec(
        name="state_space.kalman_filter",
        function=kalman_filter,
        reference=reference,
        cases=(*_cases.estimates(), *_cases.models(), *_cases.BENCH),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/state_space/kalman_filter.kernel.cpp",
            "cuda": "cuda/kernels/kalman_filter.cu",
        },
        tolerance=_cases.TOLERANCE,
        halves=("y",),
        missing="masked values are not read; an observed NaN fails its series, and only it, from that step on",
        differentiable=_cases.DIFFERENTIABLE,
        register_torch=register_filter,
        torch_calls=_torch_calls,
        chunks=Chunks(
            _cases.split, lambda inputs: inputs["y"].shape[-1], ("x0", "P0"), None, joined=(0, 1), carry=_carry
        ),
        batched=("y", "x0", "P0", "mask"),
    )
)
