"""How objectives are called: compiled, vectorised, point by point, on executors that lose workers."""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from marey import moo

BOUNDS = [(0.0, 1.0)] * 3


def nsga2() -> moo.NSGA2:
    return moo.NSGA2(BOUNDS, n_obj=2, pop=12, seed=3)


def rows(X):
    return np.stack([X[:, 0] + X[:, 1], 1 - X[:, 0] + X[:, 2]], axis=1)


def each_row(x):
    return x[0] + x[1], 1 - x[0] + x[2]


def each_dict(p):
    return [p["x0"] + p["x1"], 1 - p["x0"] + p["x2"]]


def writes(x, f):
    f[0] = x[0] + x[1]
    f[1] = 1 - x[0] + x[2]


EXPECTED = nsga2().minimize(rows, evals=120)


@pytest.mark.parametrize(
    ("objective", "options"),
    [
        (each_row, {"each": "row"}),
        (each_dict, {"each": "dict"}),
        (each_row, {"each": "row", "threads": 3}),
        (each_dict, {"each": "dict", "processes": 2}),
        (rows, {"processes": 2, "chunk": 5}),
        (rows, {"executor": lambda: ThreadPoolExecutor(2)}),
        (each_row, {"each": "row", "chunk": 5}),
    ],
)
def test_every_way_of_calling_gives_the_same_bits(objective, options) -> None:
    result = nsga2().minimize(objective, evals=120, **options)
    np.testing.assert_array_equal(result.population["F"], EXPECTED.population["F"])


def test_compiled_forms_give_the_same_bits() -> None:
    numba = pytest.importorskip("numba")
    pointer, n = numba.types.CPointer(numba.float64), numba.int64

    @numba.cfunc(numba.void(pointer, n, pointer, n, pointer, n, numba.types.voidptr))
    def cfunc(x, n, f, m, g, k, user):
        f[0] = x[0] + x[1]
        f[1] = 1 - x[0] + x[2]

    scipy = pytest.importorskip("scipy")
    data = np.array([1.0])

    @numba.cfunc(numba.void(pointer, n, pointer, n, pointer, n, numba.types.voidptr))
    def with_data(x, n, f, m, g, k, user):
        one = numba.carray(user, 1, numba.float64)[0]
        f[0] = x[0] + x[1]
        f[1] = one - x[0] + x[2]

    forms = [
        moo.compiled(each_row, 2),
        moo.compiled(writes, 2),
        moo.compiled(numba.njit(each_row), 2),
        cfunc,
        cfunc.address,
        cfunc.ctypes,
        moo.Compiled(with_data.address, user=data.ctypes.data),
        scipy.LowLevelCallable(with_data.ctypes, data.ctypes.data_as(ctypes.c_void_p)),
    ]
    for form in forms:
        result = nsga2().minimize(form, evals=120, threads=2)
        np.testing.assert_array_equal(result.population["F"], EXPECTED.population["F"])


def test_constraints_of_compiled_functions() -> None:
    pytest.importorskip("numba")
    compiled = moo.compiled(lambda x: ((x[0], 1 - x[0]), (0.5 - x[0],)), 2, 1)
    result = moo.NSGA2(BOUNDS, n_con=1, pop=12, seed=1).minimize(compiled, evals=240)
    assert (result.X[:, 0] >= 0.5).all()
    with pytest.raises(ValueError, match="was compiled with n_con=1"):
        nsga2().minimize(compiled, evals=12)


def test_torch_objectives() -> None:
    torch = pytest.importorskip("torch")

    def objective(X):
        assert isinstance(X, torch.Tensor)
        return torch.stack([X[:, 0] + X[:, 1], 1 - X[:, 0] + X[:, 2]], dim=1)

    result = nsga2().minimize(objective, evals=120, device="cpu")
    np.testing.assert_array_equal(result.population["F"], EXPECTED.population["F"])


class Forgetful(ThreadPoolExecutor):
    """Loses the worker of every third chunk, and gives answers in no order."""

    def __init__(self, error: Exception, every: int = 3) -> None:
        super().__init__(2)
        self.error, self.every, self.count = error, every, 0

    def submit(self, fn, /, *args, **kwargs):
        self.count += 1
        if self.count % self.every == 0:
            future: Future = Future()
            future.set_exception(self.error)
            return future
        return super().submit(fn, *args, **kwargs)


class WorkerCrashedError(Exception):
    """Named as a cluster library names it."""


@pytest.mark.parametrize("error", [moo.LostWorkerError("gone"), ConnectionResetError(), WorkerCrashedError()])
def test_points_of_a_lost_worker_are_evaluated_again(error: Exception) -> None:
    with Forgetful(error) as executor:
        result = nsga2().minimize(rows, evals=120, executor=executor, chunk=2)
        assert executor.count > 60
    np.testing.assert_array_equal(result.population["F"], EXPECTED.population["F"])


def test_a_worker_lost_too_often_is_an_error() -> None:
    with Forgetful(moo.LostWorkerError("gone"), every=1) as executor, pytest.raises(moo.LostWorkerError) as caught:
        nsga2().minimize(rows, evals=120, executor=executor, chunk=2, retries=2)
    assert "lost 3 times" in caught.value.__notes__[0]
    assert caught.value.points.shape == (2, 3)


def kills_its_process_once(X):
    try:
        Path(os.environ["MAREY_TEST_KILL"]).unlink()  # only one process can
    except FileNotFoundError:
        return rows(X)
    os._exit(1)


def test_a_broken_process_pool_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kill"
    path.touch()
    monkeypatch.setenv("MAREY_TEST_KILL", str(path))
    result = nsga2().minimize(kills_its_process_once, evals=120, processes=2)
    np.testing.assert_array_equal(result.population["F"], EXPECTED.population["F"])
    path.touch()
    with ProcessPoolExecutor(2) as pool, pytest.raises(RuntimeError, match="a function that makes executors"):
        nsga2().minimize(kills_its_process_once, evals=120, executor=pool)


def raises(p):
    if p["x0"] > 0.5:
        raise LookupError("too far")
    return each_dict(p)


@pytest.mark.parametrize("options", [{}, {"threads": 2}, {"processes": 2}])
def test_an_exception_reaches_the_caller_with_its_point(options) -> None:
    with pytest.raises(LookupError, match="too far") as caught:
        nsga2().minimize(raises, evals=120, each="dict", **options)
    assert caught.value.point["x0"] > 0.5
    assert "the objective failed at the point" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("objective", "options", "says"),
    [
        (lambda X: X, {}, "wrong shape"),
        (lambda X: (rows(X), rows(X)), {}, "n_con is 0"),
        (each_row, {"each": "tuple"}, "'dict', 'row'"),
        (rows, {"processes": 2, "executor": object()}, "more than one of"),
        (rows, {"executor": 3}, "with `submit`"),
        (3.5, {}, "a callable"),
        (rows, {"evals": 0}, "at least 1"),
    ],
)
def test_misuse_is_said(objective, options, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        nsga2().minimize(objective, **{"evals": 12, **options})
