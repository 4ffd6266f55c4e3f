"""ENMO, MAD, angle-z, calibration, wear, sleep and rhythm against their definitions in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from marey import actigraphy

rng = np.random.default_rng(5)
FS = 20


def recording(seconds: int = 121) -> np.ndarray:
    acc = rng.normal(0, 0.3, (3, seconds * FS))
    acc[2] += 1
    return np.round(acc, 2)  # ties, as devices have them


def parts(acc: np.ndarray, seconds: float = 5) -> np.ndarray:
    n = round(seconds * FS)
    return acc[..., : acc.shape[-1] // n * n].reshape(*acc.shape[:-1], -1, n)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("epoch", [0.05, 0.35, 1, 5])
def test_epochs_equal_their_definitions(dtype: str, epoch: float) -> None:
    acc = recording().astype(dtype)
    x = parts(acc.astype("float64"), epoch)
    r = np.linalg.norm(x, axis=0)
    medians = np.median(x, -1)
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(actigraphy.enmo(acc, FS, epoch), np.maximum(r - 1, 0).mean(-1), **tolerance)
    mad = np.abs(r - r.mean(-1, keepdims=True)).mean(-1)
    np.testing.assert_allclose(actigraphy.mad(acc, FS, epoch), mad, **tolerance)
    angle = np.degrees(np.arctan2(medians[2], np.hypot(medians[0], medians[1])))
    np.testing.assert_allclose(actigraphy.angle_z(acc, FS, epoch), angle, rtol=tolerance["rtol"], atol=1e-5)
    told = actigraphy.epochs(acc, FS, epoch, counts_epoch=None)
    np.testing.assert_allclose(told.mean, x.mean(-1), **tolerance)
    np.testing.assert_allclose(told.std, x.std(-1), **tolerance)
    np.testing.assert_array_equal(told.least, x.min(-1))
    np.testing.assert_array_equal(told.most, x.max(-1))
    assert told.counts is None
    assert (told.observed == 1).all()


@pytest.mark.parametrize("n", [*range(1, 20), 100, 250])
def test_medians_of_any_values(n: int) -> None:
    """The angle of a vector (median, 0, 1) tells the median back."""
    for x in (
        rng.normal(size=n),
        rng.integers(0, 3, n) * 1.0,
        rng.normal(size=n) ** 9,
        np.full(n, 0.1),
        np.arange(n) % 2,
    ):
        acc = np.stack([x, np.zeros(n), np.ones(n)]) if n else np.zeros((3, 0))
        angle = actigraphy.angle_z(acc, n, 1)[0]
        expected = np.degrees(np.arctan2(1, abs(np.median(x))))
        assert angle == pytest.approx(expected, abs=1e-10)


def test_missing_samples_are_left_out() -> None:
    acc = recording()
    gone = rng.random(acc.shape[-1]) < 0.3
    gone[200:300] = True  # an epoch without any
    acc[rng.integers(0, 3, gone.sum()), np.flatnonzero(gone)] = np.nan
    told = actigraphy.epochs(acc, FS, counts_epoch=None)
    assert np.isnan([told.enmo[2], told.mad[2], told.angle_z[2], told.mean[0, 2]]).all()
    for e in (0, 1, 3, 10):
        x = acc[:, 100 * e : 100 * e + 100][:, ~gone[100 * e : 100 * e + 100]]
        assert told.observed[e] == x.shape[1] / 100
        assert told.enmo[e] == pytest.approx(np.maximum(np.linalg.norm(x, axis=0) - 1, 0).mean(), abs=1e-13)
        np.testing.assert_allclose(told.std[:, e], x.std(1), rtol=1e-12)
        m = np.median(x, 1)
        assert told.angle_z[e] == pytest.approx(np.degrees(np.arctan2(m[2], np.hypot(*m[:2]))))


def test_rolling_angle_equals_its_definition() -> None:
    acc = recording(40)
    acc[:, 333] = np.nan
    window, n = 5 * FS, acc.shape[1]
    around = [slice(max(0, t - window // 2), t + window - window // 2) for t in range(n)]
    x, y, z = np.array([[np.nanmedian(acc[a, s]) for s in around] for a in range(3)])
    degrees = np.degrees(np.arctan2(z, np.hypot(x, y)))
    degrees[333] = np.nan
    expected = np.nanmean(degrees.reshape(-1, window), 1)
    np.testing.assert_allclose(actigraphy.angle_z(acc, FS, window_s=5), expected, rtol=1e-12)


def test_one_pass_equals_each_measure() -> None:
    acc = np.stack([recording(180) for _ in range(2)])[..., : 170 * FS]
    fast = np.repeat(acc, 3, axis=-1)[..., : 170 * 50]
    told = actigraphy.epochs(fast, 50, 5, counts_epoch=60)
    np.testing.assert_array_equal(told.counts, actigraphy.counts(fast, 50, 60))
    np.testing.assert_array_equal(told.enmo, actigraphy.enmo(fast, 50))
    np.testing.assert_array_equal(told.mad, actigraphy.mad(fast, 50))
    np.testing.assert_array_equal(told.angle_z, actigraphy.angle_z(fast, 50))
    assert told.counts.shape == (2, 3, 2)
    assert "170 Hz" not in repr(told)
    assert "34 of 5 s" in repr(told)


def still_positions(n: int, scale: list[float], offset: list[float], noise: float = 0.002) -> np.ndarray:
    """Ten seconds in each of n positions, as a device with this fault tells them."""
    of = rng.normal(size=(3, n))
    of /= np.linalg.norm(of, axis=0)
    acc = np.repeat(of / np.array(scale)[:, None] + np.array(offset)[:, None], 10 * FS, axis=1)
    return acc + rng.normal(0, noise, acc.shape)


def test_calibration_finds_scale_and_offset() -> None:
    scale, offset = [1.03, 0.98, 1.01], [0.04, -0.05, 0.02]
    acc = still_positions(600, scale, offset)
    told = actigraphy.calibrate(acc, FS)
    assert told.reason == ""
    np.testing.assert_allclose(told.scale, scale, atol=2e-4)
    np.testing.assert_allclose(told.offset, offset, atol=2e-4)
    assert told.error_after < 0.001 < 0.02 < told.error_before
    with_it = actigraphy.epochs(acc, FS, counts_epoch=None, calibration=told)
    np.testing.assert_allclose(with_it.enmo, actigraphy.enmo(told.apply(acc), FS), atol=1e-12)
    assert with_it.enmo.mean() < actigraphy.enmo(acc, FS).mean() / 5


def test_calibration_tells_why_it_changed_nothing() -> None:
    flat = np.zeros((3, 100 * 10 * FS))
    flat[2] = 1.05
    told = actigraphy.calibrate(flat + rng.normal(0, 0.001, flat.shape), FS)
    assert "cover too little of the x and y and z axis" in told.reason
    assert told.scale == (1, 1, 1)
    assert "0 still windows" in actigraphy.calibrate(recording(), FS).reason
    assert actigraphy.calibrate(np.full((3, 1000), np.nan), FS).n_windows == 0


def test_a_device_on_a_table_is_not_worn() -> None:
    hour = 3600 * FS
    acc = rng.normal(0, 0.003, (3, 6 * hour))
    acc[2] += 1
    acc[:, : 2 * hour] += 0.2 * np.sin(np.arange(2 * hour) / 7)
    acc[:, 5 * hour :] = np.nan
    away = actigraphy.nonwear(actigraphy.epochs(acc, FS, counts_epoch=None))
    hours = away.reshape(6, 720).mean(1)
    assert hours[0] == 0
    assert (hours[3:] == 1).all()
    assert 0 < hours[2] < 1  # windows about the edge still hold some movement


def test_a_night_of_turns_is_one_window() -> None:
    day = rng.normal(0, 25, 17280)
    day[7000:12000] = np.repeat(rng.uniform(-80, 80, 10), 500)  # turns every 40 minutes
    day[9000:9300] = rng.normal(0, 25, 300)  # 25 minutes awake
    onset, wake = actigraphy.sleep_window(day)
    assert abs(onset - 7000) <= 31
    assert abs(wake - 12000) <= 31
    asleep = actigraphy.sustained_inactivity(day)
    assert 0.9 < asleep[7000:12000].mean() < 1
    assert asleep[:7000].mean() == 0
    assert actigraphy.sleep_window(rng.normal(0, 25, 17280)) is None
    worn = np.ones(17280, bool)
    worn[7000:12000] = False
    assert actigraphy.sleep_window(day, worn=worn) is None


def test_rhythm_of_the_extremes() -> None:
    minutes = np.arange(7 * 1440)
    wave = 1 + np.sin(2 * np.pi * minutes / 1440)
    noise = rng.random(len(minutes))
    assert actigraphy.interdaily_stability(wave, 60) == pytest.approx(1)
    assert actigraphy.interdaily_stability(noise, 60) < 0.3
    assert actigraphy.intradaily_variability(wave, 60) < 0.1
    assert actigraphy.intradaily_variability(noise, 60) == pytest.approx(2, abs=0.4)
    gappy = np.where(rng.random(len(wave)) < 0.2, np.nan, wave)
    assert actigraphy.interdaily_stability(gappy, 60) == pytest.approx(1, abs=0.01)
    told = actigraphy.m10_l5(wave[:1440], 60)
    assert told.m10_start_s == pytest.approx(3600, abs=60)
    assert told.l5_start_s == pytest.approx(15.5 * 3600, abs=60)
    assert np.isnan(actigraphy.m10_l5(wave[:100], 60)).all()
    assert np.isnan(actigraphy.interdaily_stability(wave[:1500], 60))


def test_misuse_is_told() -> None:
    acc = recording(10)
    for call, message in (
        (lambda: actigraphy.enmo(acc, FS, 0.07), "`epoch` is 0.07 s, 1.4 samples at 20 Hz"),
        (lambda: actigraphy.calibrate(np.zeros((2, 3, 10)), FS), r"expected \(3, T\), one recording"),
        (lambda: actigraphy.sleep_window(np.zeros((2, 5))), r"`angle_z` has shape \(2, 5\)"),
        (lambda: actigraphy.interdaily_stability(np.zeros(50), bin_s=5000), "expected a divisor of a day"),
        (lambda: actigraphy.nonwear(actigraphy.epochs(acc[None], FS, counts_epoch=None)), "pass one"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
