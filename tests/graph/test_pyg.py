"""PyTorch Geometric's loader on marey's sampler."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("marey._rust")
torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    geometric = pytest.importorskip("torch_geometric")
    from torch_geometric.data import Data
    from torch_geometric.loader import NodeLoader

    from marey.graph.pyg import NeighborSampler


def made() -> Data:
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(0, 50, (2, 600), generator=generator)
    return Data(
        x=torch.arange(50.0)[:, None],
        edge_index=edge_index,
        edge_attr=torch.arange(600),
        edge_time=torch.rand(600, generator=generator),
        num_nodes=50,
    )


@pytest.mark.filterwarnings("ignore")
def test_batches_hold_edges_of_the_graph() -> None:
    data = made()
    loader = NodeLoader(data, node_sampler=NeighborSampler(data, [4, 3]), batch_size=16)
    seen = []
    for batch in loader:
        source, target = batch.edge_index
        np.testing.assert_array_equal(batch.n_id[source], data.edge_index[0, batch.e_id])
        np.testing.assert_array_equal(batch.n_id[target], data.edge_index[1, batch.e_id])
        np.testing.assert_array_equal(batch.x[:, 0], batch.n_id)
        np.testing.assert_array_equal(batch.edge_attr, batch.e_id)
        # The first hop leads to the seeds: four messages each, or all there are.
        first = target < batch.batch_size
        received = torch.bincount(data.edge_index[1], minlength=50)[batch.n_id[: batch.batch_size]]
        found = torch.bincount(target[first], minlength=batch.batch_size)
        assert (found >= received.clamp(max=4)).all()
        seen += batch.n_id[: batch.batch_size].tolist()
    assert seen == list(range(50))


@pytest.mark.filterwarnings("ignore")
def test_a_seed_gets_no_message_from_the_future() -> None:
    data = made()
    sampler = NeighborSampler(data, [5, 5], time_attr="edge_time", time_window=0.4)
    times = torch.linspace(0.2, 1, 50)
    for batch in NodeLoader(data, node_sampler=sampler, batch_size=10, input_nodes=torch.arange(50), input_time=times):
        end = times[batch.input_id][batch.batch[batch.edge_index[1]]]
        assert (batch.edge_time <= end).all()
        assert (batch.edge_time >= end - 0.4 - 1e-6).all()
