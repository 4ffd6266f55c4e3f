"""Graphs that break graph code, each beside its NetworkX twin."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

from marey.graph import Graph


def random_edges(n: int, m: int, seed: int, *, whole: bool = False) -> tuple[Any, Any, Any]:
    """Self-loops, parallel edges and isolated nodes occur; `whole` weights tie often."""
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, n, (2, m))
    return src, dst, rng.integers(1, 5, m).astype(float) if whole else rng.uniform(0.1, 2.0, m)


def cases(directed: bool) -> dict[str, tuple[int, Any, Any, Any]]:
    none = np.array([], dtype=np.int64)
    found = {
        "empty": (0, none, none, np.array([])),
        "one node": (1, none, none, np.array([])),
        "one loop": (1, np.array([0]), np.array([0]), np.array([2.0])),
        "no edges": (5, none, none, np.array([])),
        "parallel": (3, np.array([0, 0, 0, 1]), np.array([1, 1, 1, 2]), np.array([3.0, 1.0, 2.0, 1.0])),
    }
    for seed, (n, m) in enumerate([(12, 8), (30, 40), (40, 200), (80, 160), (25, 400)]):
        found[f"random {n} {m}"] = (n, *random_edges(n, m, seed))
        found[f"ties {n} {m}"] = (n, *random_edges(n, m, 100 + seed, whole=True))
    return found


def twins(name: str, directed: bool, weighted: bool) -> tuple[Graph, nx.MultiGraph]:
    n, src, dst, weight = cases(directed)[name]
    graph = Graph.from_edges(src, dst, weight if weighted else None, n=n, directed=directed)
    twin = nx.MultiDiGraph() if directed else nx.MultiGraph()
    twin.add_nodes_from(range(n))
    twin.add_weighted_edges_from(zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True))
    return graph, twin


NAMES = list(cases(False))
