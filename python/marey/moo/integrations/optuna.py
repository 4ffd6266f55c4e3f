"""marey's algorithms as an Optuna sampler."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.samplers._base import _CONSTRAINTS_KEY, _process_constraints_after_trial
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from marey.moo.motpe import MOTPE
from marey.moo.nsga2 import NSGA2
from marey.moo.optimizer import Optimizer
from marey.moo.space import Space
from marey.moo.variables import Categorical, Int, Real

__all__ = ["OptunaSampler"]

_ALGORITHMS = {"motpe": MOTPE, "nsga2": NSGA2}


class OptunaSampler(BaseSampler):
    """An Optuna sampler whose suggestions cost the same after a thousand trials as after ten.

    Parameters
    ----------
    algo : {"motpe", "nsga2"}
        The algorithm, for one objective or many.
    seed : int, optional
        Same seed, same answers in the same order: same suggestions.
    constraints_func : callable, optional
        Takes a finished trial; returns its constraints, met where they are at most 0. As in Optuna's own samplers.
    **options
        Of :class:`marey.moo.MOTPE` (`startup`, 10 here) or :class:`marey.moo.NSGA2` (`pop`).

    Raises
    ------
    ValueError
        If `algo` is neither.

    Notes
    -----
    Parameters that all finished trials share are suggested together; others, and those of the first trial, at random.
    Trials of other processes are taken in from the storage; failed and pruned ones are left out.

    Examples
    --------
    >>> import optuna  # doctest: +SKIP
    >>> sampler = OptunaSampler("motpe", seed=1)  # doctest: +SKIP
    >>> study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)  # doctest: +SKIP
    """

    def __init__(
        self,
        algo: str = "motpe",
        *,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        **options: Any,
    ) -> None:
        if algo not in _ALGORITHMS:
            raise ValueError(f"`algo` is {algo!r}; expected 'motpe' or 'nsga2'")
        self.algo = algo
        self._options = {"startup": 10, **options} if algo == "motpe" else options
        self._constraints_func = constraints_func
        self._seed = int(np.random.default_rng(seed).integers(2**63))
        self._random = RandomSampler(seed=self._seed % 2**32)
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._shared = IntersectionSearchSpace()
        self._key: Any = None
        self._optimizer: Optimizer | None = None
        self._told: set[int] = set()

    def __getstate__(self) -> dict[str, Any]:
        kept = ("algo", "_options", "_constraints_func", "_seed", "_random")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._forget()

    def reseed_rng(self) -> None:
        """Other numbers, for a copy in another process; a thread of a study asks for them too, beside the others."""
        with self._lock:
            self._seed = int(np.random.default_rng().integers(2**63))
            self._random.reseed_rng()
            self._forget()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that all finished trials share."""
        with self._lock:
            shared = self._shared.calculate(study)
        return {name: distribution for name, distribution in shared.items() if not distribution.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Suggests them."""
        if not search_space:
            return {}
        with self._lock:
            optimizer = self._ready(study, search_space)
            row = optimizer.ask(1)[0]
            return {
                name: _value(distribution, row[column])
                for column, (name, distribution) in enumerate(search_space.items())
            }

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Suggests one other parameter, at random."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Keeps the trial's constraints."""
        if self._constraints_func is not None:
            _process_constraints_after_trial(self._constraints_func, study, trial, state)
        self._random.after_trial(study, trial, state, values)

    def _ready(self, study: Study, search_space: dict[str, BaseDistribution]) -> Optimizer:
        """The optimizer of this space, which knows all trials that are finished."""
        trials = study._get_trials(deepcopy=False, states=(TrialState.COMPLETE,), use_cache=True)
        key = (study._study_id, tuple((name, repr(d)) for name, d in search_space.items()))
        n_con = self._constraints(trials)
        if self._optimizer is None or key != self._key or n_con != self._optimizer.n_con:
            self._key, self._told = key, set()
            self._optimizer = _ALGORITHMS[self.algo](
                Space([_variable(name, distribution) for name, distribution in search_space.items()]),
                n_obj=len(study.directions),
                n_con=n_con,
                seed=self._seed,
                **self._options,
            )
        new = [t for t in trials if t.number not in self._told]
        self._told.update(t.number for t in new)
        rows, F, G = [], [], []
        sign = np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in study.directions])
        for t in new:
            if all(name in t.params and _fits(d, t.params[name]) for name, d in search_space.items()):
                rows.append([_column(d, t.params[name]) for name, d in search_space.items()])
                F.append(sign * np.array(t.values))
                G.append(t.system_attrs.get(_CONSTRAINTS_KEY) or [np.inf] * n_con)
        if rows:
            self._optimizer.tell(np.array(rows), np.array(F), np.array(G).reshape(len(rows), n_con) if n_con else None)
        return self._optimizer

    def _constraints(self, trials: list[FrozenTrial]) -> int:
        if self._constraints_func is None:
            return 0
        known = (t.system_attrs.get(_CONSTRAINTS_KEY) for t in trials)
        return next((len(c) for c in known if c), 0)


def _fits(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))
    except ValueError:
        return False


def _steps(distribution: Any) -> int:
    steps: int = round((distribution.high - distribution.low) / distribution.step)
    return steps


def _is_counted(distribution: BaseDistribution) -> bool:
    """Searched by the number of the step."""
    if isinstance(distribution, IntDistribution):
        return not distribution.log
    return isinstance(distribution, FloatDistribution) and distribution.step is not None


def _variable(name: str, distribution: Any) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return Categorical(name, list(range(len(distribution.choices))))
    if _is_counted(distribution):
        return Int(name, 0, _steps(distribution))
    kind = Int if isinstance(distribution, IntDistribution) else Real
    return kind(name, distribution.low, distribution.high, log=distribution.log)


def _column(distribution: Any, value: Any) -> float:
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.to_internal_repr(value))
    if _is_counted(distribution):
        return float(round((value - distribution.low) / distribution.step))
    return float(value)


def _value(distribution: Any, x: float) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(x)]
    if isinstance(distribution, IntDistribution):
        return int(distribution.low + int(x) * distribution.step) if _is_counted(distribution) else int(x)
    if _is_counted(distribution):
        return float(min(distribution.low + int(x) * distribution.step, distribution.high))
    return float(x)
