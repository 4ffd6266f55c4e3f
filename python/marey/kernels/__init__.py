"""Random and fixed convolutions of series, as features for linear models."""

from typing import TYPE_CHECKING, Any

from marey.kernels.fit import MiniRocketFit as MiniRocketFit
from marey.kernels.fit import minirocket_fit as minirocket_fit
from marey.kernels.hydra import HydraFit as HydraFit
from marey.kernels.hydra import hydra as hydra
from marey.kernels.hydra import hydra_fit as hydra_fit
from marey.kernels.minirocket import minirocket as minirocket
from marey.kernels.multirocket import multirocket as multirocket

if TYPE_CHECKING:
    from marey.kernels.transformers import Hydra as Hydra
    from marey.kernels.transformers import MiniRocket as MiniRocket
    from marey.kernels.transformers import MultiRocket as MultiRocket

__all__ = [
    "Hydra",
    "HydraFit",
    "MiniRocket",
    "MiniRocketFit",
    "MultiRocket",
    "hydra",
    "hydra_fit",
    "minirocket",
    "minirocket_fit",
    "multirocket",
]


def __getattr__(name: str) -> Any:
    if name in ("Hydra", "MiniRocket", "MultiRocket"):  # need scikit-learn
        from marey.kernels import transformers

        return getattr(transformers, name)
    raise AttributeError(f"module 'marey.kernels' has no attribute {name!r}")
