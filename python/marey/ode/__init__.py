"""Many initial value problems of one system: adaptive steps each, doses, events, sensitivities."""

from marey.ode.doses import Doses as Doses
from marey.ode.solution import Solution as Solution
from marey.ode.solve import solve as solve

__all__ = ["Doses", "Solution", "solve"]
