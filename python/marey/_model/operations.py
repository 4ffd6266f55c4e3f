"""The operations that can be traced: their value, their derivative, their text. One row each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from marey._model.graph import Node

__all__ = ["OPERATIONS", "UFUNCS", "Operation"]


@dataclass(frozen=True)
class Operation:
    """``evaluate`` on NumPy arrays; ``partials(node, *operands)`` gives the derivative by each operand (None: zero
    everywhere); ``c`` is a C expression of the operands."""

    evaluate: Callable[..., Any]
    partials: Callable[..., Sequence[Node | float | None]]
    c: str
    commutes: bool = False
    gives_condition: bool = False
    takes_conditions: tuple[bool, ...] = ()


def _erf(x: Any) -> Any:
    return np.vectorize(math.erf, otypes=[float])(x)[()]


def _where_partials(node: Node, condition: Node, yes: Node, no: Node) -> Sequence[Node | float | None]:
    apply = node.graph.apply
    return None, apply("where", condition, 1.0, 0.0), apply("where", condition, 0.0, 1.0)


def _extreme_partials(node: Node, a: Node, b: Node) -> Sequence[Node]:
    """All of the slope to the one chosen; at a tie to the first."""
    first = a <= b if node.op == "minimum" else a >= b
    apply = node.graph.apply
    return apply("where", first, 1.0, 0.0), apply("where", first, 0.0, 1.0)


def _power_partials(node: Node, x: Node, y: Node) -> Sequence[Node]:
    """d/dx = y x^(y - 1); d/dy = x^y log x, which is 0 where x = 0 < y, as a dose-response needs at dose zero."""
    apply = node.graph.apply
    safe = apply("where", x == 0.0, 1.0, x)
    return y * apply("power", x, y - 1.0), apply("where", x == 0.0, 0.0, node * apply("log", safe))


def _math(function: str, *operands: Any) -> Any:
    return next(x for x in operands if hasattr(x, "graph")).graph.apply(function, *operands)


_NONE: Callable[..., Sequence[None]] = lambda node, *operands: [None] * len(operands)  # noqa: E731

OPERATIONS: dict[str, Operation] = {
    "add": Operation(np.add, lambda n, a, b: (1.0, 1.0), "{} + {}", commutes=True),
    "subtract": Operation(np.subtract, lambda n, a, b: (1.0, -1.0), "{} - {}"),
    "multiply": Operation(np.multiply, lambda n, a, b: (b, a), "{} * {}", commutes=True),
    "divide": Operation(np.divide, lambda n, a, b: (1.0 / b, -n / b), "{} / {}"),
    "negative": Operation(np.negative, lambda n, a: (-1.0,), "-{}"),
    "power": Operation(np.power, _power_partials, "pow({}, {})"),
    "absolute": Operation(np.abs, lambda n, a: (_math("where", a < 0.0, -1.0, 1.0),), "fabs({})"),
    "sqrt": Operation(np.sqrt, lambda n, a: (0.5 / n,), "sqrt({})"),
    "floor": Operation(np.floor, lambda n, a: (None,), "floor({})"),
    "exp": Operation(np.exp, lambda n, a: (n,), "exp({})"),
    "expm1": Operation(np.expm1, lambda n, a: (n + 1.0,), "expm1({})"),
    "log": Operation(np.log, lambda n, a: (1.0 / a,), "log({})"),
    "log1p": Operation(np.log1p, lambda n, a: (1.0 / (1.0 + a),), "log1p({})"),
    "sin": Operation(np.sin, lambda n, a: (_math("cos", a),), "sin({})"),
    "cos": Operation(np.cos, lambda n, a: (-_math("sin", a),), "cos({})"),
    "tan": Operation(np.tan, lambda n, a: (1.0 + n * n,), "tan({})"),
    "arcsin": Operation(np.arcsin, lambda n, a: (1.0 / _math("sqrt", 1.0 - a * a),), "asin({})"),
    "arccos": Operation(np.arccos, lambda n, a: (-1.0 / _math("sqrt", 1.0 - a * a),), "acos({})"),
    "arctan": Operation(np.arctan, lambda n, a: (1.0 / (1.0 + a * a),), "atan({})"),
    "sinh": Operation(np.sinh, lambda n, a: (_math("cosh", a),), "sinh({})"),
    "cosh": Operation(np.cosh, lambda n, a: (_math("sinh", a),), "cosh({})"),
    "tanh": Operation(np.tanh, lambda n, a: (1.0 - n * n,), "tanh({})"),
    "erf": Operation(_erf, lambda n, a: (2.0 / math.sqrt(math.pi) * _math("exp", -a * a),), "erf({})"),
    "minimum": Operation(np.minimum, _extreme_partials, "marey_minimum({}, {})"),
    "maximum": Operation(np.maximum, _extreme_partials, "marey_maximum({}, {})"),
    "less": Operation(np.less, _NONE, "{} < {}", gives_condition=True),
    "less_equal": Operation(np.less_equal, _NONE, "{} <= {}", gives_condition=True),
    "equal": Operation(np.equal, _NONE, "{} == {}", commutes=True, gives_condition=True),
    "logical_and": Operation(
        np.logical_and, _NONE, "{} & {}", commutes=True, gives_condition=True, takes_conditions=(True, True)
    ),
    "logical_or": Operation(
        np.logical_or, _NONE, "{} | {}", commutes=True, gives_condition=True, takes_conditions=(True, True)
    ),
    "logical_not": Operation(np.logical_not, _NONE, "!{}", gives_condition=True, takes_conditions=(True,)),
    "where": Operation(np.where, _where_partials, "{} ? {} : {}", takes_conditions=(True, False, False)),
}

# NumPy's functions that a traced value takes part in, by their names.
UFUNCS = {name: name for name in OPERATIONS if name != "where"} | {
    "true_divide": "divide",
    "float_power": "power",
    "fabs": "absolute",
    "greater": "less",
    "greater_equal": "less_equal",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "invert": "logical_not",
}
