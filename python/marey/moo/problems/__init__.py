"""The field's test problems, vectorised: ZDT, DTLZ, constrained DTLZ, WFG and MW, with bounds and true fronts.

>>> from marey.moo import problems
>>> problem = problems.DTLZ2(n_obj=3)
>>> problem.n_var, problem([[0.5] * 12]).round(3).tolist()
(12, [[0.5, 0.5, 0.707]])
"""

from marey.moo.problems.constrained import C1DTLZ1 as C1DTLZ1
from marey.moo.problems.constrained import C1DTLZ3 as C1DTLZ3
from marey.moo.problems.constrained import C2DTLZ2 as C2DTLZ2
from marey.moo.problems.constrained import C3DTLZ1 as C3DTLZ1
from marey.moo.problems.constrained import C3DTLZ4 as C3DTLZ4
from marey.moo.problems.dtlz import DTLZ1 as DTLZ1
from marey.moo.problems.dtlz import DTLZ2 as DTLZ2
from marey.moo.problems.dtlz import DTLZ3 as DTLZ3
from marey.moo.problems.dtlz import DTLZ4 as DTLZ4
from marey.moo.problems.dtlz import DTLZ5 as DTLZ5
from marey.moo.problems.dtlz import DTLZ6 as DTLZ6
from marey.moo.problems.dtlz import DTLZ7 as DTLZ7
from marey.moo.problems.mw import MW1 as MW1
from marey.moo.problems.mw import MW2 as MW2
from marey.moo.problems.mw import MW3 as MW3
from marey.moo.problems.mw import MW4 as MW4
from marey.moo.problems.mw import MW5 as MW5
from marey.moo.problems.mw import MW6 as MW6
from marey.moo.problems.mw import MW7 as MW7
from marey.moo.problems.mw import MW8 as MW8
from marey.moo.problems.mw import MW9 as MW9
from marey.moo.problems.mw import MW10 as MW10
from marey.moo.problems.mw import MW11 as MW11
from marey.moo.problems.mw import MW12 as MW12
from marey.moo.problems.mw import MW13 as MW13
from marey.moo.problems.mw import MW14 as MW14
from marey.moo.problems.problem import Problem as Problem
from marey.moo.problems.wfg import WFG1 as WFG1
from marey.moo.problems.wfg import WFG2 as WFG2
from marey.moo.problems.wfg import WFG3 as WFG3
from marey.moo.problems.wfg import WFG4 as WFG4
from marey.moo.problems.wfg import WFG5 as WFG5
from marey.moo.problems.wfg import WFG6 as WFG6
from marey.moo.problems.wfg import WFG7 as WFG7
from marey.moo.problems.wfg import WFG8 as WFG8
from marey.moo.problems.wfg import WFG9 as WFG9
from marey.moo.problems.zdt import ZDT1 as ZDT1
from marey.moo.problems.zdt import ZDT2 as ZDT2
from marey.moo.problems.zdt import ZDT3 as ZDT3
from marey.moo.problems.zdt import ZDT4 as ZDT4
from marey.moo.problems.zdt import ZDT6 as ZDT6
