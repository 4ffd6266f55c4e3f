"""ema beside pandas' ewm over time stamps and a loop in numba. One thread stands against one thread.

Moved bytes: the samples and time stamps in, the averages out; marey's two sums pass through memory besides.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import marey
from contenders import measure
from marey.scan.ema import SPEC, ema

CASES = [pytest.param(case, id=case.name) for case in SPEC.tagged("bench")]


@cache
def numba_loop() -> Any:
    import numba

    @numba.njit(error_model="numpy")
    def average(x: Any, t: Any, tau: Any, y: Any) -> None:
        for d in range(x.shape[0]):
            total = weight = 0.0
            before = t[0]
            for k in range(x.shape[1]):
                decay = np.exp((before - t[k]) / tau[d])
                total = total * decay + x[d, k]
                weight = weight * decay + 1.0
                y[d, k] = total / weight
                before = t[k]

    return average


@pytest.mark.parametrize("contender", ["marey", "marey, 2 threads", "numba", "pandas"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
def test_forward(benchmark, case, dtype, contender):
    given = case.inputs(dtype)
    x, t, tau = given["x"], given["t"], given["tau"]
    threads = 2 if "2 threads" in contender else 1
    if contender.startswith("marey"):
        marey.set_num_threads(threads)

        def run():
            return ema(x, t, tau)[0]
    elif contender == "numba":
        pytest.importorskip("numba")

        def run():
            y = np.empty_like(x)
            numba_loop()(x, t, tau, y)
            return y
    else:
        pd = pytest.importorskip("pandas")
        times = pd.to_datetime((t.astype(np.float64) * 1e9).astype(np.int64))
        columns = [pd.Series(row) for row in x]
        halves = [pd.Timedelta(seconds=float(k) * np.log(2)) for k in tau]

        def run():  # a half-life a column, so a call a column
            return np.stack([c.ewm(halflife=h, times=times).mean() for c, h in zip(columns, halves, strict=True)])

    expected = np.empty(x.shape)
    numba_loop()(*(a.astype(np.float64) for a in (x, t, tau)), expected)
    # float32 time stamps of 2e4 tell 2e-3 apart; pandas cuts time and half-life to nanoseconds.
    tolerance = 1e-5 if dtype == "float64" else 5e-3

    def check(y):
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)

    moved = 2 * x.nbytes + t.nbytes
    measure(benchmark, f"ema {case.name} {dtype}", contender, run, check=check, moved=moved, threads=threads)
    marey.set_num_threads(0)
