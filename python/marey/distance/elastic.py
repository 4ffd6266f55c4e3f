"""elastic: edit distances and weighted warping of pairs of series."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.checks import check_dtype, check_same_dtype, check_shape
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.distance._measures import MEASURES, measure_arguments
from marey.distance._series import channels_of, check_series, layout, reach
from marey.ragged._rows import contiguous
from marey.reference.elastic import elastic as reference

__all__ = ["elastic"]

ArrayT = TypeVar("ArrayT")


@door("x", "y", "x_lengths", "y_lengths")
def elastic(
    x: ArrayT,
    y: Any,
    measure: str,
    *,
    window: int | None = None,
    x_lengths: Any = None,
    y_lengths: Any = None,
    **parameters: Any,
) -> ArrayT:
    """An elastic distance of pairs of series, by its name.

    Parameters
    ----------
    x : (B, N) or (B, d, N)
    y : (B, M) or (B, d, M)
        Pairs of series with d channels, float32 or float64, of any lengths.
    measure : {"lcss", "erp", "edr", "msm", "twe", "wdtw"}
        The distance; each has a function of that name, which says what it is.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    x_lengths, y_lengths : (B,) int64, optional
        Steps of each series that count; those after are not read.
    **parameters
        Those of the measure: ``epsilon``, ``g``, ``c``, ``nu``, ``lmbda``.

    Returns
    -------
    (B,)
        Distances, in the dtype of `x`; inf where no path keeps to the window.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, a length, `measure`, a parameter or `window` does not fit, before any work is done.

    Notes
    -----
    A pair with a NaN or an infinite value is NaN. Two series without steps are 0 apart. There is no gradient:
    `soft_dtw` has one.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import elastic
    >>> elastic(np.array([[0.0, 1, 0, 0]]), np.array([[0.0, 0, 1, 0]]), "msm", c=0.1)
    array([0.2])
    """
    _check(x, y, x_lengths, y_lengths)
    run = _torch_op() if is_torch(x) else native.core().elastic
    return run(*_arguments(x, y, measure, window, x_lengths, y_lengths, parameters))  # type: ignore[no-any-return]


def _check(x: Any, y: Any, x_lengths: Any, y_lengths: Any) -> None:
    check_series("x", x, "x_lengths", None)
    check_series("y", y, "y_lengths", None)
    check_same_dtype("y", y, "x", x)
    if y.shape[:-1] != x.shape[:-1]:
        expected = ", ".join(str(n) for n in (*x.shape[:-1], "M"))
        raise ValueError(f"`y` has shape {tuple(y.shape)}; expected ({expected}), with the pairs and channels of `x`")
    for name, lengths in (("x_lengths", x_lengths), ("y_lengths", y_lengths)):
        if lengths is not None:
            check_dtype(name, lengths, ("int64",))
            check_shape(name, lengths, (x.shape[0],), "(B,)")


def _arguments(
    x: Any, y: Any, measure: str, window: Any, x_lengths: Any, y_lengths: Any, parameters: dict[str, Any]
) -> tuple[Any, ...]:
    number, first, second, g = measure_arguments(measure, parameters, x, channels_of(x, None))
    of_x, of_y = (None if lengths is None else contiguous(lengths) for lengths in (x_lengths, y_lengths))
    return layout(x, None), layout(y, None), of_x, of_y, reach(window), number, first, second, g


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.elastic


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::elastic")
    def _(
        x: Any,
        y: Any,
        x_lengths: Any,
        y_lengths: Any,
        window: int,
        measure: int,
        first: float,
        second: float,
        g: Any,
    ) -> Any:
        return x.new_empty((x.shape[0],))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    given = [inputs.get(name) for name in ("x", "y", "measure", "window", "x_lengths", "y_lengths")]
    parameters = {name: inputs[name] for name in MEASURES[inputs["measure"]] if name in inputs}
    arguments = _arguments(*given, parameters)  # type: ignore[call-arg, arg-type]
    operator = _torch_op()
    # opcheck compares by ==, which no NaN passes.
    return [] if operator(*arguments).isnan().any() else [(operator.default, arguments)]


def _inputs(
    rng: np.random.Generator,
    measure: str,
    x: tuple[int, ...],
    y: tuple[int, ...],
    *,
    lengths: bool = False,
    nan: bool = False,
    **more: Any,
) -> Inputs:
    inputs: Inputs = {"x": rng.normal(size=x), "y": rng.normal(size=y), "measure": measure, **more}
    if lengths:
        inputs["x_lengths"] = rng.integers(0, x[-1] + 1, x[0])
        inputs["y_lengths"] = rng.integers(0, y[-1] + 1, y[0])
    if nan:
        inputs["x"][1, ..., 2] = np.nan
        inputs["y"][3, ..., -1] = np.inf
    return inputs


def _case(measure: str, about: str, x: Any, y: Any, tags: str = "", **options: Any) -> Case:
    return Case(f"{measure} {about}", lambda rng: _inputs(rng, measure, x, y, **options), frozenset(tags.split()))


_PARAMETERS: dict[str, dict[str, Any]] = {
    "lcss": {"epsilon": 0.4},
    "erp": {"g": 0.3},
    "edr": {"epsilon": 0.5},
    "msm": {"c": 0.2},
    "twe": {"nu": 0.1, "lmbda": 0.3},
    "wdtw": {"g": 0.3},
}

SPEC = register(
    OpSpec(
        name="distance.elastic",
        function=elastic,
        reference=reference,
        cases=(
            *(_case(m, "plain", (3, 13), (3, 17), "odd") for m in MEASURES),
            *(
                _case(m, "lengths in a band, two channels", (9, 2, 11), (9, 2, 8), "odd", lengths=True, window=4, **p)
                for m, p in _PARAMETERS.items()
            ),
            _case("erp", "a gap value a channel", (3, 2, 9), (3, 2, 7), g=[0.5, -0.25]),
            _case("twe", "one step", (3, 1), (3, 1), "one"),
            _case("lcss", "no steps", (2, 0), (2, 0), "empty"),
            _case("edr", "no steps on one side", (2, 4), (2, 0), "empty"),
            _case("wdtw", "no pairs", (0, 4), (0, 5), "empty"),
            _case("msm", "NaN and inf", (5, 9), (5, 8), "nan odd", nan=True),
            _case("erp", "many", (300, 2, 30), (300, 2, 31), "threads", lengths=True),
            *(_case(m, "4,096 pairs of 128", (4096, 128), (4096, 128), "bench") for m in MEASURES),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/distance/elastic.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "a sum along a path of tens of steps, each rounded once"),
            "float32": Tolerance(4e-6, 4e-6, "the same in float32: tens of roundings of 6e-8"),
        },
        missing="a pair with a NaN or an infinite value is NaN",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
