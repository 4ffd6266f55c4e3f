"""Multi-objective optimisation: ranking, indicators, archives. All objectives are minimised."""

from marey.moo.archive import Archive as Archive
from marey.moo.box_decomposition import box_decomposition as box_decomposition
from marey.moo.crowding_distance import crowding_distance as crowding_distance
from marey.moo.eaf import eaf as eaf
from marey.moo.ehvi import ehvi as ehvi
from marey.moo.epsilon import epsilon as epsilon
from marey.moo.gd import gd as gd
from marey.moo.gd import gd_plus as gd_plus
from marey.moo.hv_approx import hv_approx as hv_approx
from marey.moo.hv_contributions import hv_contributions as hv_contributions
from marey.moo.hv_contributions import hv_least as hv_least
from marey.moo.hypervolume import hypervolume as hypervolume
from marey.moo.igd import igd as igd
from marey.moo.igd import igd_plus as igd_plus
from marey.moo.pareto_rank import pareto_rank as pareto_rank
from marey.moo.r2 import r2 as r2
from marey.moo.spacing import spacing as spacing
