"""Multi-objective optimisation: ranking, indicators, archives. All objectives are minimised."""

from marey.moo.hv_contributions import hv_contributions as hv_contributions
from marey.moo.hv_contributions import hv_least as hv_least
from marey.moo.hypervolume import hypervolume as hypervolume
from marey.moo.pareto_rank import pareto_rank as pareto_rank
