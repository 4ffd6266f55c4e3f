"""What is special to grud; the contract runs by itself."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from conftest import ROOT
from marey.scan import GRUDParams, grud
from marey.scan.grud import SPEC, _inputs

sys.path.append(str(ROOT / "benchmarks" / "scan"))

STATES = ("h0", "x_last", "age")


def given(*shape: int, hidden: int = 6, seed: int = 0, **options: Any) -> dict[str, Any]:
    """Arguments of grud."""
    made = _inputs(np.random.default_rng(seed), *shape, hidden=hidden, **options)
    made["params"] = GRUDParams(*(made.pop(name) for name in GRUDParams._fields))
    return made


def test_equals_a_loop_in_torch_with_autograd() -> None:
    """The formulas written again, in the shape that published implementations have, differentiated by torch."""
    torch = pytest.importorskip("torch")
    from grud_peers import torch_loop

    made = SPEC.cases[0].inputs("float64")
    names = ("x", "dt", "x_mean", *GRUDParams._fields)
    tensors = {n: torch.tensor(a, requires_grad=n in names) for n, a in made.items()}
    params = GRUDParams(*(tensors[n] for n in GRUDParams._fields))
    arguments = (tensors["x"], tensors["mask"], tensors["dt"], tensors["x_mean"], params)
    h, expected = grud(*arguments)[0], torch_loop(*arguments)
    torch.testing.assert_close(h, expected, rtol=1e-12, atol=1e-12)
    toward = torch.randn(h.shape, generator=torch.Generator().manual_seed(0), dtype=h.dtype)
    leaves = [tensors[n] for n in names]
    ours, theirs = (torch.autograd.grad(result, leaves, toward) for result in (h, expected))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_packed_equals_one_series_after_another() -> None:
    torch = pytest.importorskip("torch")
    sizes = (3, 0, 17, 40, 1, 16, 18, 5, 33, 2)
    made = given(4, sum(sizes), sizes=sizes)
    as_tensor = torch.from_numpy
    weights = GRUDParams(*(as_tensor(a).requires_grad_(True) for a in made["params"]))
    tensors = {n: as_tensor(made[n]) for n in ("x", "mask", "dt", "x_mean", "offsets", *STATES)}
    packed = grud(params=weights, **tensors)
    parts = []
    for s, (begin, end) in enumerate(zip(made["offsets"][:-1], made["offsets"][1:], strict=True)):
        along = {n: tensors[n][..., begin:end] for n in ("x", "mask", "dt")}
        states = {n: tensors[n][s] for n in STATES}
        parts.append(grud(x_mean=tensors["x_mean"], params=weights, **along, **states))
    assert torch.equal(packed[0], torch.cat([p[0] for p in parts], -1))
    for k in (1, 2, 3):
        assert torch.equal(packed[k], torch.stack([p[k] for p in parts]))
    toward = torch.randn(packed[0].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ours = torch.autograd.grad((packed[0] * toward).sum(), weights)
    theirs = torch.autograd.grad((torch.cat([p[0] for p in parts], -1) * toward).sum(), weights)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_where_nothing_decays_the_last_value_stands() -> None:
    made = given(1, 12, hidden=3)
    still = made["params"]._replace(w_x=np.zeros(1), b_x=np.full(1, -1.0))
    mask = made["mask"]
    mask[:, 0] = True
    filled = made["x"].copy()
    for t in range(1, 12):
        filled[:, t] = np.where(mask[:, t], filled[:, t], filled[:, t - 1])
    # Only the inputs: V = 0 hides the mask, W_h = 0 the age.
    still = still._replace(V=np.zeros((9, 1)), W_h=np.zeros((3, 1)))
    common = {"dt": made["dt"], "x_mean": made["x_mean"], "params": still, "h0": made["h0"]}
    h = grud(made["x"], mask, **common)[0]
    np.testing.assert_array_equal(h, grud(filled, np.ones_like(mask), **common)[0])


def test_after_a_long_gap_the_mean_stands_and_the_state_is_forgotten() -> None:
    made = given(3, 5)
    fast = made["params"]._replace(w_x=np.ones(3), b_x=np.zeros(3), W_h=np.ones((6, 3)), b_h=np.zeros(6))
    mask, dt = made["mask"], made["dt"]
    mask[:, 3], dt[3] = False, 2000.0
    h, _, _, age = grud(made["x"], mask, dt, made["x_mean"], fast)
    # A fresh series: state 0, its first values the mean and as old.
    fresh = grud(made["x"][:, 3:], mask[:, 3:], dt[3:], made["x_mean"], fast)
    np.testing.assert_allclose(h[:, 3:], fresh[0], rtol=1e-12, atol=1e-12)
    assert (age[~mask[:, 4]] > 2000).all()


def test_age_and_last_value_are_what_was_seen() -> None:
    made = given(2, 4, state=False)
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 0]], bool)
    x = np.where(mask, np.arange(8.0).reshape(2, 4), np.nan)
    _, _, last, age = grud(x, mask, np.array([0.0, 1.0, 2.0, 4.0]), made["x_mean"], made["params"])
    assert last.tolist() == [3.0, 5.0]
    assert age.tolist() == [0.0, 6.0]


def test_an_observed_nan_stays_in_its_own_series() -> None:
    made = given(9, 3, 20)
    clean = grud(**made)
    made["x"][4, 1, 7], made["mask"][4, 1, 7] = np.nan, True
    h = grud(**made)[0]
    assert np.isnan(h[4, :, 7:]).all()
    assert np.isfinite(h[4, :, :7]).all()
    others = np.arange(9) != 4
    np.testing.assert_array_equal(h[others], clean[0][others])


def test_nothing_is_kept_where_no_gradient_is_asked_for() -> None:
    torch = pytest.importorskip("torch")
    made = SPEC.cases[1].inputs("float32")
    tensors = [torch.from_numpy(a) for a in made.values()]
    tensors[3].requires_grad_(True)
    h, *_, saved = torch.ops.marey.grud(*tensors, None, False)
    assert saved.shape[0] == 0
    with pytest.raises(RuntimeError, match="save=False"):
        h.sum().backward()
    with torch.no_grad():
        assert not grud(*tensors[:4], GRUDParams(*tensors[4:12]))[0].requires_grad


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"mask": np.ones((3, 20))}, TypeError, "`mask` has dtype float64; expected bool"),
        ({"dt": np.ones(19)}, ValueError, r"`dt` has shape \(19,\); expected"),
        ({"x_mean": np.ones(3, np.float32)}, TypeError, "`x_mean` has dtype float32; expected float64"),
        ({"h0": np.ones((2, 6))}, ValueError, r"`h0` has shape \(2, 6\); expected \(..., H\) = \(6,\)"),
        ({"offsets": np.array([0, 19])}, ValueError, "`offsets` must end with the number of values; it ends with 19"),
    ],
)
def test_misuse_is_told(change: dict[str, Any], error: type[Exception], message: str) -> None:
    made = given(3, 20, state=False) | change
    with pytest.raises(error, match=message):
        grud(**made)


def test_a_weight_of_another_shape_is_told() -> None:
    made = given(3, 20)
    made["params"] = made["params"]._replace(W=np.ones((18, 4)))
    with pytest.raises(ValueError, match=r"`W` has shape \(18, 4\); expected \(3 H, D\) = \(18, 3\)"):
        grud(**made)
