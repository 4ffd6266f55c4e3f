"""Writes oracle_dtw.json: dtaidistance's distances and paths of generated series. python tests/distance/oracle_dtw.py

Its windows count from 1. For series of unequal lengths its band is another, and none is given.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from dtaidistance import dtw, dtw_ndim


def main() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(7, 41)).cumsum(axis=1).round(3)
    upper = np.triu_indices(7, 1)
    matrices = [
        {"window": w, "upper": dtw.distance_matrix(x, window=w + 1, use_c=False)[upper].tolist()}
        for w in (0, 1, 5, 17, 40)
    ]
    pairs = []
    for n, m, channels in [(12, 20, 1), (23, 9, 1), (15, 15, 2), (11, 18, 3)]:
        a, b = (rng.normal(size=(channels, k)).cumsum(axis=1).round(3) for k in (n, m))
        distance = dtw_ndim.distance(a.T.copy(), b.T.copy(), use_c=False)
        path = dtw_ndim.warping_path(a.T.copy(), b.T.copy(), use_c=False)
        pairs.append({"x": a.tolist(), "y": b.tolist(), "distance": float(distance), "path": np.array(path).tolist()})
    written = {"made by": f"dtaidistance {version('dtaidistance')}", "x": x.tolist(), "matrices": matrices}
    Path(__file__).with_suffix(".json").write_text(json.dumps({**written, "pairs": pairs}) + "\n")


if __name__ == "__main__":
    main()
