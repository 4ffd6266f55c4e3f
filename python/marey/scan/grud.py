"""grud: the gated recurrent unit whose inputs and state decay through the time since a variable was last seen."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Chunks, Inputs, OpSpec, Tolerance, register
from marey._runtime.triton_ops import register_triton
from marey.reference.grud import grud as reference

__all__ = ["GRUDParams", "grud"]

ArrayT = TypeVar("ArrayT")


class GRUDParams(NamedTuple):
    """Weights of :func:`grud` for D variables and H hidden units; the three gates r, z and candidate lie one after
    another, as in `torch.nn.GRU`.

    Attributes
    ----------
    W : (3 H, D)
        Of the (decayed) inputs.
    U : (3 H, H)
        Of the (decayed) hidden state.
    V : (3 H, D)
        Of the mask.
    b : (3 H,)
    w_x, b_x : (D,)
        Of the decay of the inputs.
    W_h : (H, D)
        Of the decay of the hidden state.
    b_h : (H,)
    """

    W: Any
    U: Any
    V: Any
    b: Any
    w_x: Any
    b_x: Any
    W_h: Any
    b_h: Any


def grud(
    x: ArrayT,
    mask: Any,
    dt: Any,
    x_mean: Any,
    params: GRUDParams,
    h0: Any = None,
    *,
    x_last: Any = None,
    age: Any = None,
    offsets: Any = None,
) -> tuple[ArrayT, Any, Any, Any]:
    r"""A gated recurrent unit for irregular, incompletely observed series (GRU-D).

    With :math:`\delta_t` the time since each variable was last seen, :math:`m` the mask and :math:`x'` the last value,

    .. math::
        \gamma_x &= e^{-\max(0,\, w_x \delta_t + b_x)}, \qquad \gamma_h = e^{-\max(0,\, W_h \delta_t + b_h)} \\
        \hat x &= m\, x_t + (1 - m) (\gamma_x x' + (1 - \gamma_x)\, \bar x), \qquad \hat h = \gamma_h h_{t-1} \\
        r &= \sigma(W_r \hat x + U_r \hat h + V_r m + b_r), \qquad z = \sigma(W_z \hat x + U_z \hat h + V_z m + b_z) \\
        h_t &= (1 - z)\, \hat h + z \tanh(W_c \hat x + U_c (r \hat h) + V_c m + b_c)

    Parameters
    ----------
    x : (..., D, T), or (D, total) with ``offsets``
        Values, float32 or float64; not read where ``mask`` is False, and may be NaN there.
    mask : like ``x``
        Boolean: what was observed.
    dt : (..., T), or (total,) with ``offsets``
        Time since the step before, finite, in any unit. The first counts from where ``h0``, ``x_last`` and ``age``
        stood; 0 for a fresh series.
    x_mean : (D,)
        What an unseen value decays to.
    params : GRUDParams
    h0 : (..., H), or (S, H) with ``offsets``, optional
        State before the first step; zero if left out.
    x_last : (..., D), or (S, D), optional
        Values last observed before the first step; ``x_mean`` if left out.
    age : (..., D), or (S, D), optional
        Time since then; zero if left out.
    offsets : (S + 1,) int64, optional
        Packed series: series ``s`` is ``x[:, offsets[s]:offsets[s + 1]]``.

    Returns
    -------
    h : (..., H, T), or (H, total)
        State after each step.
    hT, x_last, age : (..., H), (..., D), (..., D), or (S, H), (S, D), (S, D)
        State after the last step, last observed values and their age: what the next part of the stream needs.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype or ``offsets`` does not fit, before any work is done.

    Notes
    -----
    Che et al., Recurrent neural networks for multivariate time series with missing values, Sci Rep 8:6085, 2018, eqs. 3
    to 12. In torch, gradients reach all floating arguments from all results. An observed NaN stays in the state.

    Examples
    --------
    One variable, seen at hours 0 and 5; a hidden unit that forgets by half in an hour:

    >>> import numpy as np
    >>> from marey.scan import GRUDParams, grud
    >>> one, zero = np.ones((3, 1)), np.zeros((3, 1))
    >>> params = GRUDParams(one, zero, zero, np.zeros(3), np.ones(1), np.zeros(1), np.log([[2.0]]), np.zeros(1))
    >>> x, mask = np.array([[1.0, np.nan, 2.0]]), np.array([[True, False, True]])
    >>> h, hT, x_last, age = grud(x, mask, np.array([0.0, 1.0, 4.0]), np.zeros(1), params)
    >>> h.round(2), x_last, age
    (array([[0.56, 0.32, 0.85]]), array([2.]), array([0.]))
    """
    return _grud(x, mask, dt, x_mean, *params, h0=h0, x_last=x_last, age=age, offsets=offsets)


@door("x", "mask", "dt", "x_mean", *GRUDParams._fields, "h0", "x_last", "age", "offsets", halves=("x",))
def _grud(
    x: ArrayT,
    mask: Any,
    dt: Any,
    x_mean: Any,
    W: Any,
    U: Any,
    V: Any,
    b: Any,
    w_x: Any,
    b_x: Any,
    W_h: Any,
    b_h: Any,
    h0: Any = None,
    x_last: Any = None,
    age: Any = None,
    offsets: Any = None,
) -> tuple[ArrayT, Any, Any, Any]:
    params = GRUDParams(W, U, V, b, w_x, b_x, W_h, b_h)
    hidden, leading = _check(x, mask, dt, x_mean, params, h0, x_last, age, offsets)
    *_, variables, length = x.shape  # type: ignore[attr-defined]
    batch = 1 if offsets is not None else math.prod(leading)

    def rows(array: Any, *shape: int) -> Any:
        return None if array is None else _contiguous(array).reshape(math.prod(leading), *shape)

    arrays = (
        _contiguous(x).reshape(batch, variables, length),
        _contiguous(mask).reshape(batch, variables, length),
        _contiguous(dt).reshape(batch, length),
        *map(_contiguous, (x_mean, *params)),
        rows(h0, hidden),
        rows(x_last, variables),
        rows(age, variables),
        None if offsets is None else _contiguous(offsets),
    )
    if is_torch(x):
        import torch

        save = torch.is_grad_enabled() and any(a is not None and a.requires_grad for a in arrays)
        h, hT, last, since, _ = torch.ops.marey.grud(*arrays, save)
    else:
        h, hT, last, since = native.core().grud(*arrays)
    h = h.reshape((*leading, hidden, length) if offsets is None else (hidden, length))
    return h, hT.reshape((*leading, hidden)), *(a.reshape((*leading, variables)) for a in (last, since))


_grud.__doc__ = grud.__doc__


def _contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def _check(
    x: Any, mask: Any, dt: Any, x_mean: Any, params: GRUDParams, h0: Any, x_last: Any, age: Any, offsets: Any
) -> tuple[int, tuple[int, ...]]:
    """H, and the shape that states have before their last axis."""
    check_dtype("x", x, ("float32", "float64"))
    if x.ndim < 2:
        raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (..., D, T)")
    *leading, D, length = x.shape
    check_dtype("mask", mask, ("bool",))
    check_shape("mask", mask, tuple(x.shape), "(..., D, T)")
    check_shape("dt", dt, (*leading, length), "(..., T)")
    check_shape("x_mean", x_mean, (D,), "(D,)")
    if params.U.ndim != 2:
        raise ValueError(f"`U` has shape {tuple(params.U.shape)}; expected (3 H, H)")
    H = params.U.shape[1]
    shapes = ((3 * H, D), (3 * H, H), (3 * H, D), (3 * H,), (D,), (D,), (H, D), (H,))
    told = ("(3 H, D)", "(3 H, H)", "(3 H, D)", "(3 H,)", "(D,)", "(D,)", "(H, D)", "(H,)")
    for name, weight, shape, meaning in zip(params._fields, params, shapes, told, strict=True):
        check_shape(name, weight, shape, meaning)
    if offsets is not None:
        check_dtype("offsets", offsets, ("int64",))
        if leading:
            raise ValueError(f"`x` has shape {tuple(x.shape)}; expected (D, total) with `offsets`")
        if offsets.ndim != 1 or offsets.shape[0] < 1:
            raise ValueError(f"`offsets` has shape {tuple(offsets.shape)}; expected (S + 1,)")
        leading = [offsets.shape[0] - 1]
    series = "..." if offsets is None else "S"
    for name, state, size, unit in (("h0", h0, H, "H"), ("x_last", x_last, D, "D"), ("age", age, D, "D")):
        if state is not None:
            check_shape(name, state, (*leading, size), f"({series}, {unit})")
    floating = {"dt": dt, "x_mean": x_mean, **params._asdict(), "h0": h0, "x_last": x_last, "age": age}
    for name, array in floating.items():
        if array is not None:
            check_same_dtype(name, array, "x", x)
    return H, tuple(leading)


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::grud")
    def _(x: Any, mask: Any, dt: Any, x_mean: Any, W: Any, U: Any, *rest: Any) -> Any:
        (B, D, T), H, offsets, save = x.shape, U.shape[1], rest[-2], rest[-1]
        series = B if offsets is None else offsets.shape[0] - 1
        width = 3 * (-(-D // 16) * 16) + 5 * (-(-H // 16) * 16)
        shapes = ((B, H, T), (series, H), (series, D), (series, D), (B * T if save else 0, width))
        return tuple(x.new_empty(shape) for shape in shapes)

    @torch.library.register_fake("marey::grud_backward")
    def _(grad_h: Any, grad_hT: Any, grad_x_last: Any, grad_age: Any, saved: Any, x_mean: Any, *rest: Any) -> Any:
        (B, _, T), D = grad_h.shape, x_mean.shape[0]
        W, U, V, b, w_x, b_x, W_h, b_h, *_ = rest
        like = (x_mean, W, U, V, b, w_x, b_x, W_h, b_h, grad_hT, grad_x_last, grad_age)
        return (grad_h.new_empty((B, D, T)), grad_h.new_empty((B, T)), *(a.new_empty(a.shape) for a in like))

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *_, x_mean, W, U, V, b, w_x, b_x, W_h, b_h, h0, x_last, age, offsets, save = inputs
        ctx.given = h0 is not None, x_last is not None, age is not None
        ctx.saved = save
        ctx.shapes = [result.shape for result in output[:4]]
        ctx.set_materialize_grads(False)  # zeros for what was saved would cost as much as the forward pass
        ctx.save_for_backward(output[4], x_mean, W, U, V, b, w_x, b_x, W_h, b_h, offsets)

    def backward(ctx: Any, grad_h: Any, grad_hT: Any, grad_x_last: Any, grad_age: Any, _: Any) -> Any:
        if not ctx.saved:
            raise RuntimeError("marey::grud was called with save=False: nothing was kept for its gradient")
        saved, *weights, offsets = ctx.saved_tensors
        pairs = zip((grad_h, grad_hT, grad_x_last, grad_age), ctx.shapes, strict=True)
        grads = (saved.new_zeros(shape) if g is None else g.contiguous() for g, shape in pairs)
        x, dt, *of_weights, h0, x_last, age = torch.ops.marey.grud_backward(
            *grads, saved, *weights, offsets, ctx.given[1]
        )
        states = (g if given else None for g, given in zip((h0, x_last, age), ctx.given, strict=True))
        return x, None, dt, *of_weights, *states, None, None

    torch.library.register_autograd("marey::grud", backward, setup_context=setup_context)
    for operator in ("grud", "grud_backward"):
        register_triton(operator, "marey.scan._triton.grud")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    packed = "offsets" in inputs

    def axis(name: str, ndim: int) -> Any:
        array = inputs.get(name)
        return array if array is None or array.ndim == ndim else array[None]

    weights = [inputs[name] for name in ("x_mean", *GRUDParams._fields)]
    states = [inputs.get(name) if packed else axis(name, 2) for name in ("h0", "x_last", "age")]
    args = (axis("x", 3), axis("mask", 3), axis("dt", 2), *weights, *states, inputs.get("offsets"), True)
    *results, saved = torch.ops.marey.grud(*args)
    grads = [torch.ones_like(r) for r in results]
    return [
        (torch.ops.marey.grud.default, args),
        (
            torch.ops.marey.grud_backward.default,
            (*grads, saved, *weights, inputs.get("offsets"), inputs.get("x_last") is not None),
        ),
    ]


def _inputs(
    rng: np.random.Generator, *shape: int, hidden: int, state: bool = True, sizes: tuple[int, ...] = ()
) -> Inputs:
    *leading, D, T = shape
    H = hidden

    def uniform(*size: int, scale: float = 1.0) -> Any:
        return rng.uniform(-scale, scale, size)

    mask = rng.random(shape) < 0.5
    inputs: Inputs = {
        "x": np.where(mask, rng.normal(size=shape), np.nan),
        "mask": mask,
        "dt": rng.exponential(size=(*leading, T)),
        "x_mean": rng.normal(size=D),
        "W": uniform(3 * H, D, scale=max(D, 1) ** -0.5),
        "U": uniform(3 * H, H, scale=max(H, 1) ** -0.5),
        "V": uniform(3 * H, D, scale=max(D, 1) ** -0.5),
        "b": uniform(3 * H),
        "w_x": uniform(D),
        "b_x": uniform(D, scale=0.2),
        "W_h": uniform(H, D, scale=max(D, 1) ** -0.5),
        "b_h": uniform(H, scale=0.2),
    }
    if sizes:
        inputs["offsets"] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if state:
        lead = (len(sizes),) if sizes else leading
        inputs |= {
            "h0": uniform(*lead, H),
            "x_last": rng.normal(size=(*lead, D)),
            "age": rng.exponential(size=(*lead, D)),
        }
    return inputs


def _split(inputs: Inputs, t: int) -> tuple[Inputs, Inputs]:
    along = ("x", "dt", "mask")
    first = {name: a[..., :t] if name in along else a for name, a in inputs.items()}
    second = {name: a[..., t:] if name in along else a for name, a in inputs.items()}
    return first, second


def _case(name: str, *shape: int, tags: str = "", **options: Any) -> Case:
    return Case(name, lambda rng: _inputs(rng, *shape, **options), frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="scan.grud",
        function=_grud,
        reference=reference,
        cases=(
            _case("plain", 3, 7, 37, hidden=11, tags="nan odd batch", state=False),
            _case("state", 11, 3, 35, hidden=19, tags="nan odd batch chunks"),
            _case("wide", 2, 40, 21, hidden=50, tags="nan odd batch chunks"),
            _case("one unit", 2, 1, 9, hidden=1, tags="odd batch chunks"),
            _case("one step", 2, 5, 1, hidden=4, tags="one batch"),
            _case("one series", 5, 20, hidden=6, tags="odd"),
            _case("no steps", 2, 5, 0, hidden=4, tags="empty"),
            _case("no variables", 2, 0, 7, hidden=4, tags="empty"),
            _case("no series", 0, 3, 7, hidden=4, tags="empty"),
            _case("packed", 5, 82, hidden=9, tags="nan odd", sizes=(7, 0, 1, 20, 12, 3, 3, 0, 17, 19)),
            _case("packed, no series", 4, 0, hidden=3, tags="empty", sizes=(0,)),
            _case("for gradients", 2, 3, 6, hidden=4, tags="grad"),
            _case("for gradients, fresh", 2, 2, 5, hidden=3, tags="grad", state=False),
            _case("for gradients, packed", 3, 9, hidden=3, tags="grad", sizes=(4, 0, 5)),
            _case("large", 40, 12, 60, hidden=24, tags="threads"),
            _case("large, packed", 12, 2400, hidden=24, tags="threads", sizes=(*range(60), 10, 620)),
            _case("64 x 200 x 32, hidden 64", 64, 32, 200, hidden=64, tags="bench", state=False),
            _case("2,000 stays of 75 steps, hidden 64", 37, 150_000, hidden=64, tags="bench", sizes=(75,) * 2000),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={"cpp": "csrc/src/scan/grud.kernel.cpp", "triton": "python/marey/scan/_triton/grud.py"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "a step of contracting gates rounds a hundred times at 1e-16"),
            "float32": Tolerance(4e-6, 4e-6, "a step of contracting gates rounds a hundred times at 6e-8"),
        },
        halves=("x",),
        missing="an observed NaN stays in the state; masked values are not read",
        differentiable=("x", "dt", "x_mean", *GRUDParams._fields, "h0", "x_last", "age"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
        chunks=Chunks(
            _split,
            lambda inputs: inputs["x"].shape[-1],
            ("h0", "x_last", "age"),
            1,
            joined=(0,),
            carry=lambda first, one: {"h0": one[1], "x_last": one[2], "age": one[3]},
            wide_state=False,
        ),
        batched=("x", "mask", "dt", "h0", "x_last", "age"),
    )
)
