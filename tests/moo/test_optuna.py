"""The Optuna sampler against Optuna's own contract of samplers."""

import pickle

import numpy as np
import pytest

optuna = pytest.importorskip("optuna")
contract = pytest.importorskip("optuna.testing.pytest_samplers")

from marey.moo import hypervolume  # noqa: E402
from marey.moo.integrations import OptunaSampler  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.WARNING)
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore::UserWarning")


class _Contract(
    contract.BasicSamplerTestCase, contract.RelativeSamplerTestCase, contract.MultiObjectiveSamplerTestCase
):
    pass


class TestMOTPE(_Contract):
    @pytest.fixture
    def sampler(self):
        return lambda: OptunaSampler("motpe", seed=1)

    @pytest.fixture
    def n_startup(self):
        return 3


class TestNSGA2(_Contract):
    @pytest.fixture
    def sampler(self):
        return lambda: OptunaSampler("nsga2", seed=1, pop=4)


def zdt1(trial):
    x = np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(6)])
    g = 1 + 9 * x[1:].mean()
    return x[0], g * (1 - np.sqrt(x[0] / g))


def study(sampler, n, directions=("minimize", "minimize"), objective=zdt1):
    study = optuna.create_study(directions=directions, sampler=sampler)
    study.optimize(objective, n_trials=n)
    return study


def volume(study, ref=(1.1, 5.0)):
    return float(hypervolume(np.array([t.values for t in study.best_trials]), ref))


@pytest.mark.parametrize("algo", ["motpe", "nsga2"])
def test_a_seed_gives_the_same_trials_and_they_beat_random_ones(algo):
    options = {"pop": 20} if algo == "nsga2" else {}
    first, second = (study(OptunaSampler(algo, seed=3, **options), 150) for _ in range(2))
    assert [t.params for t in first.trials] == [t.params for t in second.trials]
    random = study(optuna.samplers.RandomSampler(seed=3), 150)
    assert volume(first) > volume(random)


def test_directions_turn_the_sign():
    def turned(trial):
        a, b = zdt1(trial)
        return -a, b

    plain = study(OptunaSampler(seed=3), 60)
    other = study(OptunaSampler(seed=3), 60, ("maximize", "minimize"), turned)
    assert [t.params for t in plain.trials] == [t.params for t in other.trials]


def test_constraints_draw_the_trials_to_where_they_are_met():
    def constraint(trial):
        return (0.8 - trial.params["x0"],)

    trials = [study(OptunaSampler(seed=s, constraints_func=constraint), 100).trials[40:] for s in range(3)]
    # By chance a fifth is.
    assert np.mean([[t.params["x0"] >= 0.8 for t in some] for some in trials]) > 0.3


def test_it_is_pickled_and_takes_up_a_study():
    sampler = OptunaSampler(seed=3)
    begun = study(sampler, 30)
    begun.sampler = pickle.loads(pickle.dumps(sampler))
    begun.optimize(zdt1, n_trials=20)
    assert len(begun.sampler._told) == 49


def test_another_algorithm_is_refused():
    with pytest.raises(ValueError, match="'motpe' or 'nsga2'"):
        OptunaSampler("cma")
