"""Writes matchit.csv, the rows that matchit.R reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def make() -> None:
    """Writes matchit.csv: 40 treated, who are older and sicker, and then 160 controls."""
    rng = np.random.default_rng(12)
    treat = np.repeat([1, 0], [40, 160])
    age = rng.normal(60 + 6 * treat, 11)
    severity = rng.gamma(3 + treat, 2.0)
    lactate = rng.lognormal(0.3 + 0.25 * treat, 0.5)
    sex = rng.integers(0, 2, 200)
    table = np.column_stack([treat, age.round(2), severity.round(3), lactate.round(3), sex])
    np.savetxt(
        HERE / "matchit.csv", table, delimiter=",", header="treat,age,severity,lactate,sex", comments="", fmt="%g"
    )


if __name__ == "__main__":
    make()
