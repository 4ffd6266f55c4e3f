"""filtfilt beside what users call instead."""

import numpy as np
import pytest
from filter_peers import SHAPES, compare, with_joblib
from scipy import signal

from marey import filters

CONTENDERS = {
    "marey float64": (filters.filtfilt, np.float64, None),
    "marey float32": (filters.filtfilt, np.float32, None),
    "scipy float64": (signal.filtfilt, np.float64, None),
}
CONTENDERS_OF_TWO = {"scipy float64, joblib": (with_joblib(signal.filtfilt), np.float64, None)}


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS)
def test_one_thread(benchmark, contender, channels, length):
    compare(benchmark, "filtfilt", contender, *CONTENDERS[contender][:2], channels, length, 1, CONTENDERS[contender][2])


@pytest.mark.parametrize(("channels", "length"), SHAPES)
@pytest.mark.parametrize("contender", CONTENDERS | CONTENDERS_OF_TWO)
def test_two_threads(benchmark, contender, channels, length):
    function, dtype, bound = (CONTENDERS | CONTENDERS_OF_TWO)[contender]
    compare(benchmark, "filtfilt", contender, function, dtype, channels, length, 2, bound)
