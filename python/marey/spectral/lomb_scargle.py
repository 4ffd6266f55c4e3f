"""lomb_scargle: periodograms of unevenly sampled series, one or many."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.reference.lomb_scargle import lomb_scargle as reference

__all__ = ["lomb_scargle"]

_NORMALIZATIONS = ("standard", "model", "log", "psd")


@door("t", "y", "frequency", "dy", "offsets")
def lomb_scargle(
    t: Any,
    y: Any,
    frequency: Any,
    *,
    dy: Any = None,
    offsets: Any = None,
    fit_mean: bool = True,
    center_data: bool = True,
    normalization: Literal["standard", "model", "log", "psd"] = "standard",
    method: Literal["exact", "fast"] = "exact",
) -> Any:
    r"""How much of a series' variance a wave of each frequency explains.

    Parameters
    ----------
    t, y : (N,), or (S, N), or (total,) with ``offsets``
        Times, in any order, and values, float32 or float64. Give long times in float64.
    frequency : (F,)
        In cycles per unit of ``t``, >= 0. A regular grid (as of ``numpy.linspace``) is several times faster.
    dy : like ``y``, optional
        Standard errors, > 0: a point weighs ``dy ** -2``.
    offsets : (S + 1,) int64, optional
        Ragged series: series ``s`` is ``y[offsets[s]:offsets[s + 1]]``.
    fit_mean : bool
        Whether a constant is fitted beside each wave.
    center_data : bool
        Whether the weighted mean is subtracted first.
    normalization : str
        ``"standard"``: 0 to 1, :math:`P`; ``"model"``: :math:`P / (1 - P)`; ``"log"``: :math:`-\ln(1 - P)`; ``"psd"``:
        half the sum of squares that the wave explains, in units of ``y ** 2`` (of ``(y / dy) ** 2`` with ``dy``).
    method : str
        ``"exact"``: rounding only (1e-12). ``"fast"``: sums in float32, about 1e-6 of the largest power off. Gradients
        are those of the exact one.

    Returns
    -------
    power : (F,), or (S, F)
        In the dtype of ``y``.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    NaN and infinite points are left out. A series with fewer than three points, or without variance, is NaN; where the
    sine and the cosine are one wave at all times (0 Hz, half of an even rate), that wave is fitted.

    With weights :math:`w_i` of sum 1 and the mean removed where it is fitted: :math:`P = [SS\,YC^2 + CC\,YS^2 -
    2\,CS\,YC\,YS] / (YY\,D)`, :math:`D = CC\,SS - CS^2` (Zechmeister & Kuerster, A&A 496:577, 2009, eqs 4-12); the same
    as astropy's ``method="slow"``.

    Whatever the dtype, angles are formed in float64, and so are sums, but for those of ``"fast"``. In torch, gradients
    reach ``t``, ``y``, ``dy`` and ``frequency``; a point that is left out, and a series that is NaN, has 0. A GPU is
    not waited for: there a series is NaN where a ``dy`` is not > 0, and a frequency where it is not finite and >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.spectral import lomb_scargle
    >>> t = np.cumsum(np.random.default_rng(0).uniform(0.6, 1.2, 300))  # beats
    >>> y = 0.9 + 0.05 * np.sin(2 * np.pi * 0.25 * t)  # breathing, 15 a minute
    >>> frequency = np.linspace(0.01, 0.5, 50)
    >>> float(frequency[np.argmax(lomb_scargle(t, y, frequency))])
    0.25
    """
    shape = _check(t, y, frequency, dy, offsets, normalization, method)
    run = _torch_op() if is_torch(y) else native.core().lomb_scargle
    power, variance, total = run(
        _flat(t),
        _flat(y),
        None if dy is None else _flat(dy),
        _row_offsets(y) if offsets is None else _contiguous(offsets),
        _flat(frequency),
        fit_mean,
        center_data,
        method == "fast",
    )
    power = _normalized(power, variance, total, normalization).reshape(*shape, frequency.shape[0])
    return power.to(y.dtype) if is_torch(y) else power.astype(y.dtype, copy=False)


def _contiguous(array: Any) -> Any:
    return array.contiguous() if is_torch(array) else np.ascontiguousarray(array)


def _flat(array: Any) -> Any:
    if is_torch(array):
        return array.double().reshape(-1).contiguous()
    return np.ascontiguousarray(array, np.float64).reshape(-1)


def _row_offsets(y: Any) -> Any:
    """Of rows of one length."""
    series, points = (1, y.shape[0]) if y.ndim == 1 else y.shape
    if is_torch(y):
        import torch

        return torch.arange(series + 1, device=y.device) * points
    return np.arange(series + 1) * points


def _normalized(power: Any, variance: Any, total: Any, normalization: str) -> Any:
    if normalization == "standard":
        return power
    if normalization == "psd":
        return power * (0.5 * variance * total)[:, None]
    # Rounding apart no wave explains more than all; one through every point is infinite.
    if is_torch(power):
        power = power.clamp(max=1)
        return power / (1 - power) if normalization == "model" else -(-power).log1p()
    power = np.minimum(power, 1)
    with np.errstate(divide="ignore"):
        return power / (1 - power) if normalization == "model" else -np.log1p(-power)


def _check(t: Any, y: Any, frequency: Any, dy: Any, offsets: Any, normalization: str, method: str) -> tuple[int, ...]:
    for name, array in (("t", t), ("y", y), ("frequency", frequency), ("dy", dy)):
        if array is not None:
            check_dtype(name, array, ("float32", "float64"))
    check_shape("t", t, tuple(y.shape), "the shape of `y`")
    if dy is not None:
        check_shape("dy", dy, tuple(y.shape), "the shape of `y`")
    if frequency.ndim != 1:
        raise ValueError(f"`frequency` has shape {tuple(frequency.shape)}; expected (F,)")
    if normalization not in _NORMALIZATIONS:
        raise ValueError(f"`normalization` is {normalization!r}; expected one of {', '.join(_NORMALIZATIONS)}")
    if method not in ("exact", "fast"):
        raise ValueError(f"`method` is {method!r}; expected 'exact' or 'fast'")
    _check_values(frequency, dy)
    if offsets is None:
        if y.ndim not in (1, 2):
            raise ValueError(f"`y` has shape {tuple(y.shape)}; expected (N,), (S, N), or (total,) with `offsets`")
        return tuple(y.shape[:-1])
    check_dtype("offsets", offsets, ("int64",))
    if y.ndim != 1 or offsets.ndim != 1 or offsets.shape[0] < 1:
        raise ValueError(
            f"`y` has shape {tuple(y.shape)} and `offsets` {tuple(offsets.shape)}; expected (total,) and (S + 1,)"
        )
    return (offsets.shape[0] - 1,)


def _check_values(frequency: Any, dy: Any) -> None:
    if is_torch(frequency):
        import torch

        # A graph does not stop for values, and a GPU is not waited for: the operator looks at them.
        if torch.compiler.is_compiling() or frequency.device.type != "cpu":
            return
    if dy is not None and not bool((dy > 0).all()):
        raise ValueError("`dy` has a value that is not > 0; a point's weight is dy ** -2")
    if not bool(((frequency >= 0) & (frequency < float("inf"))).all()):
        raise ValueError("`frequency` has a value that is not finite and >= 0")


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.lomb_scargle


def _register_torch() -> None:
    import torch

    from marey._runtime.triton_ops import register_triton

    @torch.library.register_fake("marey::lomb_scargle")
    def _(t: Any, y: Any, dy: Any, offsets: Any, frequency: Any, fit_mean: bool, center: bool, fast: bool) -> Any:
        series = offsets.shape[0] - 1
        return y.new_empty((series, frequency.shape[0])), y.new_empty((series,)), y.new_empty((series,))

    @torch.library.register_fake("marey::lomb_scargle_backward")
    def _(
        grad_power: Any,
        grad_variance: Any,
        grad_total: Any,
        t: Any,
        y: Any,
        dy: Any,
        offsets: Any,
        frequency: Any,
        fit_mean: bool,
        center: bool,
    ) -> Any:
        grad_dy = y.new_empty(y.shape if dy is not None else (0,))
        return t.new_empty(t.shape), y.new_empty(y.shape), grad_dy, y.new_empty(grad_power.shape)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *tensors, ctx.fit_mean, ctx.center, _ = inputs
        ctx.save_for_backward(*tensors)

    def backward(ctx: Any, power: Any, variance: Any, total: Any) -> Any:
        tensors = ctx.saved_tensors
        grads = (power.contiguous(), variance.contiguous(), total.contiguous())
        t, y, dy, frequency = torch.ops.marey.lomb_scargle_backward(*grads, *tensors, ctx.fit_mean, ctx.center)
        return t, y, None if tensors[2] is None else dy, None, frequency.sum(0), None, None, None

    torch.library.register_autograd("marey::lomb_scargle", backward, setup_context=setup_context)
    for operator in ("lomb_scargle", "lomb_scargle_backward"):
        register_triton(operator, "marey.spectral._triton.lomb_scargle")


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    import torch

    t, y, dy = (None if inputs.get(name) is None else _flat(inputs[name]) for name in ("t", "y", "dy"))
    offsets = inputs["offsets"] if inputs.get("offsets") is not None else _row_offsets(inputs["y"])
    operator = torch.ops.marey.lomb_scargle.default
    arguments = (t, y, dy, offsets, _flat(inputs["frequency"]), True, True, False)
    told = any(part.isnan().any() for part in (t, y, *operator(*arguments)))
    return [] if told else [(operator, arguments)]  # opcheck compares by ==, and NaN equals nothing


_REGULAR = np.linspace(0.01, 0.5, 29)


def _case(
    name: str,
    lengths: int | tuple[int, ...],
    tags: str,
    *,
    frequency: Any = _REGULAR,
    weighted: bool = False,
    gaps: bool = False,
    rows: int = 0,
    **options: Any,
) -> Case:
    """Beats of a heart that breathes: series of these lengths, or ``rows`` of one."""

    def make(rng: np.random.Generator) -> Inputs:
        sizes = np.full(rows, lengths) if rows else np.atleast_1d(np.array(lengths, np.int64))
        rr = 0.8 + 0.1 * rng.normal(size=int(sizes.sum()))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        t = np.cumsum(rr) - np.repeat((np.cumsum(rr) - rr)[offsets[:-1][sizes > 0]], sizes[sizes > 0])
        y = 0.8 + 0.1 * np.sin(2 * np.pi * 0.25 * t) + 0.05 * rng.normal(size=len(t))
        if gaps:
            y[rng.random(len(y)) < 0.2] = np.nan
            t[rng.random(len(t)) < 0.1] = np.inf
        made: Inputs = {"t": t, "y": y, "frequency": np.array(frequency, np.float64), **options}
        if weighted:
            made["dy"] = rng.uniform(0.5, 2, len(t))
        if rows:
            made |= {key: made[key].reshape(rows, -1) for key in ("t", "y", "dy") if key in made}
        elif not isinstance(lengths, int):
            made["offsets"] = offsets
        return made

    return Case(name, make, frozenset(tags.split()))


SPEC = register(
    OpSpec(
        name="spectral.lomb_scargle",
        function=lomb_scargle,
        reference=reference,
        cases=(
            _case("one series", 57, "odd"),
            _case("ragged", (31, 0, 2, 44, 17), "odd"),
            _case("weights", (23, 40), "odd", weighted=True, normalization="psd"),
            _case("any frequencies", 41, "odd", frequency=[0.31, 0.02, 0.171, 0.4], normalization="log"),
            _case("no mean", (25, 33), "odd", fit_mean=False, weighted=True, normalization="model"),
            _case("rows", 35, "odd batch", rows=3, weighted=True),
            _case("missing points", (60, 45), "nan odd", gaps=True),
            _case("one point", 1, "one"),
            _case("one frequency", 20, "one", frequency=[0.2]),
            _case("no points", 0, "empty"),
            _case("no frequencies", 30, "empty", frequency=[]),
            _case("no series", (), "empty"),
            _case("for gradients", (13, 9), "grad", frequency=[0.05, 0.21, 0.37], weighted=True),
            _case("for gradients, a grid", 12, "grad", frequency=_REGULAR[::4], normalization="log"),
            _case("for gradients, psd", 11, "grad", frequency=[0.1, 0.3], weighted=True, normalization="psd"),
            _case("for gradients, no mean", (8, 10), "grad", frequency=[0.1, 0.3], fit_mean=False, center_data=False),
            _case("for gradients, not centred", 10, "grad", frequency=[0.15, 0.4], center_data=False, weighted=True),
            _case("windows of beats", (375, 410, 0, 366) * 6, "threads", frequency=np.linspace(0.003, 0.5, 257)),
            _case("500 windows of 375 beats", (375,) * 500, "bench", frequency=np.linspace(0.003, 0.5, 512)),
        ),
        backends=frozenset({"numpy", "torch", "compile", "cuda"}),
        native={
            "cpp": "csrc/src/spectral/lomb_scargle.kernel.cpp",
            "triton": "python/marey/spectral/_triton/lomb_scargle.py",
        },
        tolerance={
            "float64": Tolerance(
                1e-7, 1e-9, "least squares by singular values against closed sums, on nearly dependent waves"
            ),
            "float32": Tolerance(
                1e-6, 1e-6, "computed in float64 and rounded once; `model` and `log` widen it where P is near 1"
            ),
        },
        missing="points with NaN or inf are left out; a series with fewer than three points or without variance is NaN",
        differentiable=("t", "y", "frequency", "dy"),
        batched=("t", "y", "dy"),
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
