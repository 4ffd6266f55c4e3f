"""Heart-rate variability: NeuroKit2's values where its definition is sound, plain definitions elsewhere."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marey
from marey.ecg import hrv, rr_clean
from marey.reference.lomb_scargle import lomb_scargle
from marey.waveforms import read_wfdb

ORACLE = json.loads(Path(__file__).with_name("hrv_oracle.json").read_text())["series"]
# Not NeuroKit2's; the documentation says why, and the tests below what they are instead.
OURS = {"SDANN1", "SDANN2", "SDANN5", "SDNNI1", "SDNNI2", "SDNNI5", "TINN", "PSS", "PAS", "CMSEn", "RCMSEn", "CD"}
OURS = {f"HRV_{name}" for name in OURS}
BIN_MS = 1000 / 128


def made(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    k = np.arange(n)
    return np.round(820 + 45 * np.sin(2 * np.pi * 0.23 * k) + np.cumsum(rng.normal(scale=4, size=n)), 1)


def assert_neurokit(h, expected) -> None:
    for name in set(h.names) - OURS:
        # 1e-8: sums in another order; MadNN over a constant of five digits
        rtol = 3e-6 if name in ("HRV_MadNN", "HRV_MCVNN") else 1e-8
        np.testing.assert_allclose(h[name][0], expected.get(name, np.nan), rtol=rtol, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("name", ["breathing", "wandering", "gaps", "short"])
def test_neurokit2_has_these_values(name) -> None:
    kept = ORACLE[name]
    h = hrv(np.array(kept["rr"]), t=np.array(kept["t"]), domains=["time", "nonlinear"])
    assert_neurokit(h, kept["measures"])
    assert set(kept["measures"]) <= set(h.names)


@pytest.mark.data
def test_neurokit2_has_these_values_of_record_100(data_dir) -> None:
    record = read_wfdb(data_dir / "mitdb/100")
    h = hrv(np.diff(record.annotations.beats) / record.fs * 1000, domains=["nonlinear", "time"])
    assert_neurokit(h, ORACLE["mitdb 100"]["measures"])


def test_a_missing_interval_is_one_left_out() -> None:
    kept = ORACLE["gaps"]
    whole = np.array(ORACLE["breathing"]["rr"])
    times = np.cumsum(whole) / 1000
    present = np.isin(np.round(times, 6), np.round(kept["t"], 6))
    assert present.sum() == len(kept["rr"])
    told = hrv(np.where(present, whole, np.nan), t=times).values
    np.testing.assert_array_equal(told, hrv(np.array(kept["rr"]), t=np.array(kept["t"])).values)


def test_segments_hold_all_their_intervals() -> None:
    rr = made(1, 1500)
    t = np.cumsum(rr) / 1000
    for minutes in (1, 2, 5):
        count = round(t[-1] / (60 * minutes))
        parts = [rr[(t // (60 * minutes)) == k] for k in range(count)]
        h = hrv(rr, domains=["time"])
        np.testing.assert_allclose(h[f"HRV_SDANN{minutes}"], np.std([p.mean() for p in parts], ddof=1))
        np.testing.assert_allclose(h[f"HRV_SDNNI{minutes}"], np.mean([p.std(ddof=1) for p in parts]))


def test_tinn_is_the_best_triangle_of_all() -> None:
    for seed in range(3):
        rr = made(seed, 300)
        edges = np.arange(0, rr.max() + BIN_MS, BIN_MS)
        bars = np.concatenate([[0], np.histogram(rr, edges)[0], [0]])
        mode = int(np.argmax(bars))
        errors = {}
        for left, right in itertools.product(range(mode), range(mode + 1, len(bars))):
            line = np.interp(np.arange(len(bars)), [left, mode, right], [0, bars[mode], 0])
            errors[right - left, left] = ((bars - line) ** 2).sum()
        width = hrv(rr, domains=["time"])["HRV_TINN"][0] / BIN_MS
        best = min(errors.values())
        assert min(e for (w, _), e in errors.items() if w == round(width)) == pytest.approx(best)


def test_fragments_are_shares_of_intervals() -> None:
    rr = made(4, 400)
    rr[50:60] = rr[50]  # no change
    signs = np.sign(np.diff(rr))
    runs = [(s, len(list(group))) for s, group in itertools.groupby(signs)]
    long = sum(n for s, n in runs if s != 0 and n >= 3)
    alternating, at = 0, 0
    while at < len(signs):
        end = at + 1
        while end < len(signs) and signs[end] * signs[end - 1] < 0:
            end += 1
        alternating += (end - at) * (end - at >= 4)
        at = end
    h = hrv(rr, domains=["nonlinear"])
    assert h["HRV_PSS"][0] == pytest.approx(1 - long / len(signs))
    assert h["HRV_PAS"][0] == pytest.approx(alternating / len(signs))


def counts(x: np.ndarray, tolerance: float) -> np.ndarray:
    """Pairs of templates of two and of three values that agree."""
    near = np.abs(x[:, None] - x[None]) <= tolerance
    n = len(x) - 2
    two = near[:n, :n] & near[1 : n + 1, 1 : n + 1]
    upper = np.triu_indices(n, 1)
    return np.array([two[upper].sum(), (two & near[2:, 2:])[upper].sum()])


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("n", [150, 400])
def test_composite_entropies_average_within_their_scale(n) -> None:
    rr = made(5, n)
    tolerance = 0.2 * rr.std(ddof=1)
    composite, refined = [], []
    for scale in range(1, n // 12):
        found = []
        for start in range(scale):
            length = (n - start) // scale
            found.append(counts(rr[start : start + length * scale].reshape(length, scale).mean(1), tolerance))
        each = np.array([-np.log(three / two) for two, three in found])
        composite.append(each[np.isfinite(each)].mean() if np.isfinite(each).any() else np.nan)
        two, three = np.sum(found, axis=0)
        refined.append(-np.log(three / two))
    h = hrv(rr, domains=["nonlinear"])
    for name, values in (("HRV_CMSEn", composite), ("HRV_RCMSEn", refined)):
        finite = np.array(values)[np.isfinite(values)]
        np.testing.assert_allclose(h[name][0], np.trapezoid(finite) / len(finite), rtol=1e-12)


def test_correlation_dimension_by_all_distances() -> None:
    rr = made(6, 200)
    points = np.stack([rr[:-1], rr[1:]], axis=1)
    far = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))[np.triu_indices(199, 1)]
    radii = far.max() * np.geomspace(0.025, 0.5, 64)
    sums = np.array([(far < r).mean() for r in radii])
    expected = np.polyfit(np.log(radii[sums > 0]), np.log(sums[sums > 0]), 1)[0]
    np.testing.assert_allclose(hrv(rr, domains=["nonlinear"])["HRV_CD"][0], expected, rtol=1e-9)


def test_bands_are_sums_of_the_periodogram() -> None:
    rr = made(7, 250)
    t = np.cumsum(rr) / 1000
    length = t[-1] - t[0]
    frequency = np.arange(5, np.floor(0.5 * 5 * length) + 1) / (5 * length)
    power = lomb_scargle(t, rr, frequency) * rr.var() / 5
    h = hrv(rr, domains=["frequency"])
    bands = {"ULF": (0, 0.0033), "VLF": (0.0033, 0.04), "LF": (0.04, 0.15), "HF": (0.15, 0.4), "VHF": (0.4, 0.5)}
    sums = {name: power[(frequency >= low) & (frequency < high)].sum() for name, (low, high) in bands.items()}
    assert np.isnan(h["HRV_ULF"][0])  # four minutes hold no wave of ULF
    for name in ("VLF", "LF", "HF", "VHF"):
        np.testing.assert_allclose(h[f"HRV_{name}"][0], sums[name], rtol=1e-8)
    np.testing.assert_allclose(h["HRV_TP"][0], sum(sums.values()), rtol=1e-8)
    np.testing.assert_allclose(h["HRV_LFHF"][0], sums["LF"] / sums["HF"], rtol=1e-8)
    np.testing.assert_allclose(h["HRV_LnHF"][0], np.log(sums["HF"]), rtol=1e-8)


@pytest.mark.parametrize(("hz", "band"), [(0.02, "VLF"), (0.1, "LF"), (0.27, "HF"), (0.45, "VHF")])
def test_a_wave_has_half_its_squared_amplitude(hz, band) -> None:
    t = [0.0]
    while t[-1] < 600:
        t.append(t[-1] + 0.8 + 0.03 * np.sin(2 * np.pi * hz * t[-1]))
    rr = np.diff(t) * 1000
    h = hrv(rr, domains=["time", "frequency"])
    # The interval is told at its end, and beats are no even samples: some per cent leave the band.
    assert h[f"HRV_{band}"][0] == pytest.approx(450, rel=0.06)
    assert h["HRV_TP"][0] == pytest.approx(h["HRV_SDNN"][0] ** 2, rel=0.15)


def test_windows_are_their_intervals_alone_on_any_number_of_threads() -> None:
    series = [made(8, 500), made(9, 3), np.full(40, np.nan), made(10, 700), np.empty(0)]
    rr, offsets = np.concatenate(series), np.cumsum([0, *map(len, series)])
    told = hrv(rr, offsets=offsets, windows=120.0, step_s=60.0)
    rows = []
    for s, x in enumerate(series):
        t = np.cumsum(np.nan_to_num(x, nan=1000.0)) / 1000
        alone = hrv(x, windows=120.0, step_s=60.0)
        assert (told.series == s).sum() == len(alone)
        for start, stop in zip(alone.start_s, alone.stop_s, strict=True):
            inside = (t >= start) & (t < stop)
            rows.append(hrv(x[inside], t=t[inside]).values[0])
    assert set(told.series) == {0, 3}
    np.testing.assert_array_equal(told.values, rows)
    for threads in (1, 4):
        marey.set_num_threads(threads)
        np.testing.assert_array_equal(hrv(rr, offsets=offsets, windows=120.0, step_s=60.0).values, rows)
    marey.set_num_threads(0)
    whole = hrv(rr, offsets=offsets)
    assert whole.n_intervals.tolist() == [500, 3, 0, 700, 0]
    assert np.isnan(whole.values[[2, 4]]).all()
    given = hrv(rr, offsets=offsets, windows=[[0.0, 120.0], [60.0, 180.0]])
    np.testing.assert_array_equal(given.values[:2], told.values[:2])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(0, 60), kind=st.sampled_from(["usual", "even", "far", "gaps", "steps"])
)
def test_any_intervals_give_measures_or_nan(seed, n, kind) -> None:
    rng = np.random.default_rng(seed)
    rr = {
        "usual": 800 + 50 * rng.normal(size=n),
        "even": np.full(n, 800.0),
        "steps": rng.choice([600.0, 900.0], n),
    }.get(kind, np.exp(rng.uniform(3, 9, n)))
    if kind == "gaps":
        rr[rng.random(n) < 0.5] = np.nan
    known = np.isfinite(rr)
    if known.any() and np.median(rr[known]) < 20:
        return
    h = hrv(rr.astype(np.float32))
    assert h.values.shape == (1, 95)
    if known.sum() >= 2:
        np.testing.assert_allclose(h["HRV_MeanNN"][0], rr.astype(np.float32)[known].mean(dtype=np.float64))
        assert np.isfinite(h["HRV_HTI"][0])
    if kind == "even":
        assert not np.isfinite(h["HRV_SampEn"][0])


def test_time_and_shape_of_what_is_told() -> None:
    pytest.importorskip("pandas")
    rr = made(11, 400)
    h = hrv(rr.astype(np.int64), windows=100.0, domains=["time"])
    frame = h.to_frame()
    assert list(frame.columns[:5]) == ["series", "start_s", "stop_s", "n_intervals", "HRV_MeanNN"]
    assert (len(frame), len(h), repr(h)) == (3, 3, "HRV(3 windows x 25 measures)")
    with pytest.raises(KeyError, match="NeuroKit2"):
        h["RMSSD"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rr": np.full(9, 0.8)}, "milliseconds"),
        ({"rr": np.array([800.0, -1.0])}, "`rr` has an interval of -1"),
        ({"rr": np.zeros((2, 2))}, "`rr` has shape"),
        ({"t": np.arange(8.0)}, "`t` has shape"),
        ({"t": np.zeros(9)}, "`t` must be finite and rise"),
        ({"offsets": np.array([0, 4])}, "`offsets` must run"),
        ({"windows": -1.0}, "`windows` is -1.0"),
        ({"windows": np.array([[5.0, 5.0]])}, "`windows` has shape"),
        ({"step_s": 5.0}, "`step_s` needs"),
        ({"domains": ["speed"]}, "`domains` is"),
        ({"domains": "time"}, "`domains` is"),
        ({"oversampling": 0.5}, "`oversampling` is"),
    ],
)
def test_misuse_is_told(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        hrv(**({"rr": np.full(9, 800.0)} | change))


def test_premature_beats_are_left_out_and_steady_change_is_not() -> None:
    rr = made(12, 300)
    rr[100:102] += [-300, 300]
    rr[200] *= 2  # a beat that was missed
    clean = rr_clean(rr)
    assert np.flatnonzero(np.isnan(clean)).tolist() == [100, 101, 200]
    kept = np.isfinite(clean)
    np.testing.assert_array_equal(clean[kept], rr[kept])
    rising = np.linspace(1200, 500, 200)  # exercise
    np.testing.assert_array_equal(rr_clean(rising), rising)
    normal = np.ones(300, bool)
    normal[5] = False
    assert np.flatnonzero(np.isnan(rr_clean(rr, normal=normal))).tolist() == [5, 100, 101, 200]
    assert np.isnan(rr_clean(np.array([250.0, 2500.0, np.nan]))).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), neighbours=st.sampled_from([3, 5, 11]))
def test_cleaning_series_is_cleaning_each(seed, neighbours) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 30, 5)
    series = [rng.choice([np.nan, 400.0, 790.0, 800.0, 812.0], n) for n in sizes]
    together = rr_clean(np.concatenate(series), offsets=np.cumsum([0, *sizes]), neighbours=neighbours)
    half = neighbours // 2
    at = 0
    for x in series:
        for i, value in enumerate(x):
            around = x[max(0, i - half) : i + half + 1]
            median = np.median(around[np.isfinite(around)]) if np.isfinite(around).any() else np.nan
            assert np.isnan(together[at]) == (not abs(value - median) <= 0.2 * median)
            at += 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neighbours": 4}, "`neighbours` is 4"),
        ({"change": 0}, "`change` is 0"),
        ({"low": 900, "high": 800}, "`low` is 900"),
        ({"normal": np.ones(3, bool)}, "`normal` has shape"),
    ],
)
def test_misuse_of_cleaning_is_told(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        rr_clean(np.full(9, 800.0), **change)
    with pytest.raises(TypeError, match="`rr` has dtype"):
        rr_clean(np.full(9, 800.0, complex))
