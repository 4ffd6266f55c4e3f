"""BoTorch's hypervolume and partitionings, computed by marey. As there, objectives are maximised."""

from __future__ import annotations

from typing import Any

import botorch.utils.multi_objective.box_decompositions.dominated as dominated
import botorch.utils.multi_objective.box_decompositions.non_dominated as non_dominated
import botorch.utils.multi_objective.hypervolume as hypervolumes
import torch

from marey.moo.box_decomposition import box_decomposition
from marey.moo.torch import hypervolume

__all__ = ["DominatedPartitioning", "FastNondominatedPartitioning", "Hypervolume"]


class Hypervolume(hypervolumes.Hypervolume):
    """In the place of ``botorch.utils.multi_objective.hypervolume.Hypervolume``."""

    def compute(self, pareto_Y: Any) -> float:
        """The hypervolume of (n, m) outcomes above the reference point."""
        if pareto_Y.ndim != 2 or pareto_Y.shape[-1] != self._ref_point.shape[0]:
            return float(super().compute(pareto_Y))  # which says what is wrong
        return float(hypervolume(-pareto_Y.detach().cpu(), self._ref_point.detach().cpu()))


class _Partitioning:
    """What both share: the boxes of one front are decomposed natively, batches as BoTorch does it."""

    _kind = ""

    def partition_space(self: Any) -> None:
        if len(self.batch_shape) > 0 or self._neg_pareto_Y.shape[-2] == 0:
            super().partition_space()  # type: ignore[misc]
            return
        lower, upper = box_decomposition(
            self._neg_pareto_Y.detach().cpu(), self._neg_ref_point.detach().cpu().reshape(-1), kind=self._kind
        )
        self.hypercell_bounds = -torch.stack([upper, lower]).to(self._neg_pareto_Y)

    def update(self: Any, Y: Any) -> None:
        """Takes in new outcomes."""
        self._update_neg_Y(Y=Y)
        self.reset()

    def _compute_hypervolume_if_y_has_data(self: Any) -> Any:
        volume = hypervolume(self._neg_pareto_Y.cpu(), self._neg_ref_point.detach().cpu().reshape(-1))
        return volume.to(self._neg_pareto_Y)


class FastNondominatedPartitioning(_Partitioning, non_dominated.FastNondominatedPartitioning):
    """In the place of BoTorch's ``FastNondominatedPartitioning``."""

    _kind = "nondominated"


class DominatedPartitioning(_Partitioning, dominated.DominatedPartitioning):
    """In the place of BoTorch's ``DominatedPartitioning``."""

    _kind = "dominated"
