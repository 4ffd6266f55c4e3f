"""Phenotypes: communities of stays that resemble each other, what leads in each, and how often it ends in death."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marey.events import Events
from marey.study.p12.summaries import summaries

__all__ = ["Phenotypes", "phenotypes"]

NEIGHBOURS = 20
SEEN = 0.3
"""Variables measured in fewer of the stays take no part: their gaps would make the neighbours."""
LEADING = 4


@dataclass(frozen=True)
class Phenotypes:
    """Communities of the patient graph, the largest first.

    Attributes
    ----------
    label : (N,) int64
        Community of each stay.
    place : (N, 2) float64
        Each stay on the plane of the two main components of its features.
    stays, deaths : (K,) int64
    leading : (K, L) str
        The variables whose mean differs most from that of all other stays.
    apart : (K, L) float64
        By how many standard deviations.
    modularity : () float64
        How much denser the graph is within communities than by chance.
    edges : () int64
        Of the patient graph.
    """

    label: NDArray[np.int64]
    place: NDArray[np.float64]
    stays: NDArray[np.int64]
    deaths: NDArray[np.int64]
    leading: NDArray[np.str_]
    apart: NDArray[np.float64]
    modularity: NDArray[np.float64]
    edges: NDArray[np.int64]

    def arrays(self) -> dict[str, NDArray[Any]]:
        return asdict(self)


def phenotypes(events: Events, died: NDArray[np.bool_], *, seed: int = 0) -> Phenotypes:
    """The communities of these stays.

    A stay is its age and the mean of each variable that at least a third of the stays have, in standard deviations cut
    off at 3, gaps at the middle. Each is joined to the 20 most alike; communities are those of Leiden. Outcomes take no
    part in them.

    Parameters
    ----------
    events : Events
    died : (N,) bool
    seed : int
    """
    from marey.graph import Graph, leiden, modularity

    names, features = standardised(events)
    graph = Graph.knn(features, min(NEIGHBOURS, len(features) - 1), weight="similarity")
    found = leiden(graph, seed=seed)
    order = np.argsort(-np.bincount(found), kind="stable")
    label = np.argsort(order)[found]
    count = len(order)
    stays = np.bincount(label, minlength=count)
    leading = min(LEADING, len(names))
    apart = np.zeros((count, leading))
    lead = np.zeros((count, leading), dtype=np.array(names).dtype)
    for k in range(count):
        inside = label == k
        rest = features[~inside].mean(axis=0) if not inside.all() else 0.0
        difference = features[inside].mean(axis=0) - rest
        first = np.argsort(-np.abs(difference), kind="stable")[:leading]
        lead[k], apart[k] = np.array(names)[first], difference[first]
    return Phenotypes(
        label=label,
        place=_plane(features),
        stays=stays,
        deaths=np.bincount(label[died], minlength=count),
        leading=lead,
        apart=apart,
        modularity=np.array(modularity(graph, label)),
        edges=np.array(graph.m),
    )


def standardised(events: Events) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Age and means, in standard deviations cut off at 3, gaps 0."""
    table, columns = summaries(events)
    wanted = [j for j, name in enumerate(columns) if name.endswith(" mean") or name == "Age"]
    wanted = [j for j in wanted if np.isfinite(table[:, j]).mean() >= SEEN]
    values = table[:, wanted]
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    keep = spread > 0
    scaled = (values[:, keep] - centre[keep]) / spread[keep]
    names = tuple(columns[j].removesuffix(" mean") for j, kept in zip(wanted, keep, strict=True) if kept)
    return names, np.clip(np.nan_to_num(scaled), -3, 3)


def _plane(features: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    # An axis has no direction of its own: its largest loading points up.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    place: NDArray[np.float64] = centred @ axes
    return place
