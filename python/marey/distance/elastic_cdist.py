"""elastic_cdist: edit distances and weighted warping between all pairs of two sets of series."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from marey._runtime import native
from marey._runtime.doors import door, is_torch
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, register
from marey.distance._measures import MEASURES, measure_arguments
from marey.distance._series import channels_of, check_pair, set_arguments, sets_of_inputs
from marey.distance.elastic import _PARAMETERS
from marey.reference.elastic_cdist import elastic_cdist as reference

__all__ = ["elastic_cdist"]

ArrayT = TypeVar("ArrayT")


@door("X", "Y", "x_offsets", "y_offsets")
def elastic_cdist(
    X: ArrayT,
    Y: Any = None,
    measure: str = "msm",
    *,
    window: int | None = None,
    x_offsets: Any = None,
    y_offsets: Any = None,
    **parameters: Any,
) -> ArrayT:
    """An elastic distance, by its name, of every series in `X` to every one in `Y`.

    Parameters
    ----------
    X : (n, L) or (n, d, L), or (total,) or (d, total) with ``x_offsets``
        Series, float32 or float64.
    Y : as `X`, optional
        The other set, of the same dtype and channels; its lengths may differ. Left out, `X` against itself, at half
        the work.
    measure : {"lcss", "erp", "edr", "msm", "twe", "wdtw"}
        The distance; ``lcss_cdist`` and the others are this function with the measure named.
    window : int, optional
        Greatest :math:`|i - j|` of matched steps; unbounded if left out.
    x_offsets, y_offsets : (n + 1,) int64, optional
        Packed series of any lengths: series ``i`` is ``X[..., x_offsets[i]:x_offsets[i + 1]]``.
    **parameters
        Those of the measure: ``epsilon``, ``g``, ``c``, ``nu``, ``lmbda``.

    Returns
    -------
    (n, m)
        Distances, in the dtype of `X`; inf where no path keeps to the window.

    Raises
    ------
    ValueError, TypeError
        If a shape, a dtype, offsets, `measure`, a parameter or `window` does not fit, before any work is done.

    Notes
    -----
    A series with a NaN or an infinite value has distance NaN to every series. There is no gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from marey.distance import elastic_cdist
    >>> beats = np.array([[0.0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 3, 0, 0]])
    >>> elastic_cdist(beats, measure="msm", c=0.5)
    array([[0., 1., 3.],
           [1., 0., 2.],
           [3., 2., 0.]])
    """
    check_pair(X, Y, x_offsets, y_offsets)
    run = _torch_op() if is_torch(X) else native.core().elastic_cdist
    return run(*_arguments(X, Y, measure, window, x_offsets, y_offsets, parameters))  # type: ignore[no-any-return]


def _arguments(
    X: Any, Y: Any, measure: str, window: Any, x_offsets: Any, y_offsets: Any, parameters: dict[str, Any]
) -> tuple[Any, ...]:
    of_measure = measure_arguments(measure, parameters, X, channels_of(X, x_offsets))
    return (*set_arguments(X, Y, x_offsets, y_offsets, window), *of_measure)


def _torch_op() -> Any:
    import torch

    return torch.ops.marey.elastic_cdist


def _register_torch() -> None:
    import torch

    @torch.library.register_fake("marey::elastic_cdist")
    def _(
        x: Any,
        y: Any,
        x_offsets: Any,
        y_offsets: Any,
        window: int,
        measure: int,
        first: float,
        second: float,
        g: Any,
    ) -> Any:
        n = x.shape[0] if x_offsets is None else x_offsets.shape[0] - 1
        if y is None:
            return x.new_empty((n, n))
        return x.new_empty((n, y.shape[0] if y_offsets is None else y_offsets.shape[0] - 1))


def _torch_calls(inputs: Inputs) -> list[tuple[Any, tuple[Any, ...]]]:
    given = [inputs.get(name) for name in ("X", "Y", "measure", "window", "x_offsets", "y_offsets")]
    parameters = {name: inputs[name] for name in MEASURES[inputs["measure"]] if name in inputs}
    arguments = _arguments(*given, parameters)  # type: ignore[call-arg, arg-type]
    operator = _torch_op()
    # opcheck compares by ==, which no NaN passes.
    return [] if operator(*arguments).isnan().any() else [(operator.default, arguments)]


def _case(measure: str, about: str, x: Any, y: Any = None, tags: str = "", **options: Any) -> Case:
    def make(rng: np.random.Generator) -> Inputs:
        return sets_of_inputs(rng, x, y, measure=measure, **options)

    return Case(f"{measure} {about}", make, frozenset(tags.split()))


_SIZES = [7, 0, 1, 13, 4]

SPEC = register(
    OpSpec(
        name="distance.elastic_cdist",
        function=elastic_cdist,
        reference=reference,
        cases=(
            *(_case(m, "one set", (19, 12), None, "odd", window=5) for m in MEASURES),
            *(
                _case(m, "ragged, two channels", _SIZES, [3, 9, 0, 17], "odd", channels=2, window=8, **p)
                for m, p in _PARAMETERS.items()
            ),
            _case("lcss", "window of no step", (5, 7), (4, 7), window=0),
            _case("erp", "one step", (3, 1), (2, 1), "one"),
            _case("wdtw", "no steps", (3, 0), (2, 0), "empty"),
            _case("twe", "no series", (0, 4), (3, 4), "empty"),
            _case("edr", "NaN and inf", (4, 7), (19, 9), "nan odd", nan=True),
            _case("msm", "many", (70, 20), (65, 17), "threads", window=8),
            _case("wdtw", "many of one set", (70, 20), None, "threads"),
            *(_case(m, "200 x 256, band 26", (200, 256), None, "bench", window=26) for m in MEASURES),
        ),
        backends=frozenset({"numpy", "torch", "compile"}),
        native={"cpp": "csrc/src/distance/elastic_cdist.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-13, 1e-13, "a sum along a path of tens of steps, each rounded once"),
            "float32": Tolerance(4e-6, 4e-6, "the same in float32: tens of roundings of 6e-8"),
        },
        missing="a series with a NaN or an infinite value has distance NaN to all",
        register_torch=_register_torch,
        torch_calls=_torch_calls,
    )
)
