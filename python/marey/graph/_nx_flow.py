"""Maximum flow under NetworkX's names: dictionaries of nodes to what `max_flow` takes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey.graph.flow import MaxFlow, max_flow

__all__ = ["refuse_flow", "solved", "units"]


def refuse_flow(flowG: Any, capacity: str, flow_func: Any, kwargs: Any, **_: Any) -> str | None:
    """Why marey does not answer: it has one algorithm, and flows in whole numbers."""
    graph = getattr(flowG, "original", flowG)
    if flow_func is not None or kwargs:
        return "`flow_func` and its arguments are not marey's"
    if graph.is_multigraph():
        return "multigraphs are not marey's"
    if not all(_is_whole(limit) for _, _, limit in graph.edges(data=capacity, default=np.inf)):
        return "marey takes whole capacities"
    return None


def _is_whole(limit: Any) -> bool:
    if isinstance(limit, (int, np.integer)):
        return abs(int(limit)) < 2**31
    return isinstance(limit, float) and limit == np.inf


def solved(G: Any, source: Any, sink: Any, capacity: str) -> tuple[list[tuple[int, int]], MaxFlow]:
    """The arcs and the flow. An edge without a capacity has no limit; a loop or an empty arc carries nothing."""
    import networkx as nx

    for node in (source, sink):
        if node not in G.index:
            raise nx.NetworkXError(f"node {node} not in graph")
    if source == sink:
        raise nx.NetworkXError("source and sink are the same node")
    edges = [
        (G.index[u], G.index[v], limit)
        for u, v, limit in G.original.edges(data=capacity, default=np.inf)
        if u != v and limit > 0
    ]
    # More than all that has a limit can carry flows only where a way has none.
    unlimited = 1 + sum(int(limit) for _, _, limit in edges if limit != np.inf)
    limits = np.array([unlimited if limit == np.inf else int(limit) for _, _, limit in edges], dtype=np.int64)
    arcs = [(u, v) for u, v, _ in edges]
    ends = np.array(arcs, dtype=np.int64).reshape(-1, 2)
    found = max_flow(
        ends[:, 0],
        ends[:, 1],
        capacity=limits,
        source=G.index[source],
        sink=G.index[sink],
        n=len(G),
        directed=G.is_directed(),
    )
    if found.value >= unlimited:
        raise nx.NetworkXUnbounded("Infinite capacity path, flow unbounded above.")
    return arcs, found


def units(G: Any, arcs: list[tuple[int, int]], found: MaxFlow) -> dict[Any, dict[Any, int]]:
    """{node: {neighbour: units}}."""
    flow: dict[Any, dict[Any, int]] = {node: dict.fromkeys(G.original[node], 0) for node in G.nodes}
    for (u, v), amount in zip(arcs, found.flow.tolist(), strict=True):
        if amount > 0:
            flow[G.nodes[u]][G.nodes[v]] += amount
        elif amount < 0:
            flow[G.nodes[v]][G.nodes[u]] -= amount
    return flow
