from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from marey.events import Events
from marey.study.p12.metrics import auprc, auroc
from marey.study.p12.summaries import STATISTICS, summaries
from marey.study.p12.synthetic import synthetic_stays


def stays(*records: list[tuple[float, str, float]], vocab: tuple[str, ...] = ("HR", "pH")) -> Events:
    """Stays from (hour, variable, value) rows."""
    rows = [row for record in records for row in record]
    n = len(records)
    return Events(
        subject_id=np.arange(n),
        offsets=np.concatenate([[0], np.cumsum([len(r) for r in records])]).astype(np.int64),
        time=np.array([t for t, _, _ in rows], dtype=np.float64),
        code=np.array([vocab.index(v) for _, v, _ in rows], dtype=np.int32),
        value=np.array([x for _, _, x in rows], dtype=np.float32),
        vocab=vocab,
        statics={
            "Age": np.arange(n, dtype=np.float32) + 50,
            "Gender": np.ones(n, np.float32),
            "Height": np.full(n, np.nan, np.float32),
            "ICUType": np.arange(n, dtype=np.float32) % 4 + 1,
            "Weight": np.full(n, 70, np.float32),
        },
        labels={"in_hospital_death": (np.arange(n) % 2).astype(np.int8)},
    )


def test_summaries_by_hand():
    cohort = stays([(1, "HR", 80), (2, "pH", 7.5), (3, "HR", 90), (4, "HR", np.nan), (5, "HR", 70)], [(9, "HR", 60)])
    features, names = summaries(cohort)
    row = dict(zip(names, features[0], strict=True))
    assert row["HR log_count"] == np.log(4)
    assert [row[f"HR {s}"] for s in ("first", "last", "min", "max", "mean")] == [80, 70, 70, 90, 80]
    assert row["HR std"] == pytest.approx(np.sqrt(200 / 3))
    assert row["HR slope"] == pytest.approx(-20 / 8)
    assert row["pH first"] == row["pH min"] == 7.5
    assert row["pH std"] == 0
    assert np.isnan(row["pH slope"])
    assert (row["Age"], row["Weight"], row["ICUType 1"], row["ICUType 2"]) == (50, 70, 1, 0)
    other = dict(zip(names, features[1], strict=True))
    assert other["pH log_count"] == 0
    assert np.isnan([other[f"pH {s}"] for s in STATISTICS[1:]]).all()
    assert (other["ICUType 1"], other["ICUType 2"]) == (0, 1)


def test_summaries_equal_a_loop_over_stays_and_variables():
    cohort = synthetic_stays(12, seed=4)
    features, names = summaries(cohort)
    column = {name: i for i, name in enumerate(names)}
    for i, stay in enumerate(cohort):
        for code, variable in enumerate(cohort.vocab):
            t, x = stay.time[stay.code == code], stay.value[stay.code == code].astype(np.float64)
            found = [features[i, column[f"{variable} {s}"]] for s in STATISTICS]
            if not len(x):
                assert found[0] == 0
                assert np.isnan(found[1:]).all()
                continue
            slope = np.polyfit(t, x, 1)[0] if np.ptp(t) > 0 else np.nan
            wanted = [np.log1p(len(x)), x[0], x[-1], x.min(), x.max(), x.mean(), x.std(), slope]
            # The slope by QR and by sums of products: rounding, scaled by values of up to 1e4.
            np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("records", [([],), ([], []), ([(1, "HR", np.nan)],)])
def test_stays_without_values_have_counts_of_zero(records):
    features, names = summaries(stays(*records))
    assert features.shape == (len(records), len(names))
    assert (features[:, :2] == 0).all()
    assert np.isnan(features[:, 2:16]).all()


@pytest.fixture(scope="module")
def made():
    pytest.importorskip("sklearn")
    from marey.study.p12.baselines import baselines

    train, test = synthetic_stays(300, seed=1), synthetic_stays(200, seed=1, first_id=5000)
    return train, test, baselines(train, test)


def test_baselines_find_what_the_made_cohort_hides(made):
    _, test, risks = made
    assert list(risks) == ["logistic regression", "gradient boosting"]
    for risk in risks.values():
        assert risk.shape == (200,)
        assert ((risk > 0) & (risk < 1)).all()
        # Its severity alone gives 0.83; 0.7 is six standard errors from chance.
        assert auroc(test.labels["in_hospital_death"], risk) > 0.7


def test_baselines_do_not_see_the_outcomes_of_the_test(made):
    from marey.study.p12.baselines import baselines

    train, test, risks = made
    turned = replace(test, labels={"in_hospital_death": 1 - test.labels["in_hospital_death"]})
    again = baselines(train, turned)
    assert all(np.array_equal(again[name], risks[name]) for name in risks)


def test_a_variable_that_training_lacks_is_ignored(made):
    from marey.study.p12.baselines import baselines

    train, test, _ = made
    few = train.select(codes=["HR", "GCS", "BUN"])
    risks = baselines(few, test)
    again = baselines(few, test.select(codes=["BUN", "GCS", "HR"]))
    assert all(np.array_equal(again[name], risks[name]) for name in risks)


def test_one_outcome_only_is_refused(made):
    from marey.study.p12.baselines import baselines

    train, test, _ = made
    with pytest.raises(ValueError, match="`train` has 0 deaths in"):
        baselines(train[train.labels["in_hospital_death"] == 0], test)


@pytest.mark.data
@pytest.mark.slow
def test_baselines_are_strong_on_the_real_stays(data_dir):
    pytest.importorskip("sklearn")
    from marey.study.p12.baselines import baselines
    from marey.study.p12.data import locate

    source = locate(data_dir)
    y = source.test.labels["in_hospital_death"]
    for risk in baselines(source.train, source.test).values():
        assert auroc(y, risk) > 0.865
        assert auprc(y, risk) > 0.54
