"""Graphs and communities as scikit-learn has them: estimators for pipelines, searches and clones."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from marey.graph._check import as_count
from marey.graph.community import leiden, modularity
from marey.graph.graph import Graph

__all__ = ["KNNGraph", "Leiden"]


class KNNGraph(BaseEstimator):
    """The graph of each sample and its nearest others, as a sparse matrix.

    Parameters
    ----------
    n_neighbors : int
        Neighbours of each sample; fewer samples are all joined.
    metric : str
        ``"euclidean"``, ``"cosine"``, ``"correlation"`` or ``"gower"`` (NaN is missing).
    weight : str
        ``"distance"``, ``"similarity"`` or ``"none"``, as of `Graph.knn`.
    categorical : (d,) array_like of bool, optional
        Columns that hold categories, for ``"gower"``.

    Attributes
    ----------
    graph_ : Graph
    n_features_in_ : int

    Examples
    --------
    >>> from marey.graph.estimators import KNNGraph
    >>> KNNGraph(n_neighbors=1).fit_transform([[0.0], [1.0], [5.0]]).toarray()
    array([[0., 1., 0.],
           [1., 0., 4.],
           [0., 4., 0.]])
    """

    def __init__(
        self, n_neighbors: int = 15, *, metric: str = "euclidean", weight: str = "distance", categorical: Any = None
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.weight = weight
        self.categorical = categorical

    def fit(self, X: Any, y: Any = None) -> KNNGraph:
        """Finds the neighbours."""
        missing = "allow-nan" if self.metric == "gower" else True
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite=missing, ensure_min_samples=2)
        k = min(as_count("n_neighbors", self.n_neighbors, least=1), len(X) - 1)
        self.graph_ = Graph.knn(X, k, self.metric, categorical=self.categorical, weight=self.weight)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """(n, n) ``scipy.sparse.csr_array``, symmetric."""
        return self.fit(X).graph_.to_scipy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.metric == "gower"
        return tags


class Leiden(ClusterMixin, BaseEstimator):
    """Communities of samples by the Leiden method, on the graph of nearest neighbours or on one that is given.

    Parameters
    ----------
    resolution : float
        Higher gives more and smaller communities.
    n_neighbors, metric, categorical
        As of `KNNGraph`; edges weigh 1 / (1 + distance).
    affinity : str
        ``"knn"``, or ``"precomputed"``: X is a symmetric sparse or dense matrix of weights, or a `Graph`.
    objective : str
        ``"modularity"`` or ``"cpm"``.
    random_state : int
        The same gives the same communities on any number of threads.

    Attributes
    ----------
    labels_ : (n,) int64
    n_clusters_ : int
    modularity_ : float
    graph_ : Graph

    Examples
    --------
    >>> from marey.graph.estimators import Leiden
    >>> Leiden(n_neighbors=2).fit_predict([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
    array([0, 0, 0, 1, 1, 1])
    """

    def __init__(
        self,
        resolution: float = 1.0,
        *,
        n_neighbors: int = 15,
        metric: str = "euclidean",
        categorical: Any = None,
        affinity: str = "knn",
        objective: str = "modularity",
        random_state: int = 0,
    ) -> None:
        self.resolution = resolution
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.categorical = categorical
        self.affinity = affinity
        self.objective = objective
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Leiden:
        """Finds the communities."""
        if self.affinity not in ("knn", "precomputed"):
            raise ValueError(f"`affinity` is {self.affinity!r}; expected 'knn' or 'precomputed'")
        if self.affinity == "knn":
            joined = KNNGraph(
                self.n_neighbors, metric=self.metric, weight="similarity", categorical=self.categorical
            ).fit(X)
            self.graph_, self.n_features_in_ = joined.graph_, joined.n_features_in_
            if hasattr(joined, "feature_names_in_"):
                self.feature_names_in_ = joined.feature_names_in_
        else:
            self.graph_ = X if isinstance(X, Graph) else _given(X)
            self.n_features_in_ = self.graph_.n
        seed = 0 if self.random_state is None else self.random_state
        self.labels_ = leiden(self.graph_, resolution=float(self.resolution), objective=self.objective, seed=int(seed))
        self.n_clusters_ = int(self.labels_.max()) + 1
        self.modularity_ = float(modularity(self.graph_, self.labels_))
        return self

    def fit_predict(self, X: Any, y: Any = None, **_: Any) -> Any:
        """The communities of X."""
        self.fit(X)
        check_is_fitted(self, "labels_")
        return self.labels_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.metric == "gower" and self.affinity == "knn"
        tags.input_tags.pairwise = self.affinity == "precomputed"
        return tags


def _given(X: Any) -> Graph:
    from scipy.sparse import csr_array, issparse

    return Graph.from_scipy(X if issparse(X) else csr_array(np.asarray(X, dtype=np.float64)), directed=False)
