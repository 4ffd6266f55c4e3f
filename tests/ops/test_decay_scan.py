"""What is special to decay_scan; the contract runs by itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.scan import decay_scan


def series(length: int = 50, channels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(channels, length)), rng.exponential(size=length), rng.uniform(0.1, 2.0, channels)


def test_no_gaps_is_a_running_sum() -> None:
    x, dt, rate = series()
    h, hT = decay_scan(x, np.zeros_like(dt), rate)
    np.testing.assert_allclose(h, np.cumsum(x, axis=-1), rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(hT, h[:, -1])


def test_equals_the_explicit_sum_over_the_past() -> None:
    """h_t = sum_s exp(-rate (time_t - time_s)) x_s, an oracle without a recurrence."""
    x, dt, rate = series()
    time = np.cumsum(dt)
    age = time[:, None] - time[None, :]
    weights = np.where(age >= 0, np.exp(-rate[:, None, None] * age), 0.0)
    np.testing.assert_allclose(decay_scan(x, dt, rate)[0], np.einsum("dts,ds->dt", weights, x), rtol=1e-11, atol=1e-12)


def test_is_linear_in_signal_and_state() -> None:
    x, dt, rate = series()
    y, _, _ = series(seed=1)
    h0 = np.arange(5.0)
    combined, _ = decay_scan(2 * x + 3 * y, dt, rate, h0=2 * h0)
    apart = 2 * decay_scan(x, dt, rate, h0=h0)[0] + 3 * decay_scan(y, dt, rate)[0]
    np.testing.assert_allclose(combined, apart, rtol=1e-12, atol=1e-12)


def test_a_masked_step_is_a_step_left_out() -> None:
    x, dt, rate = series()
    seen = np.random.default_rng(2).random(50) < 0.7
    x_hidden = np.where(seen, x, np.nan)
    gaps = np.diff(np.cumsum(dt)[seen], prepend=0.0)
    masked, _ = decay_scan(x_hidden, dt, rate, mask=seen)
    dropped, _ = decay_scan(x[:, seen], gaps, rate)
    np.testing.assert_allclose(masked[:, seen], dropped, rtol=1e-12, atol=1e-12)


def test_an_infinite_gap_forgets() -> None:
    x, dt, rate = series()
    dt[20] = np.inf
    h, _ = decay_scan(x, dt, rate, h0=np.ones(5))
    fresh, _ = decay_scan(x[:, 20:], np.concatenate([[0.0], dt[21:]]), rate)
    np.testing.assert_array_equal(h[:, 20:], fresh)


def test_packed_equals_each_series_alone_in_every_bit() -> None:
    x, dt, rate = series(60)
    offsets = np.array([0, 7, 7, 40, 60])
    h0 = np.random.default_rng(3).normal(size=(4, 5))
    h, hT = decay_scan(x, dt, rate, h0=h0, offsets=offsets)
    for s, (begin, end) in enumerate(itertools.pairwise(offsets)):
        alone, alone_hT = decay_scan(x[:, begin:end], dt[begin:end], rate, h0=h0[s])
        np.testing.assert_array_equal(h[:, begin:end], alone)
        np.testing.assert_array_equal(hT[s], alone_hT)


def test_channel_last_data_keeps_its_layout_and_bits() -> None:
    x, dt, rate = series(33, 11)
    stored_by_step = np.ascontiguousarray(x.T)
    h, hT = decay_scan(stored_by_step.T, dt, rate)
    expected, expected_hT = decay_scan(x, dt, rate)
    assert h.T.flags.c_contiguous
    np.testing.assert_array_equal(h, expected)
    np.testing.assert_array_equal(hT, expected_hT)


def test_a_channels_bits_do_not_depend_on_its_place() -> None:
    x, dt, rate = series(40, 19)
    h, _ = decay_scan(x, dt, rate)
    for d in range(19):
        np.testing.assert_array_equal(decay_scan(x[d : d + 1], dt, rate[d : d + 1])[0][0], h[d])


def test_float32_slow_decay_keeps_a_float64_state() -> None:
    """A million steps of rate 1e-6: an exponential in float32 would be 6% off at the end."""
    n = 1_000_000
    ones = np.ones((1, n), np.float32)
    h, _ = decay_scan(ones, np.ones(n, np.float32), np.array([1e-6], np.float32))
    a = np.exp(-np.float64(np.float32(1e-6)))
    np.testing.assert_allclose(h[0, -1], (1 - a**n) / (1 - a), rtol=1e-7)


@settings(max_examples=200, deadline=None)
@given(st.floats(-800, 800), st.integers(1, 20))
def test_the_exponential_is_accurate_everywhere(z: float, channels: int) -> None:
    """One step on a state of one gives exp(-rate dt) itself: within 2 ulp where normal, 0 or inf beyond."""
    rate, dt = np.full(channels, z), np.array([-1.0])
    h, _ = decay_scan(np.zeros((channels, 1)), dt, rate, h0=np.ones(channels))
    with np.errstate(over="ignore", under="ignore"):
        expected = np.exp(z)
    if z < -708:
        np.testing.assert_array_equal(h, np.where(h == 0, 0.0, expected))
        assert np.all(np.abs(h - expected) <= 4e-308)
    else:
        np.testing.assert_allclose(h, expected, rtol=4.5e-16)


def test_the_exponential_is_within_its_bound_on_whole_tiles() -> None:
    """1.5 ulp against 64-bit mantissas, over all normal results: a gap, then none for the rest of the tile."""
    if np.finfo(np.longdouble).nmant < 63:
        pytest.skip("long double is no wider than double here")
    z = np.random.default_rng(0).uniform(-700, 700, 50_000)
    z[:1000] = np.arange(1000) * (np.log(2) / 32)  # the edges between the tables' entries
    dt = np.zeros((len(z), 16))
    dt[:, 0] = z
    x, h0 = np.zeros((len(z), 2, 16)), np.ones((len(z), 2))
    _, hT = decay_scan(x, dt, np.array([-1.0, -1.0]), h0=h0)
    exact = np.exp(z.astype(np.longdouble))
    assert (np.abs(hT - exact[:, None]) / np.spacing(exact.astype(np.float64))[:, None]).max() < 1.5


@pytest.mark.parametrize("channels", [1, 5, 8, 19])
def test_equal_gaps_give_the_bits_of_their_steps_one_by_one(channels: int) -> None:
    """A regular series, a change of its gap, an infinite one, and regular again: decays may be used again or not."""
    x, _, rate = series(100, channels)
    dt = np.repeat([0.5, 0.25, np.inf, 0.25, 0.0], [41, 17, 1, 30, 11])
    h, hT = decay_scan(x, dt, rate)
    state = np.zeros(channels)
    for t in range(100):
        step, state = decay_scan(x[:, t : t + 1], dt[t : t + 1], rate, h0=state)
        np.testing.assert_array_equal(step[:, 0], h[:, t])
    np.testing.assert_array_equal(state, hT)


def test_gradients_reach_everything_through_the_last_state_alone() -> None:
    torch = pytest.importorskip("torch")
    x, dt, rate = (torch.tensor(a, requires_grad=True) for a in series(9, 3))
    h0 = torch.ones(3, dtype=torch.float64, requires_grad=True)
    _, hT = decay_scan(x, dt, rate, h0=h0)
    hT.sum().backward()
    time = dt.detach().cumsum(0)
    expected = torch.exp(-rate.detach()[:, None] * (time[-1] - time))
    torch.testing.assert_close(x.grad, expected)
    torch.testing.assert_close(h0.grad, torch.exp(-rate.detach() * time[-1]))
    assert dt.grad is not None
    assert rate.grad is not None


def test_an_infinite_gap_has_finite_gradients() -> None:
    torch = pytest.importorskip("torch")
    x, dt, rate = series(9, 3)
    dt[4] = np.inf
    x, dt, rate = (torch.tensor(a, requires_grad=True) for a in (x, dt, rate))
    decay_scan(x, dt, rate)[0].sum().backward()
    assert torch.isfinite(x.grad).all()
    assert torch.isfinite(rate.grad).all()
    assert dt.grad[4] == 0
