"""Tables of features: statistics and canonical characteristics of many series at once."""

from typing import TYPE_CHECKING, Any

from marey.features._rows import windows as windows
from marey.features.extract import CATCH22 as CATCH22
from marey.features.extract import STATISTICS as STATISTICS
from marey.features.extract import catch22 as catch22
from marey.features.extract import extract as extract
from marey.features.extract import feature_names as feature_names

if TYPE_CHECKING:
    from marey.features.bank import FeatureBank as FeatureBank

__all__ = ["CATCH22", "STATISTICS", "FeatureBank", "catch22", "extract", "feature_names", "windows"]


def __getattr__(name: str) -> Any:
    if name == "FeatureBank":  # needs scikit-learn
        from marey.features.bank import FeatureBank

        return FeatureBank
    raise AttributeError(f"module 'marey.features' has no attribute {name!r}")
