"""Exact derivatives of a traced program, as nodes of the same graph; what is zero everywhere is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from marey._model.graph import Graph, Node, ordered
from marey._model.operations import OPERATIONS

__all__ = ["tangents"]


def tangents(graph: Graph, outputs: Sequence[Node], seeds: Mapping[Node, Node | float]) -> list[Node | None]:
    """Directional derivatives of the outputs (forward mode), ``seeds`` giving those of the inputs; None: zero."""
    found: dict[int, Node | float | None] = {leaf.number: seed for leaf, seed in seeds.items()}
    for node in ordered(outputs):
        if node.args:
            found[node.number] = _tangent(graph, node, [found.get(x.number) for x in node.args])
    return [_as_node(graph, found.get(node.number)) for node in outputs]


def _tangent(graph: Graph, node: Node, given: Sequence[Node | float | None]) -> Node | float | None:
    if all(x is None for x in given):
        return None
    if node.op == "where":  # as one choice: 0 * inf of the branch not taken would be NaN
        yes, no = (graph.constant(0.0) if x is None else x for x in given[1:])
        return None if given[1] is None and given[2] is None else graph.apply("where", node.args[0], yes, no)
    total: Node | float | None = None
    for partial, tangent in zip(OPERATIONS[node.op].partials(node, *node.args), given, strict=True):
        if partial is None or tangent is None:
            continue
        term = graph.apply("multiply", partial, tangent)
        total = term if total is None else graph.apply("add", total, term)
    return total


def _as_node(graph: Graph, x: Node | float | None) -> Node | None:
    return x if x is None or isinstance(x, Node) else graph.constant(x)
