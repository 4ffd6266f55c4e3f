"""marey's sampler for PyTorch Geometric's loaders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch_geometric.sampler import BaseSampler, NodeSamplerInput, SamplerOutput

from marey.graph.graph import Graph
from marey.graph.sampling import neighbor_sample

__all__ = ["NeighborSampler"]


class NeighborSampler(BaseSampler):
    """Samples the neighbours whose messages a node gets, for ``torch_geometric.loader.NodeLoader``.

    The same seed gives the same batches, whatever the number of threads; each batch draws anew.

    Parameters
    ----------
    data : torch_geometric.data.Data
        With ``edge_index`` (2, edges); ``data.time`` (n,) or ``data.edge_time`` (edges,) where `time_window` is used.
    num_neighbors : list of int
        Arcs of each node in each hop, -1 for all.
    replace, disjoint : bool
        As of `marey.graph.neighbor_sample`.
    time_attr : str, optional
        Name of the times in `data`: of the edges or of the nodes; makes samples disjoint.
    time_window : float, optional
        As of `marey.graph.neighbor_sample`.
    seed : int

    Examples
    --------
    ::

        loader = NodeLoader(data, node_sampler=NeighborSampler(data, [10, 5]), batch_size=128)
    """

    def __init__(
        self,
        data: Any,
        num_neighbors: list[int],
        *,
        replace: bool = False,
        disjoint: bool = False,
        time_attr: str | None = None,
        time_window: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        source, target = data.edge_index.cpu().numpy()
        # Turned round: a node's arcs lead to those that send it messages. Sorting is stable, as that of the graph is.
        self._edge = np.lexsort((source, target))
        self._graph = Graph.from_edges(target[self._edge], source[self._edge], n=data.num_nodes, directed=True)
        self._times = None
        if time_attr is not None:
            times = np.asarray(data[time_attr].cpu(), dtype=np.float64)
            self._times = times[self._edge] if len(times) == len(source) else times[source[self._edge]]
        elif time_window is not None:
            raise ValueError("`time_window` needs `time_attr`, the name of the times in `data`")
        self._num_neighbors, self._replace = list(num_neighbors), replace
        self._disjoint = disjoint or time_attr is not None
        self._window, self._seed, self._calls = time_window, seed, 0

    def sample_from_nodes(self, index: NodeSamplerInput, **_: Any) -> SamplerOutput:
        """One batch."""
        if self._times is not None and index.time is None:
            raise ValueError("the loader has no `input_time`; expected the time of each seed with `time_attr`")
        self._calls += 1
        found = neighbor_sample(
            self._graph,
            index.node.cpu().numpy(),
            self._num_neighbors,
            replace=self._replace,
            disjoint=self._disjoint,
            time=self._times,
            seed_time=None if self._times is None else index.time.cpu().numpy().astype(np.float64),
            time_window=self._window,
            seed=(self._seed << 32) + self._calls,
        )
        return SamplerOutput(
            node=torch.from_numpy(found.node),
            row=torch.from_numpy(found.neighbor),
            col=torch.from_numpy(found.center),
            edge=torch.from_numpy(self._edge[found.edge]),
            batch=None if found.batch is None else torch.from_numpy(found.batch),
            num_sampled_nodes=found.nodes_of_hop.tolist(),
            num_sampled_edges=found.edges_of_hop.tolist(),
            metadata=(index.input_id, index.time),
        )

    def sample_from_edges(self, index: Any, neg_sampling: Any = None) -> Any:
        """Not answered: sample from the edges' ends by `sample_from_nodes`."""
        raise NotImplementedError("marey samples from nodes; give the ends of the edges to a NodeLoader")

    @property
    def edge_permutation(self) -> None:
        """Edges are told by their place in ``data.edge_index`` already."""
        return None
