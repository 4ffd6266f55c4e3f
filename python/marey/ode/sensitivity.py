"""The variational equations of a model, as a larger model: dS/dt = J_y S (+ J_p), beside dy/dt = f."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._model.graph import Node
from marey._model.program import Argument, Program

__all__ = ["extended", "rows"]


def extended(program: Program, by: str) -> Program:
    """The program whose states are y and then, column by column, dy / d(one of ``params`` or ``y0``)."""
    y, p = program.inputs("y"), program.inputs("p")
    n, columns = len(y), len(p) if by == "params" else len(y)
    outputs = list(program.outputs)
    for k in range(columns):
        seeds: dict[Node, Node | float] = {y[i]: program.graph.input("y", n + k * n + i) for i in range(n)}
        if by == "params":
            seeds[p[k]] = 1.0
        outputs += program.tangent(seeds)
    arguments = (Argument("t", None), Argument("y", n * (1 + columns)), program.arguments[2])
    return program.extended(f"by_{by}", arguments, outputs)


def rows(n_problems: int, n: int, columns: int, by: str, y0_by: Any = None) -> np.ndarray[Any, Any]:
    """What stands behind y0 (N, n) in the larger y0: by parameters ``y0_by`` (N, n, k) or zero, by y0 the identity."""
    if by == "params":
        first = np.zeros((n, columns)) if y0_by is None else np.asarray(y0_by, dtype=np.float64)
        if first.shape not in ((n, columns), (n_problems, n, columns)):
            raise ValueError(
                f"`y0_by` has shape {first.shape}; expected ({n_problems}, {n}, {columns}) or its last two"
            )
    else:
        first = np.eye(n)
    return np.broadcast_to(first.swapaxes(-1, -2).reshape(*first.shape[:-2], -1), (n_problems, n * columns))
