"""marey as a backend of NetworkX: ``networkx.pagerank(G, backend="marey")``.

A graph is converted once, when the first function asks for it, and kept by NetworkX until nodes or edges change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.graph._nx_flow import refuse_flow, solved, units
from marey.graph.graph import Graph

__all__ = ["BACKEND", "ConvertedGraph", "get_info"]

_NAMES = (
    "betweenness_centrality",
    "closeness_centrality",
    "connected_components",
    "core_number",
    "is_connected",
    "is_strongly_connected",
    "is_weakly_connected",
    "leiden_communities",
    "louvain_communities",
    "maximum_flow",
    "maximum_flow_value",
    "minimum_cut",
    "minimum_cut_value",
    "minimum_spanning_tree",
    "number_connected_components",
    "number_strongly_connected_components",
    "number_weakly_connected_components",
    "pagerank",
    "single_source_dijkstra_path_length",
    "single_source_shortest_path_length",
    "strongly_connected_components",
    "triangles",
    "weakly_connected_components",
)


def get_info() -> dict[str, Any]:
    """What NetworkX shows and asks of a backend."""
    return {
        "backend_name": "marey",
        "project": "marey",
        "package": "marey.graph",
        "short_summary": "Graph algorithms in Rust, parallel and deterministic.",
        "functions": {name: {} for name in _NAMES},
    }


class ConvertedGraph:
    """A NetworkX graph and its compressed rows, made for each weight once."""

    __networkx_backend__ = "marey"

    def __init__(self, original: Any) -> None:
        self.original = original
        self.graph = original.graph
        self.nodes: list[Any] = list(original)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self._rows: dict[str | None, Graph] = {}

    def rows(self, weight: str | None = None) -> Graph:
        """The graph with the edges' attribute `weight`, 1 where an edge has none; None for no weights."""
        if weight not in self._rows:
            edges = list(self.original.edges(data=weight, default=1) if weight else self.original.edges())
            ends = np.array([[self.index[e[0]], self.index[e[1]]] for e in edges], dtype=np.int64).reshape(-1, 2)
            weights = np.array([e[2] for e in edges], dtype=np.float64) if weight else None
            made = Graph.from_edges(ends[:, 0], ends[:, 1], weights, len(self.nodes), self.is_directed())
            self._rows[weight] = made
        return self._rows[weight]

    def named(self, values: Any) -> dict[Any, Any]:
        return dict(zip(self.nodes, values.tolist(), strict=True))

    def place(self, node: Any) -> int:
        import networkx as nx

        if node not in self.index:
            raise nx.NodeNotFound(f"Node {node} is not found in the graph")
        return self.index[node]

    def is_directed(self) -> bool:
        return bool(self.original.is_directed())

    def is_multigraph(self) -> bool:
        return bool(self.original.is_multigraph())

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.nodes)

    def __contains__(self, node: Any) -> bool:
        return node in self.index


class _Backend:
    """The functions by their NetworkX names; `can_run` says which arguments marey answers."""

    def convert_from_nx(self, graph: Any, **_: Any) -> ConvertedGraph:
        return ConvertedGraph(graph)

    def convert_to_nx(self, result: Any, **_: Any) -> Any:
        return result.original if isinstance(result, ConvertedGraph) else result

    def can_run(self, name: str, args: Any, kwargs: Any) -> bool | str:
        import inspect

        if name not in _NAMES:
            return f"marey has no {name}"
        import networkx as nx

        function = nx.utils.backends._registered_algorithms[name]
        given = inspect.signature(function.orig_func).bind(*args, **kwargs)
        given.apply_defaults()
        refuse = _REFUSE.get(name)
        told = refuse(**given.arguments) if refuse is not None else None
        return True if told is None else told

    def should_run(self, name: str, args: Any, kwargs: Any) -> bool:
        return True

    def pagerank(
        self,
        G: ConvertedGraph,
        alpha: float = 0.85,
        personalization: Any = None,
        max_iter: int = 100,
        tol: float = 1e-6,
        nstart: Any = None,
        weight: str | None = "weight",
        dangling: Any = None,
    ) -> dict[Any, float]:
        import networkx as nx

        from marey.graph.centrality import pagerank

        if len(G) == 0:
            return {}
        if max_iter < 1:
            raise nx.PowerIterationFailedConvergence(max_iter)
        restart = None
        if personalization is not None:
            restart = np.array([personalization.get(node, 0) for node in G.nodes], dtype=np.float64)
            if restart.sum() == 0:
                raise ZeroDivisionError
        try:
            # Nearer than NetworkX, which stops at n times the tolerance.
            ranks = pagerank(G.rows(weight), damping=alpha, personalization=restart, tolerance=tol, sweeps=max_iter)
        except RuntimeError:
            raise nx.PowerIterationFailedConvergence(max_iter) from None
        return G.named(ranks)

    def betweenness_centrality(
        self,
        G: ConvertedGraph,
        k: Any = None,
        normalized: bool = True,
        weight: str | None = None,
        endpoints: bool = False,
        seed: Any = None,
    ) -> dict[Any, float]:
        from marey.graph.centrality import betweenness

        return G.named(betweenness(G.rows(weight), normalized=normalized))

    def closeness_centrality(
        self, G: ConvertedGraph, u: Any = None, distance: str | None = None, wf_improved: bool = True
    ) -> Any:
        from marey.graph.centrality import closeness

        if u is None:
            return G.named(closeness(G.rows(distance)))
        return float(closeness(G.rows(distance), [G.place(u)])[0])

    def core_number(self, G: ConvertedGraph) -> dict[Any, int]:
        import networkx as nx

        from marey.graph.structure import core_number

        rows = G.rows()
        if (rows.sources() == rows.targets).any():
            raise nx.NetworkXNotImplemented(
                "Input graph has self loops which is not permitted; "
                "Consider using G.remove_edges_from(nx.selfloop_edges(G))."
            )
        return G.named(core_number(rows))

    def triangles(self, G: ConvertedGraph, nodes: Any = None) -> Any:
        from marey.graph.structure import triangles

        found = triangles(G.rows())
        if nodes is None:
            return G.named(found)
        if isinstance(nodes, Hashable) and nodes in G:
            return int(found[G.index[nodes]])
        return {node: int(found[G.index[node]]) for node in G.original.nbunch_iter(nodes)}

    def single_source_shortest_path_length(self, G: ConvertedGraph, source: Any, cutoff: Any = None) -> dict[Any, int]:
        from marey.graph.paths import bfs

        steps = bfs(G.rows(), G.place(source))
        reached = (steps >= 0) & (steps <= (np.inf if cutoff is None else cutoff))
        return _by_distance(G, steps, reached)

    def single_source_dijkstra_path_length(
        self, G: ConvertedGraph, source: Any, cutoff: Any = None, weight: Any = "weight"
    ) -> dict[Any, float]:
        from marey.graph.paths import shortest_paths

        length = shortest_paths(G.rows(weight), G.place(source), cutoff=cutoff)
        return _by_distance(G, length, np.isfinite(length))

    def connected_components(self, G: ConvertedGraph) -> Iterator[set[Any]]:
        yield from _sets(G, strong=False)

    def number_connected_components(self, G: ConvertedGraph) -> int:
        return _count(G, strong=False)

    def is_connected(self, G: ConvertedGraph) -> bool:
        return _is_one(G, strong=False)

    weakly_connected_components = connected_components
    number_weakly_connected_components = number_connected_components
    is_weakly_connected = is_connected

    def strongly_connected_components(self, G: ConvertedGraph) -> Iterator[set[Any]]:
        # NetworkX gives those first that lead nowhere, where it can tell.
        yield from reversed(list(_sets(G, strong=True)))

    def number_strongly_connected_components(self, G: ConvertedGraph) -> int:
        return _count(G, strong=True)

    def is_strongly_connected(self, G: ConvertedGraph) -> bool:
        return _is_one(G, strong=True)

    def leiden_communities(
        self,
        G: ConvertedGraph,
        weight: str | None = "weight",
        resolution: float = 1,
        max_level: int | None = None,
        seed: Any = None,
    ) -> list[set[Any]]:
        from marey.graph.community import leiden

        if len(G) == 0:
            return []
        labels = leiden(G.rows(weight), resolution=float(resolution), seed=_seed(seed))
        return list(_grouped(G, labels))

    def louvain_communities(
        self,
        G: ConvertedGraph,
        weight: str | None = "weight",
        resolution: float = 1,
        threshold: float = 1e-7,
        max_level: int | None = None,
        seed: Any = None,
    ) -> list[set[Any]]:
        from marey.graph.community import louvain

        if len(G) == 0:
            return []
        return list(_grouped(G, louvain(G.rows(weight), resolution=float(resolution), seed=_seed(seed))))

    def maximum_flow(
        self, flowG: ConvertedGraph, _s: Any, _t: Any, capacity: str = "capacity", flow_func: Any = None
    ) -> tuple[int, dict[Any, dict[Any, int]]]:
        arcs, found = solved(flowG, _s, _t, capacity)
        return found.value, units(flowG, arcs, found)

    def maximum_flow_value(
        self, flowG: ConvertedGraph, _s: Any, _t: Any, capacity: str = "capacity", flow_func: Any = None
    ) -> int:
        return solved(flowG, _s, _t, capacity)[1].value

    def minimum_cut(
        self, flowG: ConvertedGraph, _s: Any, _t: Any, capacity: str = "capacity", flow_func: Any = None
    ) -> tuple[int, tuple[set[Any], set[Any]]]:
        found = solved(flowG, _s, _t, capacity)[1]
        sides: tuple[set[Any], set[Any]] = (set(), set())
        for node, of_source in zip(flowG.nodes, found.source_side.tolist(), strict=True):
            sides[0 if of_source else 1].add(node)
        return found.value, sides

    minimum_cut_value = maximum_flow_value

    def minimum_spanning_tree(
        self, G: ConvertedGraph, weight: str = "weight", algorithm: str = "kruskal", ignore_nan: bool = False
    ) -> Any:
        from marey.graph.structure import minimum_spanning_tree

        original = G.original
        tree = original.__class__()
        tree.graph.update(original.graph)
        tree.add_nodes_from(original.nodes.items())
        src, dst, _ = minimum_spanning_tree(G.rows(weight)).edges()
        pairs = ((G.nodes[u], G.nodes[v]) for u, v in zip(src.tolist(), dst.tolist(), strict=True))
        tree.add_edges_from((u, v, original.edges[u, v]) for u, v in pairs)
        return tree


def _by_distance(G: ConvertedGraph, distance: NDArray[Any], reached: NDArray[np.bool_]) -> dict[Any, Any]:
    at = np.flatnonzero(reached)
    at = at[np.argsort(distance[at], kind="stable")]
    return {G.nodes[i]: d for i, d in zip(at.tolist(), distance[at].tolist(), strict=True)}


def _grouped(G: ConvertedGraph, labels: NDArray[np.int64]) -> Iterator[set[Any]]:
    groups: dict[int, set[Any]] = {}
    for node, label in zip(G.nodes, labels.tolist(), strict=True):
        groups.setdefault(label, set()).add(node)
    yield from groups.values()


def _seed(seed: Any) -> int:
    """NetworkX passes a number, None, or a generator of its own."""
    if hasattr(seed, "getrandbits"):
        return int(seed.getrandbits(63))
    if hasattr(seed, "randint"):
        return int(seed.randint(2**31))
    return 0 if seed is None else int(seed)


def _sets(G: ConvertedGraph, *, strong: bool) -> Iterator[set[Any]]:
    from marey.graph.paths import components

    yield from _grouped(G, components(G.rows(), strong=strong))


def _count(G: ConvertedGraph, *, strong: bool) -> int:
    from marey.graph.paths import components

    return int(components(G.rows(), strong=strong).max(initial=-1)) + 1


def _is_one(G: ConvertedGraph, *, strong: bool) -> bool:
    import networkx as nx

    if len(G) == 0:
        raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")
    return _count(G, strong=strong) == 1


def _attribute(name: str) -> Callable[..., str | None]:
    """A weight must be the name of an attribute that holds numbers."""

    def refuse(**given: Any) -> str | None:
        weight = given[name]
        return None if weight is None or isinstance(weight, str) else f"`{name}` is a function"

    return refuse


def _refuse_pagerank(G: Any, nstart: Any, dangling: Any, **given: Any) -> str | None:
    if nstart is not None or dangling is not None:
        return "`nstart` and `dangling` are not marey's"
    return _attribute("weight")(**given)


def _refuse_betweenness(G: Any, k: Any, weight: Any, endpoints: bool, **_: Any) -> str | None:
    if k is not None or endpoints:
        return "`k` draws NetworkX's own samples, and `endpoints` are not counted"
    if G.is_multigraph():
        return "parallel edges are paths of their own in marey"
    return _attribute("weight")(weight=weight)


def _refuse_closeness(wf_improved: bool, **given: Any) -> str | None:
    return _attribute("distance")(**given) if wf_improved else "marey has the improved formula alone"


def _refuse_core_number(G: Any) -> str | None:
    return "cores of directed graphs are not marey's" if G.is_directed() else None


def _refuse_leiden(G: Any, max_level: Any, **given: Any) -> str | None:
    if G.is_directed() or max_level is not None:
        return "directed graphs and `max_level` are not marey's"
    return _attribute("weight")(**given)


def _refuse_louvain(G: Any, threshold: float, **given: Any) -> str | None:
    return _refuse_leiden(G, **given) if threshold == 1e-7 else "`threshold` is not marey's"


def _refuse_spanning_tree(G: Any, ignore_nan: bool, **given: Any) -> str | None:
    if G.is_multigraph() or ignore_nan:
        return "multigraphs and `ignore_nan` are not marey's"
    return _attribute("weight")(**given)


_REFUSE: dict[str, Callable[..., str | None]] = {
    "betweenness_centrality": _refuse_betweenness,
    "closeness_centrality": _refuse_closeness,
    "core_number": _refuse_core_number,
    "leiden_communities": _refuse_leiden,
    "louvain_communities": _refuse_louvain,
    "maximum_flow": refuse_flow,
    "maximum_flow_value": refuse_flow,
    "minimum_cut": refuse_flow,
    "minimum_cut_value": refuse_flow,
    "minimum_spanning_tree": _refuse_spanning_tree,
    "pagerank": _refuse_pagerank,
    "single_source_dijkstra_path_length": _attribute("weight"),
}

BACKEND = _Backend()
