"""Writes oracle_barycenter.json: tslearn's barycenters of generated series. python tests/distance/oracle_barycenter.py

Without a band: tslearn 0.10 takes one for its barycenter and does not keep to it.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from tslearn.barycenters import dtw_barycenter_averaging, softdtw_barycenter


def laid(series: Any) -> Any:
    """(n, time, channels), as tslearn has it."""
    return np.swapaxes(series, 1, 2)


def main() -> None:
    rng = np.random.default_rng(11)
    sets = []
    for n, channels, length, m in [(6, 1, 18, 18), (5, 2, 14, 14), (4, 1, 12, 9)]:
        x = rng.normal(size=(n, channels, length)).cumsum(axis=2).round(3)
        start = rng.normal(size=(channels, m)).cumsum(axis=1).round(3)
        weights = rng.uniform(0.5, 2.0, n).round(3)
        rounds = {
            str(k): laid(
                dtw_barycenter_averaging(laid(x), init_barycenter=start.T, max_iter=k, tol=0.0, weights=weights)[None]
            )[0].tolist()
            for k in (1, 2, 5)
        }
        soft = {}
        for gamma in (0.1, 1.0):
            center = softdtw_barycenter(
                laid(x), gamma, weights=weights / weights.sum(), tol=1e-14, max_iter=5000, init=start.T
            )
            soft[str(gamma)] = center.T.tolist()
        sets.append(
            {
                "x": x.tolist(),
                "start": start.tolist(),
                "weights": weights.tolist(),
                "dba after rounds": rounds,
                "soft of gamma": soft,
            }
        )
    written = {"made by": f"tslearn {version('tslearn')}", "sets": sets}
    Path(__file__).with_suffix(".json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
