"""The Kalman operators in torch: how they are called, their fake kernels and gradients."""

from __future__ import annotations

from typing import Any

from marey.state_space._problem import Problem
from marey.state_space.models import Model

__all__ = ["call", "register_filter", "register_loglik", "register_smoother"]


def call(name: str, problem: Problem, model: Model | None, *options: Any) -> Any:
    """Calls ``torch.ops.marey.<name>``. Where a gradient goes through a model, its F and Q go in as arrays."""
    import torch

    if model is not None and torch.is_grad_enabled() and any(getattr(a, "requires_grad", False) for a in problem):
        problem = _discretized(problem, model)
    return getattr(torch.ops.marey, name)(*problem, *options)


def _discretized(problem: Problem, model: Model) -> Problem:
    import torch

    dt = problem.dt.double()
    if not problem.continued:  # the first gap is not used, and must not reach a gradient
        dt = torch.cat([torch.zeros_like(dt[:, :1]), dt[:, 1:]], 1)
    dt = torch.where(dt >= 0, dt, torch.nan)
    p0, p1 = problem.parameters.unbind(-1)
    F, Q = Model(model.name, model.n, model.kind, (p0, p1)).discretize(dt)
    return problem._replace(F=F.contiguous(), Q=Q.contiguous(), dt=None, parameters=None, model=0)


def _fake_loglik(y: Any, F: Any, H: Any, Q: Any, R: Any, x0: Any, *rest: Any) -> Any:
    return x0.new_empty((y.shape[0],))


def _fake_filter(y: Any, F: Any, H: Any, Q: Any, R: Any, x0: Any, P0: Any, mask: Any, *rest: Any) -> Any:
    (B, _, T), n, model = y.shape, x0.shape[1], rest[2]
    shared = B > 0 and model == 0 and mask is None and all(a.shape[0] == 1 for a in (F, H, Q, R, P0))
    cov = x0.new_empty((1 if shared else B, n, n, T)) if rest[-1] else x0.new_empty((0,))
    return x0.new_empty((B, n, T)), cov, x0.new_empty((B,))


def _fake_smoother(y: Any, F: Any, H: Any, Q: Any, R: Any, x0: Any, *rest: Any) -> Any:
    (B, _, T), n = y.shape, x0.shape[1]
    cov = x0.new_empty((B, n, n, T)) if rest[-1] else x0.new_empty((0,))
    return x0.new_empty((B, n, T)), cov, x0.new_empty((B,))


def _save(ctx: Any, inputs: Any, output: Any) -> None:
    y, F, H, Q, R, x0, P0, mask, _, _, model, ctx.continued = inputs[:12]
    if model:
        raise RuntimeError("the kernels' own models have no gradient; call the public function")
    ctx.save_for_backward(y, F, H, Q, R, x0, P0, mask)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, grad_mean: Any, grad_cov: Any, grad_loglik: Any) -> tuple[Any, ...]:
    import torch

    incoming = (None if g is None else g.contiguous() for g in (grad_mean, grad_cov, grad_loglik))
    return (
        *torch.ops.marey.kalman_loglik_backward(*incoming, *ctx.saved_tensors, ctx.continued),
        *(None,) * 5,
    )


def _no_backward(ctx: Any, *gradients: Any) -> Any:
    raise RuntimeError("kalman_smoother has no gradient; use kalman_filter or kalman_loglik, which have one")


def register_filter() -> None:
    """Registers the fake kernel and the gradient of ``kalman_filter``."""
    import torch

    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return (*_backward(ctx, *gradients), None)

    torch.library.register_fake("marey::kalman_filter", _fake_filter)
    torch.library.register_autograd("marey::kalman_filter", backward, setup_context=_save)


def register_smoother() -> None:
    """Registers the fake kernel of ``kalman_smoother``, and that it has no gradient."""
    import torch

    torch.library.register_fake("marey::kalman_smoother", _fake_smoother)
    torch.library.register_autograd("marey::kalman_smoother", _no_backward)


def register_loglik() -> None:
    """Registers the fake kernels and the gradient of ``kalman_loglik``."""
    import torch

    torch.library.register_fake("marey::kalman_loglik", _fake_loglik)

    @torch.library.register_fake("marey::kalman_loglik_backward")
    def _(grad_mean: Any, grad_cov: Any, grad_loglik: Any, *arguments: Any) -> Any:
        return tuple(a.new_empty(a.shape) for a in arguments[:7])

    def backward(ctx: Any, grad_loglik: Any) -> tuple[Any, ...]:
        return _backward(ctx, None, None, grad_loglik)

    torch.library.register_autograd("marey::kalman_loglik", backward, setup_context=_save)
