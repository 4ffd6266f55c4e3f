"""Matrix profiles against every window's distance to every other, taken as it is defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.profile import ProfileStream, mass, matrix_profile
from marey.reference.matrix_profile import distances
from marey.reference.matrix_profile import matrix_profile as reference

TOLERANCE = 1e-6


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def agree(t, m, *, other=None, k=1, exclusion=None, answer=None):
    """Distances are the reference's, and each index has the distance that it is told with."""
    p = matrix_profile(t, m, other=other, k=k, exclusion=exclusion) if answer is None else answer
    expected, _ = reference(t, m, other=other, k=k, exclusion=exclusion)
    distance, index = p.distance.reshape(expected.shape), p.index.reshape(expected.shape)
    np.testing.assert_allclose(distance, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(index < 0, np.isinf(expected))
    d = distances(t, t if other is None else other, m)
    told = index >= 0
    row = np.broadcast_to(np.arange(len(d))[:, None], index.shape)
    np.testing.assert_allclose(d[row[told], index[told]], distance[told], rtol=0, atol=TOLERANCE)
    for neighbours in index:
        assert len(set(neighbours[neighbours >= 0])) == (neighbours >= 0).sum()
    if other is None:
        apart = np.abs(index - row)[told]
        assert (apart > p.exclusion).all()
    return p


def with_outliers(rng, n):
    t = rng.normal(size=n)
    t[[n // 5, n // 2, n - 90]] = [1e6, -1e6, 1e6]
    return t


def flat_parts(rng, n):
    t = rng.normal(size=n).cumsum()
    t[n // 6 : n // 3] = t[n // 6]
    t[n // 2 : n // 2 + 90] = -3.25
    return t


def at_a_level(rng, n):
    return 1e6 + np.repeat([0.0, 1e4], [n // 2, n - n // 2]) + rng.normal(size=n)


def fading(rng, n):
    return rng.normal(size=n) * np.exp(-20.0 * np.arange(n) / n)


def flat_with_outliers(rng, n):
    t = flat_parts(rng, n)
    t[[40, n // 4, n - 50]] = 1e6
    return t


def missing(rng, n):
    t = rng.normal(size=n).cumsum()
    t[[0, n // 3, n // 3 + 40]] = [np.nan, np.inf, np.nan]
    t[n // 2 : n // 2 + 70] = np.nan
    t[-3] = -np.inf
    return t


SERIES = [
    pytest.param(make, id=make.__name__)
    for make in (with_outliers, flat_parts, at_a_level, fading, flat_with_outliers, missing)
]


@pytest.mark.parametrize("make", SERIES)
@pytest.mark.parametrize("m", [3, 17, 50])
def test_self_join_of_hard_series(make, m, rng):
    agree(make(rng, 901), m)


@pytest.mark.parametrize("make", SERIES)
def test_ab_join_and_neighbours_of_hard_series(make, rng):
    t, other = make(rng, 400), make(rng, 615)
    agree(t, 31, other=other)
    agree(t, 31, other=other, k=4)
    agree(t, 31, k=5)


def test_several_tiles_on_each_side(rng):
    t = rng.normal(size=3300).cumsum()
    agree(t, 24)
    agree(t, 24, k=3)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(3, 160),
    m=st.integers(3, 40),
    k=st.integers(1, 4),
    exclusion=st.sampled_from([None, 0, 1, 30]),
    kind=st.sampled_from(["normal", "steps", "missing"]),
)
def test_series_of_any_length(seed, n, m, k, exclusion, kind):
    rng = np.random.default_rng(seed)
    n = max(n, m)
    t = rng.normal(size=n) if kind != "steps" else rng.integers(0, 2, n).repeat(5)[:n] * 1.0
    if kind == "missing":
        t[rng.random(n) < 0.03] = np.nan
    agree(t, m, k=k, exclusion=exclusion)


@pytest.mark.parametrize("make", SERIES)
def test_left_and_right_are_the_nearest_of_either_side(make, rng):
    t, m = make(rng, 500), 25
    p = matrix_profile(t, m)
    d, i = distances(t, t, m), np.arange(len(p))
    for distance, index, side in (
        (p.left_distance, p.left_index, i[:, None] - i > p.exclusion),
        (p.right_distance, p.right_index, i - i[:, None] > p.exclusion),
    ):
        expected = np.where(side, d, np.inf).min(axis=1)
        np.testing.assert_allclose(distance, expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_array_equal(index < 0, np.isinf(expected))
        assert side[i[index >= 0], index[index >= 0]].all()
    np.testing.assert_array_equal(p.distance, np.minimum(p.left_distance, p.right_distance))


def test_of_equal_neighbours_the_first_is_told():
    """Windows of whole steps of two constants: every sum is exact, so that equals are equal to the last bit."""
    t = np.zeros(200)
    t[::8] = 1.0
    p = matrix_profile(t, 8, exclusion=7, k=3)
    flat = matrix_profile(np.full(60, 7.5), 10)
    np.testing.assert_array_equal(flat.distance, 0.0)
    np.testing.assert_array_equal(flat.index[:4], [4, 5, 6, 7])  # the windows before are too near
    np.testing.assert_array_equal(flat.index[10:], 0)
    np.testing.assert_allclose(p.distance, 0.0, atol=TOLERANCE)


def test_threads_and_company_change_no_bit(rng):
    t = rng.normal(size=(3, 2500)).cumsum(axis=1)
    t[1, 700] = 1e5
    t[2, 100:300] = 0.0
    t[0, 1000] = np.nan
    answers = []
    try:
        for threads in (1, 2, 3, 7):
            marey.set_num_threads(threads)
            answers.append(matrix_profile(t, 40, k=2))
            answers += [matrix_profile(t[i], 40, k=2) for i in range(3)]
    finally:
        marey.set_num_threads(0)
    batch = answers[0]
    for number, answer in enumerate(answers):
        alone = batch if number % 4 == 0 else batch[number % 4 - 1]
        for name in ("distance", "index", "left_distance", "left_index", "right_distance", "right_index"):
            np.testing.assert_array_equal(getattr(answer, name), getattr(alone, name))


def test_lengths_cut_each_series(rng):
    t = rng.normal(size=(4, 120))
    lengths = np.array([120, 60, 9, 0])
    p = matrix_profile(t, 10, lengths=lengths)
    for i, length in enumerate(lengths):
        windows = max(0, length - 9)
        if windows:
            agree(t[i, :length], 10, answer=matrix_profile(t[i, :length], 10))
            alone = matrix_profile(t[i, :length], 10)
            np.testing.assert_array_equal(p.distance[i, :windows], alone.distance)
            np.testing.assert_array_equal(p.index[i, :windows], alone.index)
        assert np.isinf(p.distance[i, windows:]).all()
        assert (p.index[i, windows:] == -1).all()
        assert (p.left_index[i, windows:] == -1).all()


def test_batches_join_one_series_or_their_own(rng):
    t, one, own = rng.normal(size=(3, 80)), rng.normal(size=90), rng.normal(size=(3, 70))
    for i in range(3):
        np.testing.assert_array_equal(
            matrix_profile(t, 9, other=one).distance[i], matrix_profile(t[i], 9, other=one).distance
        )
        np.testing.assert_array_equal(
            matrix_profile(t, 9, other=own).index[i], matrix_profile(t[i], 9, other=own[i]).index
        )
    assert matrix_profile(t[0], 9, other=one).left_index is None


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_units_do_not_matter(scale, rng):
    t = rng.normal(size=300)
    np.testing.assert_allclose(
        matrix_profile(scale * t, 20).distance, matrix_profile(t, 20).distance, rtol=0, atol=TOLERANCE
    )


def test_copies_are_no_distance_away(rng):
    t = rng.normal(size=2000)
    t[1500:1600] = 3 * t[200:300] - 7
    p = matrix_profile(t, 100)
    assert p.index[200] == 1500
    assert p.index[1500] == 200
    assert p.distance[200] == p.distance[1500] < 1e-12
    assert p.motifs(1) == [(200, 1500, p.distance[200])]


def test_mass_is_a_row_of_the_distances(rng):
    for make in (with_outliers, flat_parts, missing):
        t = make(rng, 300)
        q = t[20:50].copy()
        np.testing.assert_allclose(mass(q, t), distances(q, t, 30)[0], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("make", SERIES)
def test_a_stream_has_the_profile_of_the_whole(make, rng):
    t = make(rng, 300)
    stream = ProfileStream(t[:60], 20)
    for begin, end in ((60, 61), (61, 61), (61, 170), (170, 300)):
        stream.update(t[begin:end])
    np.testing.assert_array_equal(stream.t, t)
    agree(t, 20, answer=stream.profile)
    whole = matrix_profile(t, 20)
    np.testing.assert_allclose(stream.profile.left_distance, whole.left_distance, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(stream.profile.right_distance, whole.right_distance, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("make", SERIES)
@pytest.mark.parametrize("exclusion", [None, 0, 70])
def test_a_stream_that_forgets_has_the_profile_of_what_it_keeps(make, exclusion, rng):
    t = make(rng, 400)
    stream = ProfileStream(t[:130], 20, exclusion=exclusion, keep=100)
    for begin, end in ((130, 131), (131, 131), (131, 170), (170, 330), (330, 400)):
        stream.update(t[begin:end])
        kept = t[end - 100 : end]
        np.testing.assert_array_equal(stream.t, kept)
        assert stream.forgotten == end - 100
        agree(kept, 20, exclusion=exclusion, answer=stream.profile)
        whole = matrix_profile(kept, 20, exclusion=exclusion)
        np.testing.assert_allclose(stream.profile.left_distance, whole.left_distance, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(stream.profile.right_distance, whole.right_distance, rtol=0, atol=TOLERANCE)
    with pytest.raises(ValueError, match="`keep` is 19; expected at least 20"):
        ProfileStream(t, 20, keep=19)


@pytest.mark.parametrize("make", SERIES)
def test_a_stream_asked_once_after_many_values(make, rng):
    """Windows are made anew in between, while some wait for another neighbour."""
    t = make(rng, 700)
    stream = ProfileStream(t[:90], 16, keep=90)
    for value in t[90:]:
        stream.update(value)
    agree(t[-90:], 16, answer=stream.profile)
    assert stream.forgotten == 610


def test_a_stream_whose_unit_and_level_change(rng):
    t = np.concatenate([np.zeros(40), rng.normal(size=60), 1e6 + 1e3 * rng.normal(size=80), rng.normal(size=60)])
    stream = ProfileStream(t[:40], 12)
    for value in t[40:]:
        stream.update(value)
    agree(t, 12, answer=stream.profile)


def test_motifs_and_discords_do_not_overlap(rng):
    t = rng.normal(size=600)
    t[300:330] += 8 * np.hanning(30)
    p = matrix_profile(t, 30)
    begins = [begin for i, j, _ in p.motifs(5) for begin in (i, j)]
    assert all(abs(a - b) > p.exclusion for n, a in enumerate(begins) for b in begins[:n])
    discords = [i for i, _ in p.discords(4)]
    assert all(abs(a - b) > p.exclusion for n, a in enumerate(discords) for b in discords[:n])
    assert p.discords(1)[0][1] == p.distance.max()
    assert p.discords(10_000)[-1][1] > 0


def test_the_picture_and_the_words(rng):
    t = rng.normal(size=200)
    p = matrix_profile(t, 20)
    assert repr(p).startswith("MatrixProfile(181 windows of 20, distances ")
    [(i, j, _)], [(odd, _)] = p.motifs(1), p.discords(1)
    page = p._repr_html_()
    assert f"<td>motif</td><td>{i}</td><td>{j}</td>" in page
    assert f"<td>discord</td><td>{odd}</td>" in page
    assert "<table" not in matrix_profile(np.stack([t, t]), 20)._repr_html_()
    pytest.importorskip("matplotlib")
    figure = p.plot(t, fs=100.0)
    assert len(figure.axes) == 4
    assert len(matrix_profile(t, 20, other=t[:90]).plot(t).axes) == 2
    assert len(matrix_profile(np.full(30, np.nan), 20).plot(np.zeros(30)).axes) == 2
    with pytest.raises(ValueError, match="`t` has 199 values; expected 200"):
        p.plot(t[1:])


def test_misuse_is_told(rng):
    t = rng.normal(size=50)
    for arguments, more, error, message in [
        ((t, 51), {}, ValueError, "`m` is 51; expected 3 to 50, the number of values in `t`"),
        ((t, 2), {}, ValueError, "`m` is 2; expected 3 to 50"),
        ((t, 9.5), {}, TypeError, r"`m` is 9\.5; expected a whole number"),
        ((t[None, None], 5), {}, ValueError, r"`t` has shape \(1, 1, 50\); expected \(n,\) or \(B, n\)"),
        ((t.astype(complex), 5), {}, TypeError, "`t` has dtype complex128"),
        ((t, 5), {"k": 0}, ValueError, "`k` is 0; expected at least 1"),
        ((t, 5), {"exclusion": -1}, ValueError, "`exclusion` is -1"),
        ((t, 5), {"other": t[:4]}, ValueError, "`m` is 5; expected 3 to 4, the number of values in `other`"),
        ((t, 5), {"other": t, "exclusion": 2}, ValueError, "`exclusion` is for a series against itself"),
        ((np.stack([t, t]), 5), {"other": np.stack([t] * 3)}, ValueError, "`other` has 3 series and `t` 2"),
        ((t, 5), {"lengths": [3]}, ValueError, r"`lengths` has shape \(1,\)"),
        ((t[None], 5), {"lengths": [51]}, ValueError, "`lengths` reach from 51 to 51; expected 0 to 50"),
        ((t[None], 5), {"lengths": [5.0]}, TypeError, "`lengths` has dtype float64"),
    ]:
        with pytest.raises(error, match=message):
            matrix_profile(*arguments, **more)
    with pytest.raises(ValueError, match="this profile is of 2 series"):
        matrix_profile(np.stack([t, t]), 5).motifs()
    with pytest.raises(TypeError, match="only one of a batch has items"):
        matrix_profile(t, 5)[0]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compile"])
def test_tensors_give_tensors(compiled, rng):
    torch = pytest.importorskip("torch")
    t, other = rng.normal(size=(2, 150)), rng.normal(size=(1, 90))
    function = torch.compile(matrix_profile, fullgraph=True) if compiled else matrix_profile
    for more in ({"k": 2}, {"lengths": np.array([150, 80])}, {"other": other}):
        of_torch = {n: torch.from_numpy(a) if isinstance(a, np.ndarray) else a for n, a in more.items()}
        told, expected = function(torch.from_numpy(t), 20, **of_torch), matrix_profile(t, 20, **more)
        for name in ("distance", "index") + (() if "other" in more else ("left_distance", "right_index")):
            assert torch.is_tensor(getattr(told, name))
            np.testing.assert_array_equal(getattr(told, name).numpy(), getattr(expected, name))
    one = torch.from_numpy(t[0]).float()
    assert matrix_profile(one, 20).motifs(2) == matrix_profile(one.numpy(), 20).motifs(2)
    with pytest.raises(TypeError, match="`t` is a Tensor and `other` a ndarray"):
        matrix_profile(one, 20, other=other)


def test_the_operator_passes_opcheck(rng):
    torch = pytest.importorskip("torch")
    import marey.profile._torch  # noqa: F401  (registers it)

    t = torch.from_numpy(rng.normal(size=(2, 60)))
    for arguments in ((t, None, None, 9, 1, 3), (t, t[:1].clone(), None, 9, 2, 0)):
        torch.library.opcheck(torch.ops.marey.matrix_profile.default, arguments)
