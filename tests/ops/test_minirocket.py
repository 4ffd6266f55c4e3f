"""What is special to minirocket, its fit and its transformer; the contract checks the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.kernels import minirocket, minirocket_fit
from marey.reference.minirocket import convolved
from marey.reference.minirocket import minirocket as reference

ORACLE = json.loads((Path(__file__).parents[1] / "kernels" / "aeon.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["name"])
def test_equals_aeon_given_its_dilations_and_biases(case: dict[str, Any]) -> None:
    """Series in eighths and biases between them, so that no order of a sum ties; see aeon_oracle.py."""
    x = np.array(case["X"], np.float32) / 8
    arrays = {name: np.array(case[name], np.int64) for name in ("dilations", "counts")}
    if "channel_index" in case:
        arrays |= {name: np.array(case[name], np.int64) for name in ("channel_index", "channel_offsets")}
    found = minirocket(x, biases=np.array(case["biases"], np.float32) / 16, **arrays)
    np.testing.assert_allclose(found, np.array(case["features"]) / case["scale"], rtol=0, atol=2e-7)
    assert 0.2 < found.mean() < 0.8
    fit = minirocket_fit(x, n_features=case["n_features"], seed=0)
    np.testing.assert_array_equal(fit.dilations, case["dilations"])
    np.testing.assert_array_equal(fit.counts, case["counts"])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), length=st.integers(0, 90), channels=st.integers(1, 3), missing=st.sampled_from([0, 0.3])
)
def test_equals_the_reference(seed: int, length: int, channels: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(8 * rng.normal(size=(4, channels, length))) / 8
    x[rng.uniform(size=x.shape) < missing] = np.nan
    dilations = np.unique(rng.integers(1, 14, 3))
    counts = rng.integers(0, 6, len(dilations))
    biases = np.round(16 * rng.normal(size=84 * counts.sum())) / 8 + 1 / 16
    lengths = rng.integers(0, length + 1, 4)
    given = {"dilations": dilations, "counts": counts, "biases": biases, "lengths": lengths}
    np.testing.assert_allclose(minirocket(x, **given), reference(x, **given), rtol=1e-15)


def test_what_lies_beyond_a_length_or_is_missing_makes_no_difference(rng: np.random.Generator) -> None:
    x = rng.normal(size=(6, 2, 50))
    fit = minirocket_fit(x, n_features=420, seed=0)._asdict()
    lengths = np.array([50, 40, 31, 20, 9, 3])
    expected = minirocket(x, lengths=lengths, **fit)
    for i, length in enumerate(lengths):
        np.testing.assert_array_equal(minirocket(x[i : i + 1, :, :length], **fit)[0], expected[i])
        x[i, :, length:] = [[np.nan], [np.inf]]
    np.testing.assert_array_equal(minirocket(x, lengths=lengths, **fit), expected)


def test_biases_are_quantiles_of_a_convolution(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 130))
    fit = minirocket_fit(x, n_features=500, seed=1)
    assert len(fit.biases) == 84 * 5 == 84 * fit.counts.sum()
    assert fit.dilations[0] == 1
    assert fit.dilations[-1] <= 129 / 8
    levels = (np.arange(1, 421) * (np.sqrt(5) + 1) / 2) % 1
    at = 0
    for dilation, count in zip(fit.dilations, fit.counts, strict=True):
        for kernel in range(84):
            c = convolved(x[0], kernel, dilation)
            np.testing.assert_allclose(fit.biases[at : at + count], np.quantile(c, levels[at : at + count]), rtol=1e-12)
            at += count


def test_a_share_of_its_own_series_is_what_its_quantile_left(rng: np.random.Generator) -> None:
    fit = minirocket_fit(x := rng.normal(size=(1, 400)), seed=0)
    level = (np.arange(1, len(fit.biases) + 1) * (np.sqrt(5) + 1) / 2) % 1
    whole = np.repeat([d + k for d in range(len(fit.counts)) for k in range(84)], np.repeat(fit.counts, 84)) % 2 == 0
    assert np.abs(minirocket(x, **fit._asdict())[0] - (1 - level))[whole].max() < 1 / 400 + 1e-12


def test_fit_takes_few_features_short_and_unequal_series(rng: np.random.Generator) -> None:
    assert minirocket_fit(rng.normal(size=(3, 9)), n_features=84, seed=0).dilations.tolist() == [1]
    unequal = minirocket_fit(rng.normal(size=(3, 90)), seed=0, lengths=np.array([0, 9, 41]))
    assert unequal.dilations[-1] == 4  # the longest has 41 times: 2^log2(5) falls short of 5
    channels = minirocket_fit(rng.normal(size=(3, 12, 40)), seed=0)
    sizes = np.diff(channels.channel_offsets)
    assert sizes.min() == 1
    assert sizes.max() == 9
    assert np.array_equal(
        channels.channel_index, minirocket_fit(np.ones((3, 12, 40)), seed=0).channel_index
    )  # the seed's alone


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: minirocket_fit(x, n_features=83), "`n_features` is 83; expected at least 84"),
        (lambda x: minirocket_fit(x, max_dilations=0), "`max_dilations` is 0; expected at least 1"),
        (lambda x: minirocket_fit(x[:, :8]), "`X` has at most 8 times; expected at least 9"),
        (lambda x: minirocket_fit(x * np.nan), "no series with observed and only finite values"),
        (lambda x: minirocket_fit(x[0]), r"`X` has shape \(20,\); expected \(n, T\) or \(n, channels, T\)"),
        (lambda x: minirocket_fit(x, lengths=np.array([3])), r"`lengths` has shape \(1,\); expected \(2,\)"),
        (lambda x: minirocket(x, *three(0)), "a dilation must be at least 1"),
        (lambda x: minirocket(x, *three(1, biases=83)), r"`biases` must have 84 sum\(counts\) values"),
        (lambda x: minirocket(x, *three(1), lengths=np.array([3, 21])), "a length does not fit the series"),
        (lambda x: minirocket(x, *three(1), channel_index=np.array([0])), "go together; only one was given"),
        (
            lambda x: minirocket(x, *three(1), channel_index=np.arange(84), channel_offsets=np.arange(85)),
            "no such channel",
        ),
    ],
)
def test_bad_input_is_told(call: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call(np.random.default_rng(0).normal(size=(2, 20)))


def three(dilation: int, biases: int = 84) -> tuple[Any, Any, Any]:
    return np.array([dilation]), np.array([1]), np.zeros(biases)


def test_a_transformer_is_a_good_citizen(rng: np.random.Generator) -> None:
    base = pytest.importorskip("sklearn.base")
    import pickle

    from marey.kernels import MiniRocket

    x = rng.normal(size=(12, 60)).astype(np.float32)
    transformer = base.clone(MiniRocket(n_features=300, random_state=3)).fit(x)
    table = transformer.transform(x)
    assert table.dtype == np.float32
    assert table.shape == (12, 252) == (12, len(transformer.get_feature_names_out()))
    assert transformer.get_feature_names_out()[[0, -1]].tolist() == ["d1_k0_b0", "d7_k83_b0"]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(transformer)).transform(x), table)
    np.testing.assert_array_equal(transformer.transform(list(x)), table)
    short = transformer.transform([x[0], x[1, :5]])
    np.testing.assert_array_equal(short[0], table[0])
    np.testing.assert_array_equal(transformer.transform(x[1:2, :5])[0], short[1])
    with pytest.raises(ValueError, match="`X` has 2 channels; MiniRocket was fitted on 1"):
        transformer.transform(np.zeros((3, 2, 60)))
    pandas = pytest.importorskip("pandas")
    assert isinstance(transformer.set_output(transform="pandas").transform(x), pandas.DataFrame)


def test_tensors_are_fitted_too(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    x = rng.normal(size=(5, 3, 40))
    fit, there = minirocket_fit(x, n_features=84, seed=0), minirocket_fit(torch.tensor(x), n_features=84, seed=0)
    found = minirocket(torch.tensor(x), **there._asdict())
    np.testing.assert_array_equal(found.numpy(), minirocket(x, **fit._asdict()))
