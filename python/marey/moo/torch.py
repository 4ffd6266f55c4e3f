"""The exact hypervolume of torch tensors, as a term of a loss."""

from __future__ import annotations

from typing import Any

from marey._runtime.doors import is_torch
from marey.moo.hypervolume import hypervolume as _hypervolume

__all__ = ["hypervolume"]


def hypervolume(Y: Any, ref: Any) -> Any:
    """:func:`marey.moo.hypervolume` of tensors: exact, batched, differentiable in `Y` and in `ref`.

    Parameters
    ----------
    Y : (..., N, d) torch.Tensor
        Objective values, minimised, one point a row; leading axes are separate sets.
    ref : (d,) torch.Tensor or array_like
        Reference point.

    Returns
    -------
    (...) torch.Tensor

    Raises
    ------
    TypeError
        If `Y` is no tensor, or on a GPU.
    ValueError
        If a shape does not fit, `Y` holds a NaN or `ref` is not finite.

    Examples
    --------
    >>> import torch
    >>> from marey.moo.torch import hypervolume
    >>> Y = torch.tensor([[1.0, 3.0], [2.0, 1.0]], requires_grad=True)
    >>> hypervolume(Y, [4.0, 4.0]).backward()
    >>> Y.grad
    tensor([[-1., -1.],
            [-2., -2.]])
    """
    if not is_torch(Y):
        raise TypeError(
            f"`Y` is {type(Y).__name__}; expected a torch.Tensor: for arrays there is marey.moo.hypervolume"
        )
    return _hypervolume(Y, ref)
