"""Writes oracle_elastic.json: aeon's elastic distances of generated pairs. python tests/distance/oracle_elastic.py

aeon 1.6 lets two of its tables begin otherwise than the papers: ERP charges a whole series where it begins with a gap,
and EDR nothing. Before both series of a pair stands therefore what brings the papers' value out of aeon's table: one
step of the gap's value for ERP, which costs nothing to match; for EDR steps far from all others, as many as the longer
series has, so that to leave any of them out costs as much as it would at the true border. `plain` is aeon's value
without them. aeon takes the window as a share of the length.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from aeon import distances

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "lcss": [{}, {"epsilon": 0.4}],
    "erp": [{}, {"g": 0.7}],
    "edr": [{"epsilon": 0.25}, {"epsilon": 1.0}],
    "msm": [{}, {"c": 0.1}],
    "twe": [{}, {"nu": 0.2, "lmbda": 0.1}],
    "wdtw": [{}, {"g": 0.4}],
}
FAR = 1e3


def of_aeon(measure: str, x: Any, y: Any, window: int | None, parameters: dict[str, Any]) -> float:
    share = None if window is None else (window + 0.5) / x.shape[1]
    return float(getattr(distances, f"{measure}_distance")(x, y, window=share, **parameters))


def of_the_papers(measure: str, x: Any, y: Any, window: int | None, parameters: dict[str, Any]) -> float:
    longest = max(x.shape[1], y.shape[1])
    value, steps = {"erp": (parameters.get("g", 0.0), 1), "edr": (FAR, longest)}.get(measure, (0.0, 0))
    begun = [np.concatenate([np.full((len(s), steps), value), s], axis=1) for s in (x, y)]
    distance = of_aeon(measure, *begun, window, parameters)
    return distance * (longest + steps) / longest if measure == "edr" else distance


def main() -> None:
    rng = np.random.default_rng(7)
    pairs = []
    for channels, n, m, window in [
        (1, 14, 14, None),
        (1, 14, 14, 3),
        (1, 12, 9, None),
        (2, 13, 13, None),
        (2, 11, 11, 2),
    ]:
        for _ in range(3):
            x, y = (rng.normal(size=(channels, k)).cumsum(axis=1).round(3) for k in (n, m))
            values = [
                {
                    "measure": measure,
                    "parameters": parameters,
                    "value": of_the_papers(measure, x, y, window, parameters),
                    "plain": of_aeon(measure, x, y, window, parameters),
                }
                for measure, many in PARAMETERS.items()
                for parameters in many
            ]
            pairs.append({"x": x.tolist(), "y": y.tolist(), "window": window, "values": values})
    written = {"made by": f"aeon {version('aeon')}", "pairs": pairs}
    Path(__file__).with_suffix(".json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
