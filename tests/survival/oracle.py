"""The rows of oracle.csv and what R's survival package says of them (oracle.R made oracle.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TABLE = np.genfromtxt(HERE / "oracle.csv", delimiter=",", names=True)
R = {name: np.array(values, dtype=float) for name, values in json.loads((HERE / "oracle.json").read_text()).items()}
X = np.stack([TABLE[name] for name in ("x1", "x2", "x3")], axis=1)
