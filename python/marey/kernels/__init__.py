"""Random and fixed convolutions of series, as features for linear models."""

from typing import TYPE_CHECKING, Any

from marey.kernels.fit import MiniRocketFit as MiniRocketFit
from marey.kernels.fit import minirocket_fit as minirocket_fit
from marey.kernels.minirocket import minirocket as minirocket

if TYPE_CHECKING:
    from marey.kernels.transformers import MiniRocket as MiniRocket

__all__ = ["MiniRocket", "MiniRocketFit", "minirocket", "minirocket_fit"]


def __getattr__(name: str) -> Any:
    if name == "MiniRocket":  # needs scikit-learn
        from marey.kernels.transformers import MiniRocket

        return MiniRocket
    raise AttributeError(f"module 'marey.kernels' has no attribute {name!r}")
