"""Rows of mixed variables: encoding, repair, sampling, conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marey import moo


def mixed() -> moo.Space:
    return moo.Space(
        [
            moo.Real("lr", 1e-5, 1e-1, log=True),
            moo.Int("units", 8, 1024, log=True),
            moo.Int("layers", 1, 8),
            moo.Categorical("opt", ["adam", "sgd", "rms"]),
            moo.Real("momentum", 0.0, 1.0, active_if={"opt": ["sgd", "rms"]}),
            moo.Bool("nesterov", active_if={"opt": "sgd"}),
            moo.Permutation("order", ["a", "b", "c", "d"]),
        ]
    )


@pytest.mark.parametrize("method", ["random", "lhs"])
def test_samples_lie_in_the_space_and_come_back_from_their_dicts(method: str) -> None:
    space = mixed()
    X = space.sample(200, seed=3, method=method)
    space.check(X)
    points = space.decode(X)
    np.testing.assert_array_equal(space.encode(points), X)
    np.testing.assert_array_equal(space.repair(X)[:, 1:], X[:, 1:])
    for point in points:
        assert ("momentum" in point) == (point["opt"] != "adam")
        assert ("nesterov" in point) == (point["opt"] == "sgd")
        assert sorted(point["order"]) == ["a", "b", "c", "d"]
        assert 8 <= point["units"] <= 1024
    assert {p["opt"] for p in points} == {"adam", "sgd", "rms"}


def test_a_hypercube_has_one_row_in_each_part_of_each_range() -> None:
    X = moo.Space([moo.Real("a", -1.0, 3.0), moo.Real("b", 1e-4, 1.0, log=True)]).sample(50, seed=5, method="lhs")
    parts = np.stack([(X[:, 0] + 1) / 4, np.log(X[:, 1] / 1e-4) / np.log(1e4)], axis=1)
    for part in np.floor(parts * 50).astype(int).T:
        np.testing.assert_array_equal(np.sort(part), np.arange(50))


def test_a_row_is_a_function_of_the_seed_and_its_number() -> None:
    space = mixed()
    np.testing.assert_array_equal(space.sample(10, seed=1), space.sample(30, seed=1)[:10])
    assert not np.array_equal(space.sample(10, seed=1), space.sample(10, seed=2))


@given(st.lists(st.floats(-1e300, 1e300), min_size=10, max_size=10))
def test_any_numbers_are_repaired_into_the_space(row: list[float]) -> None:
    space = mixed()
    space.check(space.repair(row))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: moo.Space([moo.Real("a", 0, 1), moo.Int("a", 0, 1)]), "several of the name 'a'"),
        (lambda: moo.Real("a", 1, 1), "low < high"),
        (lambda: moo.Space([moo.Real("a", 0, 5e-324)]), "further apart"),
        (lambda: moo.Space([moo.Real("a", 1e300, 1e300 * (1 + 2**-52), log=True)]), "further apart"),
        (lambda: moo.Real("a", 0, 1, log=True), "positive"),
        (lambda: moo.Int("a", 0, 1.5), "integer"),
        (lambda: moo.Categorical("a", []), "at least one"),
        (lambda: moo.Permutation("a", 0), "positive integer"),
        (lambda: moo.Space([moo.Real("a", 0, 1, active_if={"b": 1})]), "a variable before it"),
        (lambda: moo.Space([moo.Bool("b"), moo.Real("a", 0, 1, active_if={"b": 3})]), "True or False"),
        (lambda: mixed().encode({"lr": 1.0}), "no 'units'"),
        (lambda: mixed().check(np.zeros(10)), "for variable 0"),
        (lambda: mixed().check(np.zeros(3)), "shape"),
    ],
)
def test_what_is_wrong_is_said(make, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        make()


def test_reprs_say_what_was_given() -> None:
    text = repr(mixed())
    assert "Int('units', 8, 1024, log=True)" in text
    assert "if {'opt': 'sgd'}" in text
