"""lfilter beside what users call instead."""

import numpy as np
import pytest
from filter_peers import SHAPES, compare, philtorch_lfilter, torchaudio_lfilter, with_joblib
from scipy import signal

from marey import filters

CONTENDERS = {
    "marey float64": (filters.lfilter, np.float64, None),
    "marey float32": (filters.lfilter, np.float32, None),
    "scipy float64": (signal.lfilter, np.float64, None),
    "torchaudio float64": (torchaudio_lfilter, np.float64, None),
    "philtorch float64": (philtorch_lfilter, np.float64, None),
}
CONTENDERS_OF_TWO = {"scipy float64, joblib": (with_joblib(signal.lfilter), np.float64, None)}


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS)
def test_one_thread(benchmark, contender, channels, length):
    compare(benchmark, "lfilter", contender, *CONTENDERS[contender][:2], channels, length, 1, CONTENDERS[contender][2])


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS | CONTENDERS_OF_TWO)
def test_two_threads(benchmark, contender, channels, length):
    function, dtype, bound = (CONTENDERS | CONTENDERS_OF_TWO)[contender]
    compare(benchmark, "lfilter", contender, function, dtype, channels, length, 2, bound)
