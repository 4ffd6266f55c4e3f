"""Systems with known solutions. Reference values: Mazzia and Magherini, Test Set for IVP Solvers, release 2.4, 2008."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import marey


@marey.model(y="prey predator", p="a b c d")
def lotka_volterra(t: Any, y: Any, p: Any) -> Any:
    return p.a * y.prey - p.b * y.prey * y.predator, p.c * y.prey * y.predator - p.d * y.predator


@marey.model
def robertson(t: Any, y: Any, p: Any) -> Any:
    a, b, c = y
    return -p[0] * a + p[2] * b * c, p[0] * a - p[1] * b * b - p[2] * b * c, p[1] * b * b


@marey.model
def oregonator(t: Any, y: Any, p: Any) -> Any:
    a, b, c = y
    return p[0] * (b + a * (1 - p[1] * a - b)), (c - (1 + a) * b) / p[0], p[2] * (a - c)


@marey.model
def van_der_pol(t: Any, y: Any, p: Any) -> Any:
    return y[1], ((1 - y[0] * y[0]) * y[1] - y[0]) / p[0]


@marey.model
def hires(t: Any, y: Any) -> Any:
    a, b, c, d, e, f, g, h = y
    return (
        -1.71 * a + 0.43 * b + 8.32 * c + 0.0007,
        1.71 * a - 8.75 * b,
        -10.03 * c + 0.43 * d + 0.035 * e,
        8.32 * b + 1.71 * c - 1.12 * d,
        -1.745 * e + 0.43 * f + 0.43 * g,
        -280 * f * h + 0.69 * d + 1.71 * e - 0.43 * f + 0.69 * g,
        280 * f * h - 1.81 * g,
        -280 * f * h + 1.81 * g,
    )


@marey.model
def pollution(t: Any, y: Any) -> Any:
    k = [0.35, 26.6, 1.23e4, 8.6e-4, 8.2e-4, 1.5e4, 1.3e-4, 2.4e4, 1.65e4, 9e3, 0.022, 1.2e4, 1.88, 1.63e4, 4.8e6]
    k += [3.5e-4, 0.0175, 1e8, 4.44e11, 1240.0, 2.1, 5.78, 0.0474, 1780.0, 3.12]
    of = [[0], [1, 3], [4, 1], [6], [6], [6, 5], [8], [8, 5], [10, 1], [10, 0], [12], [9, 1], [13], [0, 5], [2]]
    of += [[3], [3], [15], [15], [16, 5], [18], [18], [0, 3], [18, 0], [19]]
    r = []
    for rate, who in zip(k, of, strict=True):
        x: Any = rate
        for i in who:
            x = x * y[i]
        r.append(x)
    return (
        -r[0] - r[9] - r[13] - r[22] - r[23] + r[1] + r[2] + r[8] + r[10] + r[11] + r[21] + r[24],
        -r[1] - r[2] - r[8] - r[11] + r[0] + r[20],
        -r[14] + r[0] + r[16] + r[18] + r[21],
        -r[1] - r[15] - r[16] - r[22] + r[14],
        -r[2] + r[3] + r[3] + r[5] + r[6] + r[12] + r[19],
        -r[5] - r[7] - r[13] - r[19] + r[2] + r[17] + r[17],
        -r[3] - r[4] - r[5] + r[12],
        r[3] + r[4] + r[5] + r[6],
        -r[6] - r[7],
        -r[11] + r[6] + r[8],
        -r[8] - r[9] + r[7] + r[10],
        r[8],
        -r[10] + r[9],
        -r[12] + r[11],
        r[13],
        -r[17] - r[18] + r[15],
        -r[19],
        r[19],
        -r[20] - r[21] - r[23] + r[22] + r[24],
        -r[24] + r[23],
    )


@dataclass(frozen=True)
class Problem:
    name: str
    model: Any
    y0: list[float]
    end: float
    params: list[float] | None
    expected: list[float]
    atol: float = 1e-12


def _start(n: int, **values: float) -> list[float]:
    y = [0.0] * n
    for name, value in values.items():
        y[int(name[1:]) - 1] = value
    return y


STIFF = [
    Problem(
        "Robertson", robertson, [1.0, 0.0, 0.0], 1e11, [0.04, 3e7, 1e4],
        [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050], 1e-20,
    ),
    Problem(
        "Oregonator", oregonator, [1.0, 2.0, 3.0], 360.0, [77.27, 8.375e-6, 0.161],
        [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3],
    ),
    Problem("van der Pol", van_der_pol, [2.0, 0.0], 2.0, [1e-6], [0.1706167732170483e1, -0.8928097010247975]),
    Problem(
        "HIRES", hires, _start(8, y1=1.0, y8=0.0057), 321.8122, None,
        [
            0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
            0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
        ],
    ),
    Problem(
        "pollution", pollution, _start(20, y2=0.2, y4=0.04, y7=0.1, y8=0.3, y9=0.01, y17=0.007), 60.0, None,
        [
            0.5646255480022769e-1, 0.1342484130422339, 0.4139734331099427e-8, 0.5523140207484359e-2,
            0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018,
            0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2,
            0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17,
            0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4,
        ],
        1e-20,
    ),
]  # fmt: skip


def random_lotka_volterra(n: int, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    y0 = rng.uniform(0.5, 2.0, (n, 2))
    low, high = np.array([0.8, 0.4, 0.2, 0.8]), np.array([1.2, 0.8, 0.6, 1.2])
    return y0, rng.uniform(low, high, (n, 4))
