"""The variational equations of a model, as a larger model: dS/dt = J_y S (+ J_p), beside dy/dt = f."""

from __future__ import annotations

from typing import Any

import numpy as np

from marey._model.graph import Node
from marey._model.program import Argument, Program

__all__ = ["extended", "start"]


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


def start(y0: np.ndarray[Any, Any], columns: int, by: str) -> np.ndarray[Any, Any]:
    """The larger y0: zero by parameters, the identity by y0."""
    n = y0.shape[1]
    first = np.zeros((columns, n)) if by == "params" else np.eye(n)
    return np.concatenate([y0, np.tile(first.reshape(1, -1), (len(y0), 1))], axis=1)
