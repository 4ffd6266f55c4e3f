"""Distances between series of any lengths: dynamic time warping and its kin."""

from marey.distance.dtw_cdist import dtw_cdist as dtw_cdist
from marey.distance.dtw_nn import dtw_nn as dtw_nn
from marey.distance.dtw_path import dtw_path as dtw_path
from marey.distance.soft_dtw import soft_dtw as soft_dtw
from marey.distance.soft_dtw import soft_dtw_cdist as soft_dtw_cdist
from marey.distance.soft_dtw import soft_dtw_divergence as soft_dtw_divergence

__all__ = ["dtw_cdist", "dtw_nn", "dtw_path", "soft_dtw", "soft_dtw_cdist", "soft_dtw_divergence"]
