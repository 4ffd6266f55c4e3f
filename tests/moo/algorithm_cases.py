"""Every algorithm on one small constrained problem, as compiled code and as NumPy."""

from __future__ import annotations

import numpy as np

from marey import moo

SINGLE = ("CMAES", "DE")
ALGORITHMS = (
    "NSGA2", "NSGA3", "UNSGA3", "MOEAD", "SMSEMOA", "AGEMOEA2", "RVEA", "SPEA2", "GDE3", "MOCMAES", "MOTPE",
    "CMAES", "DE",
)  # fmt: skip
WEIGHTS = np.stack([np.linspace(0, 1, 16), 1 - np.linspace(0, 1, 16)], axis=1)


def optimizer(name: str, seed: int = 5) -> moo.Optimizer:
    """Three real variables, one searched by its logarithm, and an integer; one constraint."""
    space = moo.Space([moo.Real("a", 0, 1), moo.Real("b", 0, 1), moo.Real("c", 1e-3, 1, log=True), moo.Int("d", 0, 5)])
    size: dict[str, object] = {"ref_dirs": WEIGHTS} if name in ("NSGA3", "UNSGA3", "MOEAD", "RVEA") else {"pop": 16}
    if name == "MOTPE":
        size = {"startup": 32, "batch": 16}
    return getattr(moo, name)(space, n_obj=1 if name in SINGLE else 2, n_con=1, seed=seed, **size)


def two(x, f, g):
    """Fails in a corner."""
    rest = x[1] + x[2] + 0.1 * x[3]
    f[0] = x[0] + 0.1 * rest
    f[1] = 1.0 - x[0] * x[0] + rest
    g[0] = 0.2 - x[0]
    if x[1] > 0.95:
        f[0] = np.nan


def one(x, f, g):
    rest = x[1] + x[2] + 0.1 * x[3]
    f[0] = x[0] + rest
    g[0] = 0.2 - x[0]
    if x[1] > 0.95:
        f[0] = np.nan


def vectorised(name: str):
    """The same function on rows."""

    def objective(X):
        rest = X[:, 1] + X[:, 2] + 0.1 * X[:, 3]
        failed = np.where(X[:, 1] > 0.95, np.nan, 0.0)
        G = 0.2 - X[:, :1]
        if name in SINGLE:
            return (X[:, 0] + rest + failed)[:, None], G
        return np.stack([X[:, 0] + 0.1 * rest + failed, 1.0 - X[:, 0] * X[:, 0] + rest], axis=1), G

    return objective
