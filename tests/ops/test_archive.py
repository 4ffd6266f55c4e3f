"""The archive: what it keeps, what belongs to it, what it refuses."""

import numpy as np
import pytest
from fronts import linear

from marey.moo import Archive, hypervolume, pareto_rank


@pytest.mark.parametrize("d", [1, 2, 3, 6])
def test_keeps_the_front_of_all_it_was_offered(d):
    F = np.random.default_rng(d).integers(0, 20, (300, d)).astype(float)
    archive = Archive(d)
    kept = np.concatenate(
        [archive.add(part) for part in np.array_split(F, 7)[:-1]] + [archive.add(np.array_split(F, 7)[-1])]
    )
    assert kept.shape == (300,)
    front = np.unique(F[pareto_rank(F) == 0], axis=0)
    np.testing.assert_array_equal(np.unique(archive.F, axis=0), front)
    assert len(archive) == len(front)


def test_the_cut_into_calls_does_not_matter():
    F = np.random.default_rng(1).random((200, 3))
    for options in ({}, {"capacity": 15}, {"eps": 0.2}, {"capacity": 9, "truncate": "hv", "ref": [1.0] * 3}):
        whole, parts = Archive(3, **options), Archive(3, **options)
        whole.add(F)
        for row in F:
            parts.add([row])
        np.testing.assert_array_equal(whole.F, parts.F)


def test_what_belongs_to_a_member_stays_with_it():
    rng = np.random.default_rng(2)
    F = rng.random((120, 2))
    archive = Archive(2, capacity=10)
    for rows in np.array_split(np.arange(120), 9):
        kept = archive.add(F[rows], X=rows)
        np.testing.assert_array_equal(np.isin(rows, archive.X), kept)
    np.testing.assert_array_equal(archive.F, F[archive.X])
    assert len(archive) <= 10


def test_a_full_archive_keeps_volume():
    F = linear(np.random.default_rng(3), 200, 3)
    by_volume = Archive(3, capacity=20, truncate="hv", ref=[1.1] * 3)
    by_crowding = Archive(3, capacity=20, ref=[1.1] * 3)
    for archive in (by_volume, by_crowding):
        archive.add(F)
        assert len(archive) == 20
    assert by_volume.hypervolume() > by_crowding.hypervolume()
    assert by_volume.hypervolume() == hypervolume(by_volume.F, [1.1] * 3)
    assert by_volume.hypervolume([2.0] * 3) > by_volume.hypervolume()


def test_boxes_bound_the_loss():
    F = np.random.default_rng(4).random((2000, 3))
    archive = Archive(3, eps=[0.1, 0.2, 0.05])
    archive.add(F)
    assert len(archive) < (pareto_rank(F) == 0).sum()
    needed = (archive.F[None] - F[:, None]).max(1)  # not the least; a bound per objective is checked below
    assert needed.shape == (2000, 3)
    near = (archive.F[None] < F[:, None] + np.array([0.1, 0.2, 0.05])).all(-1).any(-1)
    assert near.all()


def test_results_are_copies():
    archive = Archive(2)
    archive.add([[1.0, 2.0]], X=[5])
    archive.F[:] = 9
    archive.X[:] = 9
    assert archive.F.tolist() == [[1.0, 2.0]]
    assert archive.X.tolist() == [5]
    assert repr(archive) == "Archive(n_obj=2): 1 members of 1 offered"


def test_errors():
    archive = Archive(2)
    with pytest.raises(ValueError, match=r"`F` has shape \(1, 3\); expected \(N, 2\)"):
        archive.add([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="`F` has a NaN in row 0, column 1"):
        archive.add([[1.0, np.nan]])
    with pytest.raises(ValueError, match="`X` has 2 rows; expected one for each of the 1 rows"):
        archive.add([[1.0, 2.0]], X=[1, 2])
    archive.add([[1.0, 2.0]])
    with pytest.raises(ValueError, match="`X` is given in some calls only"):
        archive.add([[1.0, 2.0]], X=[1])
    with pytest.raises(ValueError, match="`X` was not given"):
        _ = archive.X
    with pytest.raises(ValueError, match="`ref` is left out"):
        Archive(2, truncate="hv")
    with pytest.raises(ValueError, match="`truncate` is 'least'"):
        Archive(2, truncate="least")
    with pytest.raises(ValueError, match="`capacity` is 0"):
        Archive(2, capacity=0)
    with pytest.raises(ValueError, match="`eps`"):
        Archive(2, eps=0.0)
