"""pymoo's problems, BoTorch's classes, Ray's workers, torch's gradients."""

import time

import numpy as np
import pytest

from marey import BackendError, moo
from marey.moo import integrations


@pytest.mark.parametrize("name", ["zdt1", "bnh", "dtlz2", "c2dtlz2"])
def test_a_pymoo_problem_runs_as_it_is(name):
    problems = pytest.importorskip("pymoo.problems")
    theirs = problems.get_problem(name)
    problem = integrations.from_pymoo(theirs)
    res = moo.NSGA2(problem.space(), n_obj=problem.n_obj, n_con=problem.n_con, pop=20, seed=1).minimize(
        problem, evals=400
    )
    expected = theirs.evaluate(res.X, return_as_dictionary=True)
    np.testing.assert_array_equal(res.F, expected["F"])
    assert res.G.shape[1] == problem.n_con


def test_a_mixed_elementwise_pymoo_problem_with_an_equality():
    core = pytest.importorskip("pymoo.core.problem")
    variable = pytest.importorskip("pymoo.core.variable")

    class Mixed(core.ElementwiseProblem):
        def __init__(self):
            variables = {
                "on": variable.Binary(),
                "kind": variable.Choice(options=["a", "b"]),
                "k": variable.Integer(bounds=(1, 5)),
                "x": variable.Real(bounds=(0.0, 1.0)),
            }
            super().__init__(vars=variables, n_obj=2, n_ieq_constr=1, n_eq_constr=1)

        def _evaluate(self, point, out, *args, **kwargs):
            worse = (point["kind"] == "a") + (not point["on"])
            out["F"] = [point["x"] + worse, (1 - point["x"]) ** 2 + worse]
            out["G"] = [point["k"] - 3.0]
            out["H"] = [point["k"] - 2.0]

    problem = integrations.from_pymoo(Mixed())
    res = moo.NSGA2(problem.space(), n_obj=2, n_con=problem.n_con, pop=40, seed=1).minimize(problem, evals=2000)
    assert {(p["on"], p["kind"], p["k"]) for p in res.params} == {(True, "b", 2)}


def outcomes(n, m, seed=0):
    torch = pytest.importorskip("torch")
    return torch.rand(n, m, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("n", "m"), [(40, 2), (25, 3), (12, 4)])
@pytest.mark.parametrize("name", ["FastNondominatedPartitioning", "DominatedPartitioning"])
def test_botorch_partitionings_are_drop_ins(name, n, m):
    boxes = pytest.importorskip("botorch.utils.multi_objective.box_decompositions")
    import torch

    ref = torch.full((m,), 0.1, dtype=torch.float64)
    ours, theirs = getattr(integrations, name)(ref, outcomes(n, m)), getattr(boxes, name)(ref, outcomes(n, m))
    assert isinstance(ours, getattr(boxes, name))
    for partitioning in (ours, theirs):
        partitioning.update(outcomes(5, m, 1) * 1.05)
    torch.testing.assert_close(ours.pareto_Y.sort(0).values, theirs.pareto_Y.sort(0).values)
    torch.testing.assert_close(ours.compute_hypervolume(), theirs.compute_hypervolume(), rtol=1e-12, atol=0)
    # Any point lies in a box of the one just where it lies in a box of the other, and in no two.
    points = outcomes(3000, m, 2) * 1.3

    def inside(partitioning):
        lower, upper = partitioning.get_hypercell_bounds()
        return ((points[:, None] > lower) & (points[:, None] < upper)).all(-1).sum(1)

    torch.testing.assert_close(inside(ours), inside(theirs))
    assert int(inside(ours).max()) == 1


def test_botorch_hypervolume_is_a_drop_in():
    theirs = pytest.importorskip("botorch.utils.multi_objective.hypervolume")
    import torch

    ref = torch.full((3,), 0.1, dtype=torch.float64)
    Y = outcomes(60, 3)
    assert integrations.Hypervolume(ref).compute(Y) == pytest.approx(theirs.Hypervolume(ref).compute(Y), rel=1e-12)
    with pytest.raises(theirs.BotorchTensorDimensionError):
        integrations.Hypervolume(ref).compute(Y[:, :2])


def test_botorch_acquisition_takes_the_partitioning():
    acquisition = pytest.importorskip("botorch.acquisition.multi_objective.analytic")
    models = pytest.importorskip("botorch.models")
    import torch

    X, Y = outcomes(12, 2, 3), outcomes(12, 2, 4)
    ref = torch.zeros(2, dtype=torch.float64)
    boxes = integrations.FastNondominatedPartitioning(ref, Y)
    model = models.SingleTaskGP(X, Y).eval()
    gain = acquisition.ExpectedHypervolumeImprovement(model, ref.tolist(), boxes)(outcomes(4, 2, 5)[:, None])
    assert gain.shape == (4,)
    assert (gain >= 0).all()


def test_the_torch_hypervolume_has_exact_gradients():
    torch = pytest.importorskip("torch")
    from marey.moo.torch import hypervolume

    Y = outcomes(2 * 9, 3).reshape(2, 9, 3).requires_grad_()
    ref = torch.full((3,), 1.1, dtype=torch.float64, requires_grad=True)
    assert hypervolume(Y, ref).shape == (2,)
    assert torch.autograd.gradcheck(hypervolume, (Y, ref))
    with pytest.raises(TypeError, match=r"torch\.Tensor"):
        hypervolume(np.zeros((3, 2)), [1.0, 1.0])


def test_a_library_that_is_absent_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "marey.moo.integrations.ray", raising=False)
    with pytest.raises(BackendError, match="pip install ray"):
        _ = integrations.RayExecutor
    with pytest.raises(AttributeError):
        _ = integrations.nothing


@pytest.mark.slow
def test_points_of_a_lost_ray_node_are_evaluated_again():
    ray = pytest.importorskip("ray")
    cluster_utils = pytest.importorskip("ray.cluster_utils")

    def slow_objective(X):  # sent to the workers whole, which know nothing of this file
        import time

        time.sleep(0.3)
        return np.stack([X[:, 0], (1 - X[:, 0]) ** 2 + X[:, 1]], axis=1)

    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        cluster.wait_for_nodes()
        assert len({node["NodeID"] for node in ray.nodes() if node["Alive"]}) == 2
        space, killed = [(0, 1)] * 2, []

        def kill(optimizer):
            if optimizer.generation == 2:
                import threading

                killed.append(threading.Timer(0.2, cluster.remove_node, (second, False)))
                killed[0].start()

        res = moo.NSGA2(space, pop=16, seed=5).minimize(
            slow_objective, evals=80, executor=integrations.RayExecutor(), chunk=4, callback=kill
        )
        killed[0].join()
        for _ in range(300):  # the head notices in its own time
            if sum(node["Alive"] for node in ray.nodes()) == 1:
                break
            time.sleep(0.1)
        assert sum(node["Alive"] for node in ray.nodes()) == 1
        alone = moo.NSGA2(space, pop=16, seed=5).minimize(slow_objective, evals=80)
        assert res.evals == 80
        np.testing.assert_array_equal(res.F, alone.F)
    finally:
        ray.shutdown()
        cluster.shutdown()
