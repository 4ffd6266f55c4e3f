"""The expression graph: nodes made once each, folded where all is constant."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from marey._model.operations import OPERATIONS, UFUNCS
from marey.errors import TraceError

__all__ = ["Graph", "Node", "fold", "ordered", "user_line"]


class Node:
    """A number (or a condition) that is not known yet: what a traced function computes with."""

    __slots__ = ("args", "graph", "number", "op", "value")

    def __init__(self, graph: Graph, op: str, args: tuple[Node, ...], value: Any, number: int) -> None:
        self.graph, self.op, self.args, self.value, self.number = graph, op, args, value, number

    @property
    def is_condition(self) -> bool:
        return OPERATIONS[self.op].gives_condition if self.op in OPERATIONS else False

    @property
    def constant(self) -> float | None:
        return self.value if self.op == "constant" else None

    def __repr__(self) -> str:
        from marey._model.text import expression

        return expression(self)

    # Arithmetic
    def __add__(self, other: Any) -> Any:
        return self.graph.apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.graph.apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.graph.apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.graph.apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.graph.apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.graph.apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.graph.apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.graph.apply("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return self.graph.apply("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.graph.apply("power", other, self)

    def __neg__(self) -> Any:
        return self.graph.apply("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.graph.apply("absolute", self)

    # Comparisons
    def __lt__(self, other: Any) -> Any:
        return self.graph.apply("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self.graph.apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.graph.apply("less", other, self)

    def __ge__(self, other: Any) -> Any:
        return self.graph.apply("less_equal", other, self)

    def __eq__(self, other: object) -> Any:
        return self.graph.apply("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self.graph.apply("logical_not", self.graph.apply("equal", self, other))

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Any:
        return self.graph.apply("logical_and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return self.graph.apply("logical_or", self, other)

    __ror__ = __or__

    def __invert__(self) -> Any:
        return self.graph.apply("logical_not", self)

    # What a number can do and a traced one cannot
    def __bool__(self) -> bool:
        raise TraceError(
            f"{user_line()}: a branch on a traced value (`if`, `while`, `and`, `or`, `min`, `max`); "
            f"write marey.math.where(condition, a, b), `&`, `|`, marey.math.minimum or maximum{_WAY_OUT}"
        )

    def __float__(self) -> float:
        raise TraceError(
            f"{user_line()}: a traced value where a plain number is needed (math.exp, float, int, ...); "
            f"use marey.math or NumPy's functions{_WAY_OUT}"
        )

    __int__ = __index__ = __complex__ = __float__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or options or name is None:
            raise TraceError(
                f"{user_line()}: numpy.{ufunc.__name__} cannot be traced; marey.math lists what can{_WAY_OUT}"
            )
        if any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
            return np.frompyfunc(lambda *each: self.graph.apply(name, *each), len(inputs), 1)(*inputs)
        swapped = inputs[::-1] if ufunc.__name__ in ("greater", "greater_equal") else inputs
        return self.graph.apply(name, *swapped)


_WAY_OUT = "; or give a numba.cfunc address, or a batched Python callable"


def user_line() -> str:
    """File, line and text of the user's code that led here."""
    import linecache

    frame = sys._getframe(1)
    while frame.f_back is not None and "/marey/_model/" in frame.f_code.co_filename.replace("\\", "/"):
        frame = frame.f_back
    path, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(path, line).strip()
    return f"{path}, line {line}" + (f", `{text}`" if text else "")


class Graph:
    """Makes nodes; the same operation of the same nodes is the same node."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Node] = {}

    def constant(self, value: float) -> Node:
        value = float(value)
        return self._node("constant", (), value, key=(value, math.copysign(1.0, value)))

    def input(self, name: str, index: int | None) -> Node:
        return self._node("input", (), (name, index))

    def apply(self, op: str, *operands: Any) -> Node:
        """The operation of these numbers and nodes."""
        args = tuple(self._take(x, op) for x in operands)
        operation = OPERATIONS[op]
        wants = operation.takes_conditions
        args = tuple(self._as(x, bool(wants and wants[i])) for i, x in enumerate(args))
        if op == "power":
            return self._power(*args)
        if all(x.op == "constant" for x in args) and not operation.gives_condition and not any(wants):
            with np.errstate(all="ignore"):
                return self.constant(float(operation.evaluate(*(np.float64(x.value) for x in args))))
        if operation.commutes and (op, (args[1].number, args[0].number), None) in self._made:
            args = args[::-1]
        simple = self._simplified(op, args)
        return self._node(op, args, None) if simple is None else simple

    def _take(self, x: Any, op: str) -> Node:
        if isinstance(x, Node):
            if x.graph is not self:
                raise TraceError(f"{user_line()}: a value of another trace was kept and used again")
            return x
        if isinstance(x, bool | np.bool_ | int | float | np.integer | np.floating):
            return self.constant(float(x))
        if isinstance(x, np.ndarray) and x.ndim == 0:
            return self._take(x.item(), op)
        raise TraceError(f"{user_line()}: {op} of a traced value and a {type(x).__name__}{_WAY_OUT}")

    def _as(self, x: Node, condition: bool) -> Node:
        """As a condition (anything but 0) or as a number (1 or 0)."""
        if condition and not x.is_condition:
            return self.apply("logical_not", self.apply("equal", x, 0.0))
        if not condition and x.is_condition:
            return self._node("where", (x, self.constant(1.0), self.constant(0.0)), None)
        return x

    def _power(self, x: Node, y: Node) -> Node:
        """Whole exponents by multiplication, halves by the square root."""
        exponent = y.constant
        if exponent is not None and abs(exponent) <= 64 and exponent == int(exponent):
            if exponent < 0:
                return self.apply("divide", 1.0, self._whole_power(x, int(-exponent)))
            return self._whole_power(x, int(exponent))
        if exponent == 0.5:
            return self.apply("sqrt", x)
        if x.op == "constant" and y.op == "constant":
            return self.constant(float(np.float64(x.value) ** np.float64(y.value)))
        return self._node("power", (x, y), None)

    def _whole_power(self, x: Node, exponent: int) -> Node:
        if exponent == 0:
            return self.constant(1.0)
        half = self._whole_power(x, exponent // 2)
        square = self.apply("multiply", half, half) if exponent > 1 else self.constant(1.0)
        return self.apply("multiply", square, x) if exponent % 2 else square

    def _simplified(self, op: str, args: tuple[Node, ...]) -> Node | None:
        """What needs no operation. A constant factor 0 removes its term, though 0 * inf is NaN: the zeros of a
        stoichiometric matrix say that a species takes no part."""
        constants = [x.constant for x in args]
        if op == "multiply":
            for c, other in ((constants[0], args[-1]), (constants[-1], args[0])):
                if c in (0.0, 1.0, -1.0):
                    return other if c == 1.0 else self.constant(0.0) if c == 0.0 else self.apply("negative", other)
        if op == "add":
            if 0.0 in constants:
                return args[1] if constants[0] == 0.0 else args[0]
            for x, other in ((args[1], args[0]), (args[0], args[1])):
                if x.op == "negative":
                    return self.apply("subtract", other, x.args[0])
        if op == "subtract":
            if constants[1] == 0.0:
                return args[0]
            if constants[0] == 0.0:
                return self.apply("negative", args[1])
            if args[1].op == "negative":
                return self.apply("add", args[0], args[1].args[0])
        if op == "divide" and constants[1] == 1.0:
            return args[0]
        if op in ("negative", "logical_not") and args[0].op == op:
            return args[0].args[0]
        if op == "where" and args[1] is args[2]:
            return args[1]
        return None

    def _node(self, op: str, args: tuple[Node, ...], value: Any, key: Any = None) -> Node:
        found = (op, tuple(x.number for x in args), value if key is None else key)
        if found not in self._made:
            self._made[found] = Node(self, op, args, value, len(self._made))
        return self._made[found]


def ordered(outputs: Iterable[Node]) -> list[Node]:
    """All nodes that the outputs need, each after those that it needs."""
    found: dict[int, Node] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.number not in found:
            found[node.number] = node
            stack.extend(node.args)
    return [found[number] for number in sorted(found)]  # a node is made after its operands


def fold(outputs: Iterable[Node], leaf: Callable[[Node], Any], step: Callable[[Node, list[Any]], Any]) -> list[Any]:
    """Values of the outputs, from ``leaf`` for inputs and constants and ``step(node, values of its operands)``."""
    outputs = list(outputs)
    values: dict[int, Any] = {}
    for node in ordered(outputs):
        given = [values[x.number] for x in node.args]
        values[node.number] = step(node, given) if node.args else leaf(node)
    return [values[node.number] for node in outputs]
