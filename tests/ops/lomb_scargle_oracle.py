"""Writes lomb_scargle_oracle.json: powers of astropy's slow method. python tests/ops/lomb_scargle_oracle.py"""

from __future__ import annotations

import itertools
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from astropy.timeseries import LombScargle


def main() -> None:
    rng = np.random.default_rng(1)
    t = np.round(np.cumsum(rng.uniform(0.6, 1.2, 60)) + 1000, 3)
    y = np.round(1 + np.sin(2 * np.pi * 0.1 * t) + rng.normal(size=60), 3)
    dy = np.round(rng.uniform(0.5, 2, 60), 3)
    frequency = np.linspace(0.004, 0.5, 12)
    power = {}
    for weighted, fit_mean, normalization in itertools.product(
        (False, True), (False, True), ("standard", "model", "log", "psd")
    ):
        periodogram = LombScargle(t, y, dy if weighted else None, fit_mean=fit_mean, normalization=normalization)
        name = f"{normalization}{', weighted' * weighted}{', no mean' * (not fit_mean)}"
        power[name] = periodogram.power(frequency, method="slow").tolist()
    kept = {"astropy": version("astropy"), "t": t.tolist(), "y": y.tolist(), "dy": dy.tolist(), "power": power}
    kept["frequency"] = frequency.tolist()
    Path(__file__).with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
