"""Writes counts_oracle.json: what agcounts tells of a real recording. python counts_oracle.py FILE.cwa

agcounts is GPL-3: it is run, and nothing of it is copied.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from agcounts.extract import get_counts

from marey.waveforms import read_cwa


def main() -> None:
    recording = read_cwa(sys.argv[1], dtype=np.float64)
    counts = {fs: get_counts(recording.uniform(fs).T, fs, 10).T.tolist() for fs in (30, 40, 50, 80, 100)}
    kept = {"agcounts": version("agcounts"), "epoch_s": 10, "counts": counts}
    Path(__file__).with_suffix(".json").write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
