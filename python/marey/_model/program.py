"""A traced function of known sizes: evaluated, differentiated, written as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from marey._model.derivative import tangents
from marey._model.graph import Graph, Node, fold
from marey._model.operations import OPERATIONS
from marey._model.text import c_lines, equations

__all__ = ["Argument", "Program"]


@dataclass(frozen=True)
class Argument:
    """One argument: a number (``size`` None) or a vector, and the names of its entries."""

    name: str
    size: int | None
    entries: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        return 1 if self.size is None else self.size

    def label(self, index: int | None) -> str:
        if index is None:
            return self.name
        return self.entries[index] if self.entries else f"{self.name}[{index}]"


@dataclass(frozen=True, eq=False)
class Program:
    """Outputs as nodes of a graph whose inputs are the arguments' entries."""

    name: str
    arguments: tuple[Argument, ...]
    graph: Graph
    outputs: tuple[Node, ...]

    def inputs(self, name: str) -> list[Node]:
        """The nodes of an argument's entries."""
        argument = self._argument(name)
        indices: Sequence[int | None] = [None] if argument.size is None else range(argument.size)
        return [self.graph.input(name, i) for i in indices]

    def _argument(self, name: str) -> Argument:
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise ValueError(f"{self.name} has no argument {name!r}; it has {', '.join(a.name for a in self.arguments)}")

    def evaluate(self, *values: Any) -> np.ndarray[Any, Any]:
        """Outputs (n, ...) for arguments (...) and (size, ...): NumPy on whole arrays, the plain twin of the compiled
        code."""
        given = dict(zip((a.name for a in self.arguments), values, strict=True))

        def leaf(node: Node) -> Any:
            if node.op == "constant":
                return node.value
            name, index = node.value
            return given[name] if index is None else given[name][index]

        with np.errstate(all="ignore"):
            results = fold(self.outputs, leaf, lambda node, operands: OPERATIONS[node.op].evaluate(*operands))
        shape = self.shape(*values)
        return np.array([np.broadcast_to(np.asarray(r, dtype=np.float64), shape) for r in results])

    def shape(self, *values: Any) -> tuple[int, ...]:
        """The common shape of these arguments' values, the axis of a vector's entries left out."""
        shapes = [np.shape(v)[a.size is not None :] for a, v in zip(self.arguments, values, strict=True)]
        return np.broadcast_shapes(*shapes)

    def jacobian(self, *names: str) -> Program:
        """The derivatives of all outputs by all entries of these arguments, row by row: (outputs x entries)."""
        columns = []
        for node in [node for name in names for node in self.inputs(name)]:
            columns.append(tangents(self.graph, self.outputs, {node: 1.0}))
        zero = self.graph.constant(0.0)
        rows = [[zero if c[i] is None else c[i] for c in columns] for i in range(len(self.outputs))]
        return self._with("jacobian", tuple(x for row in rows for x in row))  # type: ignore[misc]

    def nonzero(self, *names: str) -> list[tuple[int, int]]:
        """Where the Jacobian is not zero for every value."""
        width = sum(len(self.inputs(name)) for name in names)
        return [divmod(i, width) for i, x in enumerate(self.jacobian(*names).outputs) if x.constant != 0.0]

    def tangent(self, seeds: Mapping[Node, Node | float]) -> list[Node]:
        """Directional derivatives of the outputs, as nodes."""
        zero = self.graph.constant(0.0)
        return [zero if x is None else x for x in tangents(self.graph, self.outputs, seeds)]

    def extended(self, name: str, arguments: Sequence[Argument], outputs: Sequence[Node]) -> Program:
        """Another program on the same graph."""
        return Program(f"{self.name}_{name}", tuple(arguments), self.graph, tuple(outputs))

    def _with(self, name: str, outputs: tuple[Node, ...]) -> Program:
        return self.extended(name, self.arguments, outputs)

    def c_source(self, qualifiers: str = "static inline", stride: str = "") -> str:
        """A C function ``void name(const double* a, ..., double* out)``; with a ``stride`` such as ``"n"`` entry i of
        a vector lies at ``i * n``. CUDA compiles the same text with ``__device__`` among the qualifiers."""
        step = f" * {stride}" if stride else ""
        lines = c_lines(
            self.outputs,
            lambda name, index: f"{name}[{index or 0}{step if index else ''}]",
            lambda i: f"out[{i}{step if i else ''}]",
        )
        parameters = [f"const double* {a.name}" for a in self.arguments] + ["double* out"]
        parameters += [f"long long {stride}"] if stride else []
        head = f"{qualifiers} void {self.name}({', '.join(parameters)})".strip()
        body = "\n".join(f"  {line}" for line in lines)
        return f"{_C_EXTREMES.format(qualifiers=qualifiers)}\n{head} {{\n{body}\n}}\n"

    def __repr__(self) -> str:
        entries = {a.name: a for a in self.arguments}
        lines = equations(self.outputs, self._targets(), lambda name, index: entries[name].label(index))
        header = ", ".join(a.name if a.size is None else f"{a.name}[{a.size}]" for a in self.arguments)
        return "\n".join([f"{self.name}({header})", *(f"  {line}" for line in lines)])

    def _targets(self) -> list[str]:
        states = next((a for a in self.arguments if a.name == "y" and a.size == len(self.outputs)), None)
        if states is not None and any(a.name == "t" for a in self.arguments):
            return [f"d{states.label(i)}/dt" for i in range(len(self.outputs))]
        return [f"out[{i}]" for i in range(len(self.outputs))] if len(self.outputs) > 1 else ["out"]


# NaN passes through, as in NumPy.
_C_EXTREMES = """#ifndef MAREY_EXTREMES
#define MAREY_EXTREMES
{qualifiers} double marey_minimum(double a, double b) {{ return a < b || a != a ? a : b; }}
{qualifiers} double marey_maximum(double a, double b) {{ return a > b || a != a ? a : b; }}
#endif"""
