"""Multi-objective optimisation: ranking, indicators, archives. All objectives are minimised."""

from marey.moo.pareto_rank import pareto_rank as pareto_rank
