"""Models from the literature, with the starts and the typical values of their papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import marey.math as mm
from marey._model.model import Model, model

__all__ = ["Published", "claret", "friberg", "simeoni"]


@dataclass(frozen=True)
class Published:
    """A model of a paper: what `simulate` takes in place of a `marey.model`.

    Attributes
    ----------
    name, source : str
    model : Model
        The equations; ``model.entries`` names states and parameters.
    units : mapping
        Of every parameter.
    typical : mapping
        Values of the paper; a parameter that is not in it must be given.
    start : mapping
        What states begin at: a number or a parameter's name. The others begin at zero.
    """

    name: str
    source: str
    model: Model
    units: Mapping[str, str]
    typical: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.model.entries["p"]

    @property
    def states(self) -> tuple[str, ...]:
        return self.model.entries["y"]

    def complete(self, params: Any = None) -> Any:
        """A mapping with the typical values of what it leaves out; an array as it is."""
        if params is not None and not isinstance(params, Mapping):
            return params
        return {**self.typical, **(params or {})}

    def __repr__(self) -> str:
        told = [
            f"  {name}{f' = {self.typical[name]:g}' if name in self.typical else ''} ({self.units[name]})"
            for name in self.parameters
        ]
        states = [f"{i + 1} {name}" for i, name in enumerate(self.states)]
        return "\n".join([f"{self.name}: {self.source}", f"  cmt: {', '.join(states)}", *told])


@model(
    y="central second third prol transit1 transit2 transit3 circ",
    p="circ0 mtt gamma slope k10 k12 k21 k13 k31 v1",
)
def _friberg(t: Any, y: Any, p: Any) -> Any:
    ktr = 4 / p.mtt
    effect = p.slope * y.central / p.v1
    feedback = (p.circ0 / y.circ) ** p.gamma
    return (
        p.k21 * y.second + p.k31 * y.third - (p.k10 + p.k12 + p.k13) * y.central,
        p.k12 * y.central - p.k21 * y.second,
        p.k13 * y.central - p.k31 * y.third,
        ktr * y.prol * (1 - effect) * feedback - ktr * y.prol,
        ktr * (y.prol - y.transit1),
        ktr * (y.transit1 - y.transit2),
        ktr * (y.transit2 - y.transit3),
        ktr * (y.transit3 - y.circ),
    )


friberg = Published(
    "Neutropenia under docetaxel",
    "Friberg et al., J Clin Oncol 20:4713, 2002",
    _friberg,
    {
        "circ0": "neutrophils before treatment, 1e9/L",
        "mtt": "mean transit time, h",
        "gamma": "feedback",
        "slope": "effect, 1/uM",
        "k10": "1/h",
        "k12": "1/h",
        "k21": "1/h",
        "k13": "1/h",
        "k31": "1/h",
        "v1": "L; doses in umol",
    },
    {
        "circ0": 5.05,
        "mtt": 88.7,
        "gamma": 0.161,
        "slope": 8.58,
        "k10": 5.2,
        "k12": 1.06,
        "k21": 1.51,
        "k13": 1.26,
        "k31": 0.084,
        "v1": 7.4,
    },
    dict.fromkeys(("prol", "transit1", "transit2", "transit3", "circ"), "circ0"),
)


@model(
    y="central peripheral cycling damaged1 damaged2 damaged3",
    p="lambda0 lambda1 psi k1 k2 w0 k10 k12 k21 v1",
)
def _simeoni(t: Any, y: Any, p: Any) -> Any:
    weight = y.cycling + y.damaged1 + y.damaged2 + y.damaged3
    growth = p.lambda0 * y.cycling / (1 + (p.lambda0 / p.lambda1 * weight) ** p.psi) ** (1 / p.psi)
    killed = p.k2 * y.central / p.v1 * y.cycling
    return (
        p.k21 * y.peripheral - (p.k10 + p.k12) * y.central,
        p.k12 * y.central - p.k21 * y.peripheral,
        growth - killed,
        killed - p.k1 * y.damaged1,
        p.k1 * (y.damaged1 - y.damaged2),
        p.k1 * (y.damaged2 - y.damaged3),
    )


simeoni = Published(
    "Xenograft growth under paclitaxel",
    "Simeoni et al., Cancer Res 64:1094, 2004",
    _simeoni,
    {
        "lambda0": "exponential growth, 1/day",
        "lambda1": "linear growth, g/day",
        "psi": "how sharply one becomes the other",
        "k1": "transit of damaged cells, 1/day",
        "k2": "potency, 1/(day ng/mL)",
        "w0": "weight at the start, g",
        "k10": "1/day",
        "k12": "1/day",
        "k21": "1/day",
        "v1": "dose over concentration, such that amount / v1 is in ng/mL",
    },
    {"lambda0": 0.273, "lambda1": 0.814, "psi": 20.0, "k1": 0.968, "k2": 6.29e-4},
    {"cycling": "w0"},
)


@model(y="drug size", p="kl kd0 lam ke size0")
def _claret(t: Any, y: Any, p: Any) -> Any:
    # Exposure is the rate at which the drug leaves: the daily dose while it is taken daily.
    exposure = p.ke * y.drug
    resisted = p.kd0 * mm.exp(-p.lam * t)
    return -p.ke * y.drug, (p.kl - resisted * exposure) * y.size


claret = Published(
    "Tumour size under treatment, with resistance",
    "Claret et al., J Clin Oncol 27:4103, 2009; exposure as in Jacqmin et al., J Pharmacokinet Pharmacodyn 34:57, 2007",
    _claret,
    {
        "kl": "growth, 1/week",
        "kd0": "kill at time 0, the start of treatment, 1/(week exposure)",
        "lam": "loss of effect, 1/week",
        "ke": "of the virtual drug, 1/week",
        "size0": "sum of longest diameters at the start, mm",
    },
    {},
    {"size": "size0"},
)
