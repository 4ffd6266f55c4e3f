"""KNNGraph and Leiden as scikit-learn's own checks want them."""

from __future__ import annotations

import unittest

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neighbors import kneighbors_graph
from sklearn.utils.estimator_checks import estimator_checks_generator

pytest.importorskip("marey._rust")
from marey.graph import Graph, adjusted_rand, leiden
from marey.graph.estimators import KNNGraph, Leiden


@pytest.mark.parametrize("estimator", [KNNGraph(n_neighbors=3), Leiden(n_neighbors=3)], ids=["KNNGraph", "Leiden"])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator) -> None:
    ran = 0
    for tested, check in estimator_checks_generator(estimator):
        try:
            check(tested)
            ran += 1
        except unittest.SkipTest:  # a check of what this scikit-learn is not set up for
            continue
    assert ran > 30


def test_the_graph_is_that_of_scikit_learn() -> None:
    X = np.random.default_rng(0).normal(size=(60, 4))
    expected = kneighbors_graph(X, 5, mode="distance").toarray()
    np.testing.assert_allclose(KNNGraph(5).fit_transform(X).toarray(), np.maximum(expected, expected.T), rtol=1e-12)


def test_communities_of_features_and_of_graphs() -> None:
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], 40)
    X = rng.normal(size=(120, 3)) + 8 * np.eye(3)[truth]
    found = Leiden(random_state=4).fit(X)
    assert adjusted_rand(found.labels_, truth) == 1.0
    assert found.n_clusters_ == 3
    given = Leiden(affinity="precomputed", random_state=4)
    for graph in (found.graph_, found.graph_.to_scipy(), found.graph_.to_scipy().toarray()):
        np.testing.assert_array_equal(given.fit_predict(graph), found.labels_)
    np.testing.assert_array_equal(leiden(Graph.knn(X, 15, weight="similarity"), seed=4), found.labels_)


def test_parameters_are_cloned_and_refused() -> None:
    estimator = clone(Leiden(2.0, metric="cosine"))
    assert estimator.get_params()["resolution"] == 2.0
    with pytest.raises(ValueError, match="`affinity` is 'near'"):
        Leiden(affinity="near").fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="`n_neighbors` is 0"):
        KNNGraph(0).fit([[0.0], [1.0]])


def test_gower_takes_missing_values() -> None:
    X = np.random.default_rng(2).normal(size=(40, 3))
    X[::5, 0] = np.nan
    assert len(Leiden(metric="gower").fit(X).labels_) == 40
    with pytest.raises(ValueError, match="NaN"):
        Leiden().fit(X)
