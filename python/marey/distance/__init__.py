"""Distances between series of any lengths: dynamic time warping and its kin."""

from marey.distance._barycenter import Barycenter as Barycenter
from marey.distance.dba import dba as dba
from marey.distance.dtw_cdist import dtw_cdist as dtw_cdist
from marey.distance.dtw_nn import dtw_nn as dtw_nn
from marey.distance.dtw_path import dtw_path as dtw_path
from marey.distance.edr import edr as edr
from marey.distance.edr import edr_cdist as edr_cdist
from marey.distance.elastic import elastic as elastic
from marey.distance.elastic_cdist import elastic_cdist as elastic_cdist
from marey.distance.erp import erp as erp
from marey.distance.erp import erp_cdist as erp_cdist
from marey.distance.lcss import lcss as lcss
from marey.distance.lcss import lcss_cdist as lcss_cdist
from marey.distance.msm import msm as msm
from marey.distance.msm import msm_cdist as msm_cdist
from marey.distance.soft_dtw import soft_dtw as soft_dtw
from marey.distance.soft_dtw import soft_dtw_cdist as soft_dtw_cdist
from marey.distance.soft_dtw import soft_dtw_divergence as soft_dtw_divergence
from marey.distance.soft_dtw_barycenter import soft_dtw_barycenter as soft_dtw_barycenter
from marey.distance.twe import twe as twe
from marey.distance.twe import twe_cdist as twe_cdist
from marey.distance.wdtw import wdtw as wdtw
from marey.distance.wdtw import wdtw_cdist as wdtw_cdist

__all__ = [
    "Barycenter",
    "dba",
    "dtw_cdist",
    "dtw_nn",
    "dtw_path",
    "edr",
    "edr_cdist",
    "elastic",
    "elastic_cdist",
    "erp",
    "erp_cdist",
    "lcss",
    "lcss_cdist",
    "msm",
    "msm_cdist",
    "soft_dtw",
    "soft_dtw_barycenter",
    "soft_dtw_cdist",
    "soft_dtw_divergence",
    "twe",
    "twe_cdist",
    "wdtw",
    "wdtw_cdist",
]
