"""The functions that a traced model may call; on numbers and NumPy arrays they are NumPy's.

``import marey.math as mm``, then ``mm.exp(y[0])`` inside a function under `marey.model`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marey._model.graph import Node
from marey._model.operations import OPERATIONS

__all__ = [
    "absolute",
    "arccos",
    "arcsin",
    "arctan",
    "cos",
    "cosh",
    "emax",
    "erf",
    "exp",
    "expm1",
    "floor",
    "hill",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "power",
    "sigmoid",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "where",
]


def _function(name: str) -> Callable[..., Any]:
    evaluate = OPERATIONS[name].evaluate

    def function(*operands: Any) -> Any:
        for x in operands:
            if isinstance(x, Node):
                return x.graph.apply(name, *operands)
        return evaluate(*operands)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``{name}`` of traced values, numbers or arrays."
    return function


absolute = _function("absolute")
arccos = _function("arccos")
arcsin = _function("arcsin")
arctan = _function("arctan")
cos = _function("cos")
cosh = _function("cosh")
erf = _function("erf")
exp = _function("exp")
expm1 = _function("expm1")
floor = _function("floor")
log = _function("log")
log1p = _function("log1p")
maximum = _function("maximum")
minimum = _function("minimum")
power = _function("power")
sin = _function("sin")
sinh = _function("sinh")
sqrt = _function("sqrt")
tan = _function("tan")
tanh = _function("tanh")
where = _function("where")


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + exp(-x))


def hill(x: Any, ec50: Any, n: Any = 1.0) -> Any:
    """Hill's saturation ``x^n / (ec50^n + x^n)``: 0 at 0, one half at ``ec50``, 1 at infinity.

    Hill AV, J Physiol 40:iv-vii, 1910. ``x`` and ``ec50`` are not negative.
    """
    if isinstance(n, int | float) and n == 1:
        return x / (ec50 + x)
    powered = power(x / ec50, n)
    return powered / (1.0 + powered)


def emax(x: Any, e0: Any, e_max: Any, ec50: Any, n: Any = 1.0) -> Any:
    """The sigmoid Emax model ``e0 + e_max hill(x, ec50, n)``."""
    return e0 + e_max * hill(x, ec50, n)
