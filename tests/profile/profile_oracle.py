"""Writes profile_oracle.json: profiles as stumpy has them. python tests/profile/profile_oracle.py"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import stumpy

M = 12


def told(distances) -> list:
    """Rounded, with inf and NaN as words."""
    return [[str(v) if not np.isfinite(v) else round(float(v), 9) for v in row] for row in np.atleast_2d(distances)]


def main() -> None:
    rng = np.random.default_rng(4)
    t = np.round(rng.normal(size=(3, 110)).cumsum(axis=1), 3)
    t[1, 30:50] = 1.5
    t[1, 70:85] = -2.0
    t[2, 60] = np.nan
    stump = []
    for number, channel in enumerate(t):
        found = stumpy.stump(channel, M, k=2)
        stump.append(
            {
                "ties": number == 1,
                "distance": told(found[:, :2].astype(float)),
                "left": found.left_I_.tolist(),
                "right": found.right_I_.tolist(),
            }
        )
    join = stumpy.stump(t[0], M, T_B=t[2], ignore_trivial=False)
    kept = {
        "stumpy": version("stumpy"),
        "m": M,
        "t": told(t),
        "stump": stump,
        "join": told(join[:, 0].astype(float))[0],
        "mstump": told(stumpy.mstump(t, M)[0]),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
