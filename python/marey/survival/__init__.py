"""Survival: time to an event, of which some are seen and some only known to come later."""

from marey.survival._newton import ConvergenceWarning as ConvergenceWarning
from marey.survival.concordance import Concordance as Concordance
from marey.survival.concordance import concordance as concordance
from marey.survival.cox_fit import cox_fit as cox_fit
from marey.survival.cox_partial_likelihood import cox_partial_likelihood as cox_partial_likelihood
from marey.survival.cox_result import Baseline as Baseline
from marey.survival.cox_result import CoxFit as CoxFit
from marey.survival.cox_zph import ProportionalHazards as ProportionalHazards
from marey.survival.finegray_fit import FineGrayFit as FineGrayFit
from marey.survival.finegray_fit import finegray_fit as finegray_fit
from marey.survival.kaplan_meier import KaplanMeier as KaplanMeier
from marey.survival.kaplan_meier import kaplan_meier as kaplan_meier
from marey.survival.logrank import LogRank as LogRank
from marey.survival.logrank import logrank as logrank
from marey.survival.nelson_aalen import NelsonAalen as NelsonAalen
from marey.survival.nelson_aalen import nelson_aalen as nelson_aalen
from marey.survival.rmst import RestrictedMean as RestrictedMean
from marey.survival.rmst import rmst as rmst

__all__ = [
    "Baseline",
    "Concordance",
    "ConvergenceWarning",
    "CoxFit",
    "FineGrayFit",
    "KaplanMeier",
    "LogRank",
    "NelsonAalen",
    "ProportionalHazards",
    "RestrictedMean",
    "concordance",
    "cox_fit",
    "cox_partial_likelihood",
    "finegray_fit",
    "kaplan_meier",
    "logrank",
    "nelson_aalen",
    "rmst",
]
