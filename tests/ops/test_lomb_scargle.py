"""The periodogram: a least-squares fit in plain terms, astropy's slow method, and what must not depend on the batch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.reference.lomb_scargle import lomb_scargle as reference
from marey.spectral import lomb_scargle


def made(rng, n, span=300.0):
    t = np.sort(rng.uniform(0, span, n)) + 1000.0
    return t, 1 + np.sin(2 * np.pi * 0.1 * t) + rng.normal(size=n)


ORACLE = json.loads(Path(__file__).with_name("lomb_scargle_oracle.json").read_text())
GRIDS = {
    "regular": np.linspace(0.004, 0.5, 83),
    "from 0": np.arange(0, 40) * 0.0125,
    "long": np.linspace(0.001, 0.5, 1201),  # the recurrence begins anew within
    "any": np.sort(np.random.default_rng(0).uniform(0.003, 0.6, 21)),
    "one": np.array([0.1]),
    "none": np.empty(0),
}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 40),
    grid=st.sampled_from(["regular", "from 0", "any", "one", "none"]),
    fit_mean=st.booleans(),
    center=st.booleans(),
    weighted=st.booleans(),
    normalization=st.sampled_from(["standard", "model", "log", "psd"]),
)
def test_the_fit_explains_as_much(seed, n, grid, fit_mean, center, weighted, normalization) -> None:
    rng = np.random.default_rng(seed)
    t, y = made(rng, n)
    if n > 12:
        y[rng.integers(n)], t[rng.integers(n)] = np.nan, np.inf
    dy = rng.uniform(0.5, 2, n) if weighted else None
    options = {"dy": dy, "fit_mean": fit_mean, "center_data": center, "normalization": normalization}
    ours, theirs = lomb_scargle(t, y, GRIDS[grid], **options), reference(t, y, GRIDS[grid], **options)
    assert ours.shape == GRIDS[grid].shape
    if n > 12:  # with fewer points a wave may fit all of them, and 1 - P is rounding
        # 1e-9: least squares by singular values against closed sums, on nearly dependent waves at the lowest frequency
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
    else:
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))


@pytest.mark.parametrize("name", ORACLE["power"])
def test_these_are_the_powers_of_astropys_slow_method(name) -> None:
    t, y, dy, frequency = (np.array(ORACLE[column]) for column in ("t", "y", "dy", "frequency"))
    normalization, *words = name.split(", ")
    options = {"dy": dy if "weighted" in words else None, "fit_mean": "no mean" not in words}
    expected = np.array(ORACLE["power"][name])
    ours = lomb_scargle(t, y, frequency, normalization=normalization, **options)
    np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-8 * expected.max())


@pytest.mark.parametrize("grid", ["regular", "long", "any"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_mean", [False, True])
@pytest.mark.parametrize("normalization", ["standard", "model", "log", "psd"])
def test_astropy_slow_to_1e_8(grid, weighted, fit_mean, normalization) -> None:
    timeseries = pytest.importorskip("astropy.timeseries")
    rng = np.random.default_rng(1)
    t, y = made(rng, 375)
    dy = rng.uniform(0.5, 2, 375) if weighted else None
    theirs = timeseries.LombScargle(t, y, dy, fit_mean=fit_mean, normalization=normalization)
    expected = theirs.power(GRIDS[grid], method="slow")
    ours = lomb_scargle(t, y, GRIDS[grid], dy=dy, fit_mean=fit_mean, normalization=normalization)
    np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-8 * expected.max())


@pytest.mark.parametrize("grid", ["regular", "long", "any"])
@pytest.mark.parametrize("weighted", [False, True])
def test_fast_is_near_and_the_grid_changes_nothing(grid, weighted) -> None:
    rng = np.random.default_rng(2)
    t, y = made(rng, 1000)
    dy = rng.uniform(0.5, 2, 1000) if weighted else None
    exact = lomb_scargle(t, y, GRIDS[grid], dy=dy)
    # float32 sums of a thousand terms, and a recurrence of 16 steps: some tens of its rounding
    np.testing.assert_allclose(lomb_scargle(t, y, GRIDS[grid], dy=dy, method="fast"), exact, atol=2e-5 * exact.max())
    shuffled = rng.permutation(len(GRIDS[grid]))
    np.testing.assert_allclose(lomb_scargle(t, y, GRIDS[grid][shuffled], dy=dy), exact[shuffled], atol=1e-12)


def test_the_highest_power_lies_at_the_wave() -> None:
    t, y = made(np.random.default_rng(3), 400)
    frequency = np.linspace(0.01, 0.5, 491)
    power = lomb_scargle(t, y, frequency)
    assert abs(frequency[np.argmax(power)] - 0.1) < 0.002
    assert ((power >= -1e-12) & (power <= 1)).all()
    np.testing.assert_allclose(lomb_scargle(t - 77.0, 3 * y - 5, frequency), power, rtol=1e-7, atol=1e-10)
    order = np.random.default_rng(0).permutation(400)
    np.testing.assert_allclose(lomb_scargle(t[order], y[order], frequency), power, rtol=1e-7, atol=1e-10)


def test_series_in_a_batch_are_those_alone_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(4)
    sizes = [375, 0, 3, 2, 411, 17, 375, 380]
    parts = [made(rng, n) for n in sizes]
    parts[6][1][:] = 0.5  # no variance
    offsets = np.cumsum([0, *sizes])
    t, y = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    frequency = GRIDS["regular"]
    alone = np.stack([lomb_scargle(*part, frequency) for part in parts])
    assert np.isnan(alone[[1, 3, 6]]).all()
    assert np.isfinite(alone[[0, 4, 5, 7]]).all()
    for threads in (1, 4):
        marey.set_num_threads(threads)
        np.testing.assert_array_equal(lomb_scargle(t, y, frequency, offsets=offsets), alone)
    marey.set_num_threads(0)
    square = lomb_scargle(np.stack([parts[0][0]] * 2), np.stack([parts[0][1]] * 2), frequency)
    np.testing.assert_array_equal(square, alone[[0, 0]])
    single = lomb_scargle(t, y.astype(np.float32), frequency, offsets=offsets)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[0], alone[0], atol=1e-5)
    assert lomb_scargle(t[:0], y[:0], frequency, offsets=offsets[:1]).shape == (0, 83)


def test_torch_gives_the_same_and_gradients() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    t, y = made(rng, 60, span=40)
    dy, offsets = rng.uniform(0.5, 2, 60), np.array([0, 40, 60])
    frequency = np.linspace(0.03, 0.5, 9)
    expected = lomb_scargle(t, y, frequency, dy=dy, offsets=offsets)
    tensors = [torch.tensor(a) for a in (t, y, frequency, dy)]
    told = lomb_scargle(*tensors[:3], dy=tensors[3], offsets=torch.tensor(offsets))
    np.testing.assert_array_equal(told.numpy(), expected)
    for tensor in tensors:
        tensor.requires_grad_(True)

    def run(t, y, frequency, dy):
        return lomb_scargle(t, y, frequency, dy=dy, offsets=torch.tensor(offsets))

    np.testing.assert_allclose(run(*tensors).detach().numpy(), expected, rtol=1e-8, atol=1e-12)
    assert torch.autograd.gradcheck(run, tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frequency": np.array([-0.1])}, "`frequency` has a value"),
        ({"frequency": np.zeros((2, 2))}, "`frequency` has shape"),
        ({"dy": np.zeros(5)}, "`dy` has a value"),
        ({"t": np.zeros(4)}, "`t` has shape"),
        ({"offsets": np.array([0, 3])}, "`offsets` must end"),
        ({"offsets": np.array([0, 9, 5])}, "`offsets` must never fall"),
        ({"normalization": "x"}, "`normalization` is 'x'"),
        ({"method": "x"}, "`method` is 'x'"),
    ],
)
def test_misuse_is_told(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        lomb_scargle(**{"t": np.arange(5.0), "y": np.arange(5.0), "frequency": np.array([0.1])} | change)
