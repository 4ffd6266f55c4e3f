"""Irregularity, complexity and self-similarity of many series at once."""

from marey.entropy.approximate_entropy import approximate_entropy as approximate_entropy
from marey.entropy.dfa import dfa as dfa
from marey.entropy.fuzzy_entropy import fuzzy_entropy as fuzzy_entropy
from marey.entropy.higuchi import higuchi as higuchi
from marey.entropy.hurst import hurst as hurst
from marey.entropy.lempel_ziv import lempel_ziv as lempel_ziv
from marey.entropy.multiscale_entropy import multiscale_entropy as multiscale_entropy
from marey.entropy.permutation_entropy import permutation_entropy as permutation_entropy
from marey.entropy.sample_entropy import sample_entropy as sample_entropy

__all__ = [
    "approximate_entropy",
    "dfa",
    "fuzzy_entropy",
    "higuchi",
    "hurst",
    "lempel_ziv",
    "multiscale_entropy",
    "permutation_entropy",
    "sample_entropy",
]
