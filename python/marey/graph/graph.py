"""The graph itself: three flat arrays that never change."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from marey._runtime import native
from marey.graph._check import as_count, as_floats, as_nodes

__all__ = ["Graph"]

Arrays = tuple[NDArray[np.int64], NDArray[np.int32], "NDArray[np.float64] | None"]


class Graph:
    """An immutable graph in compressed rows.

    The arcs of node ``v`` are ``targets[offsets[v]:offsets[v + 1]]``, sorted, with their ``weights``. An undirected
    edge is two arcs; a self-loop of an undirected graph is one arc. Self-loops and parallel edges are kept: `simplify`
    merges them. Without weights every edge counts 1. The arrays are read-only.

    Parameters
    ----------
    offsets : (n + 1,) int64
        First arc of each node, and the number of arcs.
    targets : (arcs,) int32
        Where each arc leads.
    weights : (arcs,) float64, optional
        Weight of each arc: finite, negative ones only where an operation allows them.
    directed : bool
        With ``False`` the arcs must be symmetric, which is checked.

    Raises
    ------
    ValueError
        If the arrays are no graph, or an undirected one is not symmetric. The message names the first bad index.

    Examples
    --------
    >>> from marey.graph import Graph
    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 0], n=4)
    >>> graph
    Graph(4 nodes, 3 edges, undirected, unweighted)
    >>> graph.degree()
    array([2, 2, 2, 0])
    """

    __slots__ = ("_arrays", "_directed", "_incoming")

    def __init__(self, offsets: Any, targets: Any, weights: Any = None, *, directed: bool = True) -> None:
        nodes = as_nodes("targets", targets)
        outside = np.flatnonzero((nodes < 0) | (nodes >= max(len(np.asarray(offsets)) - 1, 0)))
        if len(outside):
            at = int(outside[0])
            raise ValueError(f"`targets` has node {nodes[at]} at index {at}; expected a node of the graph")
        if weights is not None:
            weights = as_floats("weights", weights, ndim=1)
            if not np.isfinite(weights).all():
                at = int(np.flatnonzero(~np.isfinite(weights))[0])
                raise ValueError(f"`weights` is {weights[at]} at index {at}; expected finite numbers")
        arrays: Arrays = (as_nodes("offsets", offsets), nodes.astype(np.int32), weights)
        native.rust().graph_validate(arrays)
        # Turned round twice, the rows come back sorted.
        incoming = native.rust().graph_transposed(arrays)
        self._set(native.rust().graph_transposed(incoming), directed)
        if not directed and not _same(self._arrays, incoming):
            raise ValueError("the arcs are not symmetric; expected each undirected edge once in each direction")

    def _set(self, arrays: Arrays, directed: bool) -> None:
        for array in arrays:
            if array is not None:
                array.setflags(write=False)
        self._arrays: Arrays = arrays
        self._directed = directed
        self._incoming: Arrays | None = None

    @classmethod
    def _of(cls, arrays: Arrays, directed: bool) -> Graph:
        graph = cls.__new__(cls)
        graph._set(arrays, directed)
        return graph

    @classmethod
    def from_edges(cls, src: Any, dst: Any, weight: Any = None, n: int | None = None, directed: bool = False) -> Graph:
        """The graph with an edge from ``src[e]`` to ``dst[e]`` for each e.

        Parameters
        ----------
        src, dst : (m,) array_like of int
            Ends of the edges, 0 <= node < n. Each undirected edge stands once; one that stands twice is two edges.
        weight : (m,) array_like of float, optional
            Finite weights.
        n : int, optional
            Number of nodes; default: the largest node plus one.
        directed : bool
            Whether edges have a direction.

        Raises
        ------
        ValueError
            If lengths differ, a node is out of range or a weight is not finite; the message names the index.
        """
        src, dst = as_nodes("src", src), as_nodes("dst", dst)
        if weight is not None:
            weight = as_floats("weight", weight, ndim=1)
        if n is None:
            n = int(max(src.max(initial=-1), dst.max(initial=-1))) + 1
        rows = native.rust().graph_from_edges(src, dst, weight, as_count("n", n), directed)
        return cls._of(rows, directed)

    @classmethod
    def from_scipy(cls, matrix: Any, directed: bool = True) -> Graph:
        """The graph whose arc weights are the stored entries of a square sparse matrix.

        A canonical CSR matrix with int32 indices and float64 data that nobody can write to is taken without a copy;
        any other is copied. With ``directed=False`` the matrix must be symmetric.
        """
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"`matrix` has shape {matrix.shape}; expected a square matrix")
        matrix = matrix.tocsr()
        data = matrix.data
        if data.dtype == np.float64 and matrix.indices.dtype == np.int32 and not data.flags.writeable:
            arrays = (matrix.indptr.astype(np.int64), matrix.indices, data)
            if matrix.has_canonical_format and np.isfinite(data).all():
                native.rust().graph_validate(arrays)
                graph = cls._of(arrays, directed)
                if directed or _same(arrays, native.rust().graph_transposed(arrays)):
                    return graph
        return cls(matrix.indptr, matrix.indices, data, directed=directed)

    @classmethod
    def from_networkx(cls, graph: Any, weight: str | None = "weight") -> Graph:
        """A NetworkX graph; node i is ``list(graph)[i]``. Edges without the attribute `weight` weigh 1."""
        index = {node: i for i, node in enumerate(graph)}
        edges = list(graph.edges(data=weight, default=None) if weight else ((u, v, None) for u, v in graph.edges()))
        weights = [w for _, _, w in edges]
        weighted = any(w is not None for w in weights)
        return cls.from_edges(
            np.array([index[u] for u, _, _ in edges], dtype=np.int64),
            np.array([index[v] for _, v, _ in edges], dtype=np.int64),
            np.array([1.0 if w is None else w for w in weights], dtype=np.float64) if weighted else None,
            n=len(index),
            directed=graph.is_directed(),
        )

    @classmethod
    def from_torch(cls, edge_index: Any, weight: Any = None, n: int | None = None, directed: bool = True) -> Graph:
        """The graph of a (2, arcs) integer tensor on the CPU, as PyTorch Geometric has it.

        With ``directed=False`` each undirected edge must stand in both directions, as is the custom there.
        """
        if edge_index.ndim != 2 or edge_index.shape[0] != 2:
            raise ValueError(f"`edge_index` has shape {tuple(edge_index.shape)}; expected (2, arcs)")
        src, dst = (row.detach().numpy() for row in edge_index)
        weight = None if weight is None else weight.detach().numpy()
        graph = cls.from_edges(src, dst, weight, n, directed=True)
        return graph if directed else cls(*graph._arrays, directed=False)

    @classmethod
    def from_arrow(
        cls, table: Any, src: str = "src", dst: str = "dst", weight: str | None = None, **options: Any
    ) -> Graph:
        """The graph of an edge table: pyarrow, polars, DuckDB or anything else that gives an Arrow stream.

        `src`, `dst` and `weight` name columns without nulls; `options` are `n` and `directed` of `from_edges`. A column
        in one chunk is read where it lies.
        """
        import pyarrow as pa

        table = pa.table(table)
        columns: list[Any] = []
        for name in (src, dst, weight):
            if name is None:
                columns.append(None)
                continue
            if name not in table.column_names:
                raise ValueError(f"`table` has no column {name!r}; it has {', '.join(table.column_names)}")
            column = table.column(name)
            if column.null_count:
                raise ValueError(f"column {name!r} has {column.null_count} nulls; expected none")
            columns.append(column.to_numpy())
        return cls.from_edges(*columns, **options)

    def to_arrow(self) -> Any:
        """A pyarrow table of the edges: ``src``, ``dst`` and, where there are weights, ``weight``."""
        import pyarrow as pa

        src, dst, weight = self.edges()
        return pa.table({"src": src, "dst": dst, **({} if weight is None else {"weight": weight})})

    def to_networkx(self) -> Any:
        """A NetworkX graph with nodes 0, 1, ...; a multigraph, so that parallel edges stay."""
        import networkx as nx

        graph = nx.MultiDiGraph() if self.directed else nx.MultiGraph()
        graph.add_nodes_from(range(self.n))
        src, dst, weight = self.edges()
        if weight is None:
            graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
        else:
            graph.add_weighted_edges_from(zip(src.tolist(), dst.tolist(), weight.tolist(), strict=True))
        return graph

    def to_torch(self) -> tuple[Any, Any]:
        """``(edge_index, weight)``: (2, arcs) int64 with both directions of an undirected edge, and (arcs,) or None.

        The weights share the graph's memory: do not write to them.
        """
        import warnings

        import torch

        arcs = np.stack([self.sources().astype(np.int64), self.targets.astype(np.int64)])
        with warnings.catch_warnings():
            # torch has no read-only tensors and says so.
            warnings.filterwarnings("ignore", message=".*not writable.*")
            weight = None if self.weights is None else torch.from_numpy(self.weights)
        return torch.from_numpy(arcs), weight

    def plot(self, labels: Any = None, *, positions: Any = None, seed: int = 0, ax: Any = None) -> Any:
        """Draws the graph with Matplotlib; returns the axes.

        Parameters
        ----------
        labels : (n,) array_like, optional
            Colours the nodes: communities, or any numbers.
        positions : (n, 2) array_like, optional
            Where the nodes are; default: `layout`.
        seed : int
            Of the layout.
        ax : matplotlib.axes.Axes, optional
            Where to draw.
        """
        from marey.graph.layout import draw

        return draw(self, labels, positions, seed, ax)

    @classmethod
    def knn(
        cls,
        X: Any,
        k: int,
        metric: str = "euclidean",
        *,
        categorical: Any = None,
        weight: str = "distance",
        exact: bool | Literal["auto"] = "auto",
        seed: int = 0,
    ) -> Graph:
        """The undirected graph of each point and its k nearest others; a pair that names each other is one edge.

        Parameters
        ----------
        X, k, metric, categorical, exact, seed
            As of `nearest_neighbors`. Pairs at infinite distance (``"gower"``, no column in common) get no edge.
        weight : str
            ``"distance"``; ``"similarity"``: 1 / (1 + distance), for communities; or ``"none"``.
        """
        from marey.graph.knn import nearest_neighbors

        if weight not in ("distance", "similarity", "none"):
            raise ValueError(f"`weight` is {weight!r}; expected 'distance', 'similarity' or 'none'")
        index, distance = nearest_neighbors(X, k, metric=metric, categorical=categorical, exact=exact, seed=seed)
        n = len(index)
        src, dst, length = np.repeat(np.arange(n), index.shape[1]), index.ravel(), distance.ravel()
        keep = np.isfinite(length)
        src, dst, length = src[keep], dst[keep], length[keep]
        weights = {"distance": length, "similarity": 1 / (1 + length), "none": None}[weight]
        return cls.from_edges(np.minimum(src, dst), np.maximum(src, dst), weights, n).simplify(weight="min")

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(n + 1,) first arc of each node."""
        return self._arrays[0]

    @property
    def targets(self) -> NDArray[np.int32]:
        """(arcs,) where each arc leads."""
        return self._arrays[1]

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """(arcs,) weight of each arc, or None."""
        return self._arrays[2]

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""
        return self._directed

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.offsets) - 1

    @property
    def m(self) -> int:
        """Number of edges; an undirected edge counts once."""
        arcs = len(self.targets)
        return arcs if self.directed else (arcs + int(np.count_nonzero(self.sources() == self.targets))) // 2

    def sources(self) -> NDArray[np.int32]:
        """(arcs,) where each arc begins."""
        return np.repeat(np.arange(self.n, dtype=np.int32), np.diff(self.offsets))

    def degree(self) -> NDArray[np.int64]:
        """(n,) arcs that leave each node; a self-loop of an undirected graph counts twice."""
        degree: NDArray[np.int64] = np.diff(self.offsets)
        if not self.directed:
            sources = self.sources()
            degree = degree + np.bincount(sources[sources == self.targets], minlength=self.n)
        return degree

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None]:
        """``(src, dst, weight)`` of each edge; of an undirected one with src <= dst."""
        sources, targets, weights = self.sources(), self.targets, self.weights
        keep = slice(None) if self.directed else sources <= targets
        weight = None if weights is None else weights[keep]
        return sources[keep].astype(np.int64), targets[keep].astype(np.int64), weight

    def simplify(self, *, weight: str = "sum", loops: bool = True) -> Graph:
        """The graph with parallel edges merged, their weights by ``"sum"``, ``"min"`` or ``"max"``.

        Without weights the merged edges count 1 each. ``loops=False`` drops self-loops.
        """
        merge = {"sum": np.add, "min": np.minimum, "max": np.maximum}.get(weight)
        if merge is None:
            raise ValueError(f"`weight` is {weight!r}; expected 'sum', 'min' or 'max'")
        src, dst, weights = self.edges()
        if not loops:
            keep = src != dst
            src, dst, weights = src[keep], dst[keep], None if weights is None else weights[keep]
        first = np.ones(len(src), dtype=bool)
        first[1:] = (src[1:] != src[:-1]) | (dst[1:] != dst[:-1])
        at = np.flatnonzero(first)
        if weights is not None and len(at):
            weights = merge.reduceat(weights, at)
        return Graph.from_edges(src[at], dst[at], weights, self.n, self.directed)

    def to_undirected(self) -> Graph:
        """The graph without directions: each arc becomes an edge, so a pair of opposite arcs becomes two."""
        return Graph.from_edges(*self.edges(), n=self.n) if self.directed else self

    def to_scipy(self) -> Any:
        """A ``scipy.sparse.csr_array`` on the same read-only targets and weights; without weights, with ones."""
        from scipy.sparse import csr_array

        data = np.ones(len(self.targets)) if self.weights is None else self.weights
        # SciPy wants one index type: with int64 offsets it would copy the targets.
        offsets = self.offsets.astype(np.int32 if len(self.targets) < 2**31 else np.int64)
        return csr_array((data, self.targets, offsets), shape=(self.n, self.n))

    def _rows(self) -> Arrays:
        return self._arrays

    def _incoming_rows(self) -> Arrays:
        if not self.directed:
            return self._arrays
        if self._incoming is None:
            self._incoming = native.rust().graph_transposed(self._arrays)
        return self._incoming

    def _known_incoming(self) -> Arrays | None:
        """The transpose, unless it must be made."""
        return self._incoming if self.directed else self._arrays

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        weights = "unweighted" if self.weights is None else "weighted"
        return f"Graph({self.n:,} nodes, {self.m:,} edges, {kind}, {weights})"

    def _repr_html_(self) -> str:
        degree = self.degree()
        mean, most = (degree.mean(), degree.max()) if self.n else (0.0, 0)
        return f"<p><code>{self!r}</code><br>degree: mean {mean:.3g}, largest {most:,}</p>"


def _same(a: Arrays, b: Arrays) -> bool:
    if not (np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])):
        return False
    if a[2] is None or b[2] is None:
        return True
    if np.array_equal(a[2], b[2]):
        return True
    # Parallel edges may stand in another order in the two directions.
    row = np.repeat(np.arange(len(a[0]) - 1), np.diff(a[0]))
    return np.array_equal(a[2][np.lexsort((a[2], a[1], row))], b[2][np.lexsort((b[2], b[1], row))])
