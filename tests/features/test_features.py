"""catch22 against the authors' implementation, statistics against tsfresh, and what rows may be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import marey
from marey import features
from marey.features import CATCH22, STATISTICS, catch22, extract, windows

# What pycatch22 0.4.5 tells of `series`, in the order of CATCH22.
PYCATCH22 = {
    "wave": [
        -1.2409954806208583,
        1.1658222187080791,
        7.861968665219131,
        22.0,
        0.6395818282985984,
        -0.0015164563677136467,
        0.8494983277591973,
        24.0,
        0.017361111111111112,
        43.0,
        0.9328398602989245,
        10.0,
        0.5833333333333334,
        -0.043333333333333335,
        0.07666666666666666,
        0.9749818845053881,
        14.0,
        1.4761509968102837,
        0.5909090909090909,
        0.4318181818181818,
        0.14726215563703127,
        0.35940315895562097,
    ],
    "noise": [
        -1.2781978423447937,
        0.2136723852540401,
        1.787154415703898,
        7.0,
        0.10357341155985081,
        -0.28948780834641535,
        0.99,
        9.0,
        0.012266666666666669,
        14.0,
        0.11370594266701305,
        3.0,
        0.25,
        -0.26732673267326734,
        0.3267326732673268,
        0.6219587353268611,
        5.0,
        2.048666176409391,
        0.2,
        0.8285714285714286,
        0.44178646691109374,
        0.9992782218173608,
    ],
    "walk": [
        -0.03971084522039647,
        0.42193899765303755,
        21.241829655324622,
        8.0,
        0.6076469388831734,
        0.00021182271201495366,
        0.8896321070234113,
        69.0,
        0.05555555555555555,
        14.0,
        1.2524109246912414,
        7.0,
        0.08163265306122448,
        -0.7033333333333334,
        -0.23333333333333328,
        0.9829533530584899,
        9.0,
        1.5561258846236876,
        0.8181818181818182,
        0.6590909090909091,
        0.03681553890925782,
        0.4000252223138371,
    ],
    "growing": [
        0.16837789376430046,
        -0.007440676007013813,
        28.24390660103713,
        73.0,
        1.1733507370238334,
        -7.261606430425713e-05,
        0.3413654618473896,
        74.0,
        0.05555555555555555,
        0.0,
        5.728503513528429,
        40.0,
        0.925,
        0.5960000000000001,
        0.0040000000000000036,
        0.9903529351153271,
        73.0,
        1.2338313024317547,
        0.13953488372093023,
        0.18604651162790697,
        0.04908738521234375,
        0.09394479772295525,
    ],
    "rounded": [
        -0.6514505691497012,
        0.20748254428398005,
        1.7920251165301428,
        7.0,
        0.11599385899409186,
        0.04513416830643208,
        1.0,
        9.0,
        0.02074074074074074,
        14.0,
        0.13235480030188437,
        3.0,
        0.2,
        -0.20779220779220775,
        0.24675324675324672,
        0.6043331725996582,
        5.0,
        2.0270446005400857,
        0.3225806451612903,
        0.8064516129032258,
        0.44178646691109374,
        1.0025539061644917,
    ],
    "short": [
        0.2618964001721054,
        -0.22160241914005438,
        0.9755562831270467,
        7.0,
        0.7593162887447906,
        -0.7951308033697082,
        1.0,
        6.0,
        0.16666666666666669,
        0.0,
        0.14527906958218614,
        1.0,
        0.2,
        -0.33333333333333337,
        0.6666666666666667,
        2.3111159332646834e-33,
        3.0,
        1.7201934592198254,
        0.0,
        0.0,
        0.39269908169875,
        0.8523576646261087,
    ],
}


def series() -> dict[str, np.ndarray]:
    t = np.arange(300.0)
    noise = np.modf(np.sin(12.9898 * (t + 1)) * 43758.5453)[0]
    return {
        "wave": np.sin(t / 7) + 0.3 * noise,
        "noise": noise[:101],
        "walk": np.cumsum(noise),
        "growing": (np.sin(t / 25) * t)[:250],
        "rounded": np.round(3 * noise, 1)[:77],
        "short": noise[:12],
    }


@pytest.mark.parametrize("name", PYCATCH22)
def test_catch22_equals_the_authors(name: str) -> None:
    # Sums in another order, over a few hundred values of the size of one.
    np.testing.assert_allclose(catch22(series()[name]), PYCATCH22[name], rtol=1e-9, atol=1e-10)


def test_catch22_equals_the_authors_on_any_series() -> None:
    pycatch22 = pytest.importorskip("pycatch22", reason="pycatch22 is not installed")
    rng = np.random.default_rng(0)
    if tuple(pycatch22.catch22_all(rng.normal(size=50).tolist())["names"]) != CATCH22:
        pytest.skip("this pycatch22 has the features of another definition (0.4.5 has those of the paper)")
    for n in (50, 64, 101, 500, 1777):
        t = np.arange(n)
        for x in (rng.normal(size=n), np.cumsum(rng.normal(size=n)), np.sin(t / 9), rng.exponential(size=n)):
            np.testing.assert_allclose(catch22(x), pycatch22.catch22_all(x.tolist())["values"], rtol=1e-9, atol=1e-10)


def test_statistics_equal_tsfresh() -> None:
    calculators = pytest.importorskip("tsfresh.feature_extraction.feature_calculators", reason="tsfresh is missing")
    for x in series().values():
        told = [getattr(calculators, name)(x) for name in STATISTICS]
        np.testing.assert_allclose(extract(x, features="statistics"), told, rtol=1e-12, atol=1e-13)


def test_statistics_equal_numpy() -> None:
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 10, 101):
        x = rng.normal(size=n)
        told = dict(zip(STATISTICS, extract(x, features="statistics").tolist(), strict=True))
        assert told["median"] == np.median(x)
        assert told["length"] == n
        assert told["standard_deviation"] == pytest.approx(x.std(), abs=1e-15)
        assert told["root_mean_square"] == pytest.approx(np.sqrt((x**2).mean()))
        assert told["absolute_maximum"] == np.abs(x).max()


def test_scale_and_place_change_no_characteristic() -> None:
    x = series()["wave"]
    np.testing.assert_allclose(catch22(-3 + 1024 * x), catch22(x), rtol=1e-9)


def test_ragged_rows_batches_windows_and_threads_agree() -> None:
    rng = np.random.default_rng(2)
    lengths = [0, 5, 12, 40, 100, 40, 333]
    rows = [rng.normal(size=n) for n in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = np.concatenate(rows)
    table = extract(values, offsets=offsets)
    assert table.shape == (7, 32)
    np.testing.assert_array_equal(table, [extract(row) for row in rows])
    np.testing.assert_array_equal(table, extract(values, bounds=(offsets[:-1], offsets[1:])))
    assert np.isnan(table[:2, 10:]).all()
    assert table[0, 3] == 0
    starts, stops = windows(np.arange(333) / 10, 10.0, 2.5)
    assert (stops - starts == 100).all()
    windowed = extract(rows[-1], bounds=(starts, stops))
    np.testing.assert_array_equal(windowed[3], extract(rows[-1][75:175]))
    batch = rng.normal(size=(3, 20, 64))
    try:
        marey.set_num_threads(1)
        one = extract(batch)
        marey.set_num_threads(3)
        np.testing.assert_array_equal(extract(batch), one)
    finally:
        marey.set_num_threads(0)
    assert one.shape == (3, 20, 32)
    np.testing.assert_array_equal(one[1, 4], extract(batch[1, 4]))


def test_what_cannot_be_told_is_nan_and_harms_no_other() -> None:
    x = np.random.default_rng(3).normal(size=(4, 50))
    whole = extract(x)
    x[1, 7] = np.nan
    x[2] = 5.0
    told = extract(x)
    assert np.isnan(np.delete(told[1], 3)).all()
    assert np.isnan(told[2, 10:]).all()
    assert told[2, 2] == 5
    np.testing.assert_array_equal(told[[0, 3]], whole[[0, 3]])
    assert np.isfinite(whole).all()


def test_tensors_come_back() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(4).normal(size=(2, 30))
    np.testing.assert_array_equal(catch22(torch.from_numpy(x)).numpy(), catch22(x))


def test_windows_by_irregular_time() -> None:
    t = np.array([0.0, 0.5, 0.6, 3.0, 3.1, 9.0, 10.0])
    starts, stops = windows(t, 3.0)
    assert [t[a:b].tolist() for a, b in zip(starts, stops, strict=True)] == [[0, 0.5, 0.6], [3, 3.1], []]
    assert windows(np.empty(0), 1.0)[0].shape == (0,)


def test_bank_is_a_transformer(tmp_path) -> None:
    sklearn = pytest.importorskip("sklearn")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(5)
    X = rng.normal(size=(6, 2, 40))
    bank = features.FeatureBank(fill=0.0)
    table = bank.fit_transform(X)
    assert table.shape == (6, 64)
    np.testing.assert_array_equal(table[2, 32:], extract(X[2, 1]))
    names = bank.get_feature_names_out()
    assert names[0] == "channel0__sum_values"
    assert bank.get_feature_names_out(["x", "y"])[63] == "y__FC_LocalSimple_mean3_stderr"
    again = pickle.loads(pickle.dumps(bank))
    np.testing.assert_array_equal(again.transform(X), table)
    fresh = sklearn.base.clone(bank)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        fresh.transform(X)
    ragged = [rng.normal(size=(2, n)) for n in (3, 50)]
    assert (bank.transform(ragged)[0, 10:32] == 0).all()
    assert make_pipeline(bank, StandardScaler()).fit_transform(X).shape == (6, 64)
    with pytest.raises(ValueError, match="`X` has 3 channels; the bank was fitted on 2"):
        bank.transform(rng.normal(size=(1, 3, 20)))
    pandas = pytest.importorskip("pandas")
    framed = features.FeatureBank("catch22").set_output(transform="pandas").fit_transform(X[:, 0])
    assert isinstance(framed, pandas.DataFrame)
    assert tuple(framed.columns) == CATCH22


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": "catch24"}, "`features` has 'catch24'"),
        ({"features": ("catch22", "catch22")}, "each once"),
        ({"offsets": [0, 7]}, "`offsets` must rise from 0 to 9"),
        ({"bounds": ([0], [10])}, "row 0 of `bounds`, 0 to 10, does not lie within 9 values"),
        ({"bounds": ([0], [1, 2])}, "1 starts and 2 stops"),
        ({"bounds": ([0], [1]), "offsets": [0, 9]}, "both given"),
    ],
)
def test_misuse_is_told(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extract(np.zeros(9), **arguments)


def test_windows_need_times_that_rise() -> None:
    with pytest.raises(ValueError, match="do not fall"):
        windows([0.0, 2.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="expected times above 0"):
        windows([0.0, 2.0], 1.0, 0.0)
