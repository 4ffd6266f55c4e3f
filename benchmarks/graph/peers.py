"""The LFR-like graph of the benchmarks and its twins in the peers' types, made once; an absent peer is skipped."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lfr import lfr

from marey.graph import Graph

NODES = 100_000


@cache
def edges():
    src, dst, community = lfr(NODES)
    return src, dst, np.random.default_rng(0).uniform(0.1, 2.0, len(src)), community


@cache
def ours(weighted=False):
    src, dst, weight, _ = edges()
    return Graph.from_edges(src, dst, weight if weighted else None, n=NODES)


@cache
def scipy(weighted=False):
    matrix = ours(weighted).to_scipy().copy()
    return pytest.importorskip("scipy.sparse").csr_matrix(matrix)


@cache
def igraph():
    src, dst, weight, _ = edges()
    return pytest.importorskip("igraph").Graph(n=NODES, edges=np.c_[src, dst], edge_attrs={"weight": weight})


@cache
def networkit(weighted=False):
    nk = pytest.importorskip("networkit")
    nk.setNumberOfThreads(1)
    src, dst, weight, _ = edges()
    coo = (weight, (src, dst)) if weighted else (src, dst)
    return nk.GraphFromCoo(coo, n=NODES, weighted=weighted, directed=False)


@cache
def rustworkx():
    src, dst, weight, _ = edges()
    graph = pytest.importorskip("rustworkx").PyGraph()
    graph.add_nodes_from(range(NODES))
    graph.add_edges_from(list(zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True)))
    return graph
