"""pk.simulate of two compartments by mouth, 1e6 rows: beside the same closed form in vectorised NumPy, one thread.

The NumPy formula sums over the doses of a subject, as one would write it: exponentials of whole arrays, rates and
weights once a subject. Its parameters are the same, its doses are known to it as arrays. rxode2, mrgsolve and Torsten,
the field's own tools, live in R and Stan and are not timed here.
"""

import numpy as np
import pytest

import marey
from contenders import measure
from marey import pk

CASES = {
    "one dose, 100,000 subjects x 10 rows": (100_000, 10, 0),
    "one dose, 20,000 subjects x 50 rows": (20_000, 50, 0),
    "seven doses, 20,000 subjects x 50 rows": (20_000, 50, 6),
}


def inputs(subjects, rows, addl):
    rng = np.random.default_rng(0)
    params = np.array([5.0, 40.0, 8.0, 60.0, 1.2]) * np.exp(0.3 * rng.normal(size=(subjects, 5)))
    events = pk.EventTable(
        {
            "id": np.arange(subjects),
            "time": np.zeros(subjects),
            "amt": np.full(subjects, 100.0),
            "ii": np.full(subjects, 12.0),
            "addl": np.full(subjects, addl),
        }
    )
    return params, events, np.linspace(0.25, 12.0 * (addl + 1), rows)


def in_numpy(params, events, times):
    cl, v1, q, v2, ka = params.T[:, :, None]
    k10, k12, k21 = cl / v1, q / v1, q / v2
    total = k10 + k12 + k21
    root = np.sqrt(total * total - 4.0 * k10 * k21)
    alpha, beta = 0.5 * (total + root), 0.5 * (total - root)
    a = ka / v1 * (k21 - alpha) / ((ka - alpha) * (beta - alpha))
    b = ka / v1 * (k21 - beta) / ((ka - beta) * (alpha - beta))
    out = np.zeros((len(params), len(times)))
    for k in range(int(events.addl[0]) + 1):
        after = times > k * 12.0
        tau = times[after] - k * 12.0
        dose = np.exp(-alpha * tau)
        dose *= a
        part = np.exp(-beta * tau)
        part *= b
        dose += part
        part = np.exp(-ka * tau)
        part *= a + b
        dose -= part
        out[:, after] += 100.0 * dose
    return out


@pytest.mark.parametrize("contender", ["marey", "marey, with sensitivities", "marey, 2 threads", "NumPy"])
@pytest.mark.parametrize("case", CASES)
def test_simulate(benchmark, case, contender):
    params, events, times = inputs(*CASES[case])
    expected = in_numpy(params, events, times)
    marey.set_num_threads(2 if "2 threads" in contender else 1)
    sens = "sensitivities" in contender

    def run():
        if contender == "NumPy":
            return in_numpy(params, events, times)
        made = pk.simulate("2cmt_oral", params, events, times, sens=sens)
        return made[0] if sens else made

    try:
        measure(
            benchmark,
            f"pk.simulate 2-compartment oral, {case}",
            contender,
            run,
            # The formula loses digits where KA comes near a rate: one subject in ten thousand.
            check=lambda y: np.testing.assert_allclose(y, expected, rtol=1e-8, atol=1e-8),
            threads=2 if "2 threads" in contender else 1,
        )
    finally:
        marey.set_num_threads(0)
