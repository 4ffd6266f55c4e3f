"""Survival: time to an event, of which some are seen and some only known to come later."""

from typing import TYPE_CHECKING, Any

from marey.errors import BackendError
from marey.survival._newton import ConvergenceWarning as ConvergenceWarning
from marey.survival.aalen_johansen import AalenJohansen as AalenJohansen
from marey.survival.aalen_johansen import aalen_johansen as aalen_johansen
from marey.survival.bootstrap import Bootstrap as Bootstrap
from marey.survival.bootstrap import bootstrap_concordance as bootstrap_concordance
from marey.survival.bootstrap import bootstrap_counts as bootstrap_counts
from marey.survival.bootstrap import bootstrap_cox as bootstrap_cox
from marey.survival.bootstrap import bootstrap_kaplan_meier as bootstrap_kaplan_meier
from marey.survival.brier import brier as brier
from marey.survival.brier import integrated_brier as integrated_brier
from marey.survival.concordance import Concordance as Concordance
from marey.survival.concordance import concordance as concordance
from marey.survival.cox_fit import cox_fit as cox_fit
from marey.survival.cox_partial_likelihood import cox_partial_likelihood as cox_partial_likelihood
from marey.survival.cox_path import CoxPath as CoxPath
from marey.survival.cox_path import CoxPathCV as CoxPathCV
from marey.survival.cox_path import cox_path as cox_path
from marey.survival.cox_path import cox_path_cv as cox_path_cv
from marey.survival.cox_result import Baseline as Baseline
from marey.survival.cox_result import CoxFit as CoxFit
from marey.survival.cox_zph import ProportionalHazards as ProportionalHazards
from marey.survival.cumulative_dynamic_auc import DynamicAUC as DynamicAUC
from marey.survival.cumulative_dynamic_auc import cumulative_dynamic_auc as cumulative_dynamic_auc
from marey.survival.finegray_fit import FineGrayFit as FineGrayFit
from marey.survival.finegray_fit import finegray_fit as finegray_fit
from marey.survival.kaplan_meier import KaplanMeier as KaplanMeier
from marey.survival.kaplan_meier import kaplan_meier as kaplan_meier
from marey.survival.logrank import LogRank as LogRank
from marey.survival.logrank import logrank as logrank
from marey.survival.nelson_aalen import NelsonAalen as NelsonAalen
from marey.survival.nelson_aalen import nelson_aalen as nelson_aalen
from marey.survival.ranking_loss import ranking_loss as ranking_loss
from marey.survival.rmst import RestrictedMean as RestrictedMean
from marey.survival.rmst import rmst as rmst

if TYPE_CHECKING:
    from marey.survival.estimators import CoxNet as CoxNet
    from marey.survival.estimators import CoxPH as CoxPH

__all__ = [
    "AalenJohansen",
    "Baseline",
    "Bootstrap",
    "Concordance",
    "ConvergenceWarning",
    "CoxFit",
    "CoxNet",
    "CoxPH",
    "CoxPath",
    "CoxPathCV",
    "DynamicAUC",
    "FineGrayFit",
    "KaplanMeier",
    "LogRank",
    "NelsonAalen",
    "ProportionalHazards",
    "RestrictedMean",
    "aalen_johansen",
    "bootstrap_concordance",
    "bootstrap_counts",
    "bootstrap_cox",
    "bootstrap_kaplan_meier",
    "brier",
    "concordance",
    "cox_fit",
    "cox_partial_likelihood",
    "cox_path",
    "cox_path_cv",
    "cumulative_dynamic_auc",
    "finegray_fit",
    "integrated_brier",
    "kaplan_meier",
    "logrank",
    "nelson_aalen",
    "ranking_loss",
    "rmst",
]


def __getattr__(name: str) -> Any:
    if name in ("CoxNet", "CoxPH"):  # scikit-learn is imported for those who ask for an estimator
        try:
            from marey.survival import estimators
        except ModuleNotFoundError as error:
            raise BackendError(f"marey.survival.{name} needs scikit-learn: pip install scikit-learn") from error
        return getattr(estimators, name)
    raise AttributeError(f"module 'marey.survival' has no attribute {name!r}")
