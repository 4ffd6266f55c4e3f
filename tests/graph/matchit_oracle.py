"""The rows of matchit.csv, and what R's MatchIt says of them (matchit.R made matchit.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TABLE = np.genfromtxt(HERE / "matchit.csv", delimiter=",", names=True)
R = {name: np.array(values, dtype=float) for name, values in json.loads((HERE / "matchit.json").read_text()).items()}
