"""Writes oracle.csv, the rows that oracle.R runs R's survival package on: ties, entries, weights, strata, clusters."""

from pathlib import Path

import numpy as np

rng = np.random.default_rng(7)
n = 80
x = np.stack([rng.normal(size=n), rng.integers(0, 2, n), rng.uniform(-1, 1, n)], axis=1)
hazard = np.exp(x @ [0.7, -0.5, 0.3])
time = np.ceil(rng.exponential(1 / hazard) * 12)
event = rng.random(n) < 0.7
entry = np.floor(time * rng.uniform(0, 0.6, n))
entry = np.where(entry < time, entry, 0)
columns = {
    "time": time,
    "event": event.astype(int),
    "entry": entry,
    "weight": rng.integers(1, 4, n),
    "group": rng.integers(0, 3, n),
    "stratum": rng.integers(0, 2, n),
    "cluster": rng.integers(0, 25, n),
    "x1": x[:, 0].round(3),
    "x2": x[:, 1],
    "x3": x[:, 2].round(3),
}
header = ",".join(columns)
np.savetxt(
    Path(__file__).with_name("oracle.csv"),
    np.stack(list(columns.values()), axis=1),
    delimiter=",",
    header=header,
    comments="",
    fmt="%.10g",
)
