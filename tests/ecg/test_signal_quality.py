"""The rules of Orphanidou, one by one, and plain correlation as the oracle."""

from __future__ import annotations

import numpy as np
import pytest

from marey.ecg import qrs_detect, signal_quality
from marey.waveforms import read_wfdb


def beating(fs=250, seconds=60, every_s=0.8, seed=0, noise=0.02):
    rng = np.random.default_rng(seed)
    x = noise * rng.normal(size=fs * seconds)
    beats = np.arange(int(0.3 * fs), len(x), int(every_s * fs))
    x[beats] += 1
    return np.convolve(x, np.hanning(21), "same"), beats


def correlation(x, beats, length):
    rows = np.stack(
        [x[b - length // 2 :][:length] for b in beats if b >= length // 2 and b - length // 2 + length <= len(x)]
    )
    return np.mean([np.corrcoef(row, rows.mean(0))[0, 1] for row in rows])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_correlation_is_that_with_the_mean_beat(dtype) -> None:
    x, beats = beating(noise=0.3)
    x = x.astype(dtype)
    quality = signal_quality(x, 250, beats, window_s=10, step_s=5)
    assert len(quality) == 11
    for k, start in enumerate(range(0, 12501, 1250)):
        inside = beats[(beats >= start) & (beats < start + 2500)]
        expected = correlation(x.astype(float), inside, 200)
        assert quality.correlation[k] == pytest.approx(expected, rel=1e-9)
        assert quality.n_beats[k] == len(inside)
    np.testing.assert_allclose(quality.rate, 75)
    np.testing.assert_allclose(quality.start_s, np.arange(11) * 5.0)
    np.testing.assert_allclose(quality.stop_s, np.arange(11) * 5.0 + 10)


def test_each_rule_refuses_its_window() -> None:
    x, beats = beating()
    assert signal_quality(x, 250, beats).acceptable.all()
    assert not signal_quality(x, 250, beats[::2]).acceptable.any()  # 37.5 a minute
    twice = np.sort(np.concatenate([beats, beats[:-1] + 70]))
    assert not signal_quality(x, 250, twice).acceptable.any()  # and beats unlike each other
    missing = beats[(beats < 3500) | (beats > 4000)]
    quality = signal_quality(x, 250, missing)
    assert quality.acceptable.tolist() == [True, False, True, True, True, True]
    assert quality.ratio[1] >= 2.2
    silent = beats[(beats < 5200) | (beats > 6000)]
    assert signal_quality(x, 250, silent).longest_s[2] > 3
    rng = np.random.default_rng(0)
    x[7500:10000] = rng.normal(size=2500)
    quality = signal_quality(x, 250, beats)
    assert quality.acceptable.tolist() == [True, True, True, False, True, True]
    assert quality.correlation[3] < 0.66
    assert repr(quality) == "Quality(6 windows, 5 acceptable)"


def test_gaps_and_silence() -> None:
    x, beats = beating()
    x[100:200] = np.nan
    x[5000:7500] = 1.0
    quality = signal_quality(x, 250, beats)
    assert quality.missing.tolist() == [0.04, 0, 0, 0, 0, 0]
    assert quality.flat[2] == 1
    assert not quality.acceptable[[0, 2]].any()
    none = signal_quality(x, 250, [])
    assert np.isnan(none.rate).all()
    assert not none.acceptable.any()
    assert len(signal_quality(x[:100], 250, [50])) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beats": np.array([5, 3])}, "`beats` must be"),
        ({"beats": np.array([900])}, "`beats` must be"),
        ({"x": np.zeros((2, 3))}, "`x` has shape"),
        ({"window_s": 0}, "`window_s` is 0"),
        ({"step_s": -1.0}, "`step_s` -1"),
    ],
)
def test_misuse_is_told(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        signal_quality(**({"x": np.zeros(900), "fs": 250, "beats": np.array([3])} | change))


@pytest.mark.data
def test_a_record_is_good_until_noise_is_added(data_dir) -> None:
    record = read_wfdb(data_dir / "mitdb/100", stop=360 * 600)
    x = record["MLII"]
    assert signal_quality(x, 360, qrs_detect(x, 360)).acceptable.all()
    noisy = x + np.random.default_rng(0).normal(size=len(x))
    assert signal_quality(noisy, 360, qrs_detect(noisy, 360)).acceptable.mean() < 0.1
