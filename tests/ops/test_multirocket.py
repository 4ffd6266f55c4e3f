"""What is special to multirocket and its transformer; the contract and test_minirocket.py check the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marey.kernels import minirocket, minirocket_fit, multirocket
from marey.reference.multirocket import multirocket as reference

ORACLE = json.loads((Path(__file__).parents[1] / "kernels" / "aeon_multirocket.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["name"])
def test_equals_aeon_but_for_two_definitions(case: dict[str, Any]) -> None:
    """See aeon_multirocket.py: there a mean value is 2 b more, and a run may be a step longer."""
    x, biases = np.array(case["X"], np.float32) / 8, np.array(case["biases"], np.float32) / 16
    arrays = {name: np.array(case[name], np.int64) for name in ("dilations", "counts")}
    found = multirocket(x, biases=biases, **arrays).reshape(len(x), 4, -1)
    expected = np.array(case["features"]).reshape(found.shape) / case["scale"]
    some = found[:, 0] > 0
    assert 0.5 < some.mean() < 1
    np.testing.assert_allclose(found[:, [0, 3]], expected[:, [0, 3]], rtol=1e-6, atol=6e-7)  # kept to 1e-6
    np.testing.assert_allclose(found[:, 2], expected[:, 2] - np.where(some, 2 * biases, 0.0), rtol=0, atol=2e-6)
    more = expected[:, 1] - found[:, 1]
    np.testing.assert_array_equal(more == -1, found[:, 0] == 1)  # a run from end to end counts a step less there
    assert set(np.unique(more)) == {-1, 0, 1}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    length=st.integers(0, 300),
    channels=st.integers(1, 2),
    missing=st.sampled_from([0, 0.1]),
)
def test_equals_the_reference(seed: int, length: int, channels: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(8 * rng.normal(size=(2, channels, length))) / 8
    x[rng.uniform(size=x.shape) < missing] = np.nan
    dilations = np.unique(rng.integers(1, 14, 2))
    counts = rng.integers(0, 6, len(dilations))
    # From biases that everything passes to those that nothing does: runs over several words.
    biases = np.round(16 * rng.normal(0.0, rng.choice([1, 4, 16]), size=84 * counts.sum())) / 8 + 1 / 16
    given = {"dilations": dilations, "counts": counts, "biases": biases, "lengths": rng.integers(0, length + 1, 2)}
    np.testing.assert_allclose(multirocket(x, **given), reference(x, **given), rtol=1e-12, atol=1e-13)


def test_long_runs_and_sums_keep_their_numbers() -> None:
    """A million times in float32: counts and places are whole numbers, sums are folded into float64."""
    x = np.zeros((1, 1_000_000), np.float32)
    x[0, 400_000:] = 1.0
    d, c, b = np.array([1]), np.array([1]), np.full(84, -0.25, np.float32)
    found = multirocket(x, d, c, b)[0].reshape(4, 84)
    expected = multirocket(x.astype(np.float64), d, c, b.astype(np.float64))[0].reshape(4, 84)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    share, run, height, place = expected
    assert (share > 0.9999).all()
    assert (run >= 599_990).all()
    np.testing.assert_allclose(height, 0.25, atol=1e-4)
    np.testing.assert_allclose(place, 5e5, atol=20.0)


def test_its_first_block_is_minirocket(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 3, 70))
    fit = minirocket_fit(x, n_features=500, seed=0)._asdict()
    np.testing.assert_array_equal(multirocket(x, **fit)[:, :420], minirocket(x, **fit))


def test_the_transformer_takes_series_and_their_differences(rng: np.random.Generator) -> None:
    base = pytest.importorskip("sklearn.base")
    from marey.kernels import MultiRocket

    x = rng.normal(size=(6, 2, 40))
    transformer = base.clone(MultiRocket(n_features=1500, random_state=1)).fit(x)
    table = transformer.transform(x)
    assert table.shape == (6, 1344) == (6, len(transformer.get_feature_names_out()))
    first, second = transformer.fits_
    parts = [multirocket(x, **first._asdict()), multirocket(np.diff(x, axis=2), **second._asdict())]
    np.testing.assert_array_equal(table, np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(transformer.transform([x[0], x[1, :, :20]])[0], table[0])
    with pytest.raises(ValueError, match="`X` has 1 channels; MultiRocket was fitted on 2"):
        transformer.transform(x[:, 0])
    with pytest.raises(ValueError, match="`n_features` is 671; expected at least 672"):
        MultiRocket(n_features=671).fit(x)
