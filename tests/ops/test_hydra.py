"""What is special to hydra and its transformer; the contract checks the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.kernels import hydra, hydra_fit
from marey.reference.hydra import hydra as reference

ORACLE = json.loads((Path(__file__).parents[1] / "kernels" / "aeon_hydra.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["name"])
def test_equals_aeon_given_its_weights(case: dict[str, Any]) -> None:
    x, weights = np.array(case["X"], np.float32) / 8, np.array(case["weights"], np.float32) / 256
    found = hydra(x, weights, np.array(case["dilations"], np.int64))
    np.testing.assert_allclose(found, np.array(case["features"]) / case["scale"], rtol=1e-6, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(0, 150),
    channels=st.integers(1, 3),
    missing=st.sampled_from([0, 0.2]),
)
def test_equals_the_reference(seed: int, length: int, channels: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(8 * rng.normal(size=(2, channels, length))) / 8
    x[rng.uniform(size=x.shape) < missing] = np.nan
    weights = np.round(256 * rng.normal(size=(2, 2, rng.integers(1, 17), 9))) / 256
    given = {"dilations": rng.integers(1, 20, 2), "lengths": rng.integers(0, length + 1, 2)}
    np.testing.assert_allclose(hydra(x, weights, **given), reference(x, weights, **given), rtol=1e-12, atol=1e-12)


def test_of_equal_outputs_the_first_kernels_counts() -> None:
    x, weights = np.ones((1, 20)), np.tile(np.arange(9.0), (1, 1, 5, 1))
    greatest, least = hydra(x, weights, np.array([1])).reshape(2, 5)
    assert greatest[0] > 0
    assert not greatest[1:].any()
    assert least.tolist() == [20, 0, 0, 0, 0]


def test_long_sums_are_folded_into_doubles() -> None:
    x = np.full((1, 2_000_000), 0.1, np.float32)
    weights = np.zeros((1, 1, 2, 9), np.float32)
    weights[0, 0, 0] = 1 / 9
    greatest, least = hydra(x, weights, np.array([1])).reshape(2, 2)
    np.testing.assert_allclose(greatest[0], 2e5, rtol=1e-5)
    assert least[1] == 2_000_000


def test_what_lies_beyond_a_length_or_is_missing_makes_no_difference(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 2, 50))
    fit = hydra_fit(50, 2, groups=5, seed=0)._asdict()
    lengths = np.array([50, 41, 20, 3])
    expected = hydra(x, lengths=lengths, **fit)
    for i, length in enumerate(lengths):
        np.testing.assert_array_equal(hydra(x[i : i + 1, :, :length], **fit)[0], expected[i])
        x[i, :, length:] = [[np.nan], [np.inf]]
    np.testing.assert_array_equal(hydra(x, lengths=lengths, **fit), expected)


def test_weights_are_balanced() -> None:
    fit = hydra_fit(200, 6, groups=3, seed=0)
    np.testing.assert_allclose(fit.weights.sum(axis=-1), 0, atol=1e-15)
    np.testing.assert_allclose(np.abs(fit.weights).sum(axis=-1), 1)
    assert fit.dilations.tolist() == [1, 2, 4, 8, 16]
    assert set(np.diff(fit.channel_offsets)) == {3}


def test_the_transformer_takes_series_and_their_differences(rng: np.random.Generator) -> None:
    base = pytest.importorskip("sklearn.base")
    from marey.kernels import Hydra

    x = rng.normal(size=(6, 2, 40))
    transformer = base.clone(Hydra(groups=5, random_state=1)).fit(x)
    table = transformer.transform(x)
    assert table.shape == (6, len(transformer.get_feature_names_out()))
    first, second = transformer.fits_
    parts = [hydra(x, **first._asdict()), hydra(np.diff(x, axis=2), **second._asdict())]
    np.testing.assert_array_equal(table, np.sqrt(np.maximum(np.concatenate(parts, axis=1), 0)))
    np.testing.assert_array_equal(transformer.transform([x[0], x[1, :, :20]])[0], table[0])
    with pytest.raises(ValueError, match="`X` has 1 channels; Hydra was fitted on 2"):
        transformer.transform(x[:, 0])
    with pytest.raises(ValueError, match="`groups` is 1; expected at least 2"):
        Hydra(groups=1).fit(x)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, w, d: hydra(x, w[0], d), r"`weights` has shape \(2, 8, 9\); expected \(D, groups, kernels, 9\)"),
        (lambda x, w, d: hydra(x, w, d[:0]), r"`dilations` has shape \(0,\); expected \(1,\), as `weights`"),
        (lambda x, w, d: hydra(x, w, 0 * d), "a dilation must be at least 1"),
        (lambda x, w, d: hydra(x, np.tile(w, (1, 1, 3, 1)), d), "`weights` must have 1 to 16 kernels a group"),
        (lambda x, w, d: hydra_fit(8), "`length` is 8; expected at least 9"),
        (lambda x, w, d: hydra_fit(20, kernels=17), "`kernels` is 17; expected at least 1 and at most 16"),
    ],
)
def test_bad_input_is_told(call: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call(np.zeros((2, 20)), np.zeros((1, 2, 8, 9)), np.array([1]))
