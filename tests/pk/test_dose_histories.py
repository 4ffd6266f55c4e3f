"""Any history of doses: the closed form, its reference and the differential equation agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dose_histories import histories
from hypothesis import given, settings

import marey
from marey import pk
from marey.reference.simulate import simulate as reference


@settings(max_examples=150, deadline=None)
@given(histories())
def test_any_history_equals_the_reference(drawn: Any) -> None:
    model, params, events = drawn
    times = np.linspace(-1.0, 15.0, 65)  # a quarter apart, on the events' own grid
    kwargs: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(
        pk.simulate(model, params, events, times), reference(model, params, events, times), **kwargs
    )
    np.testing.assert_allclose(pk.simulate(model, params, events), reference(model, params, events), **kwargs)


@marey.model(y="depot central second third", p="cl v1 q2 v2 q3 v3 ka")
def mammillary(t: Any, y: Any, p: Any) -> Any:
    back = p.q2 * y.second / p.v2 + p.q3 * y.third / p.v3
    return (
        -p.ka * y.depot,
        p.ka * y.depot + back - (p.cl + p.q2 + p.q3) * y.central / p.v1,
        p.q2 * (y.central / p.v1 - y.second / p.v2),
        p.q3 * (y.central / p.v1 - y.third / p.v3),
    )


def as_mammillary(model: str, params: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], list[int]]:
    """The seven parameters, those that are not there without effect; and which of them the model's own are."""
    count, oral = int(model[0]), model.endswith("oral")
    own = [*range(2 * count), *([6] if oral else [])]
    full = np.tile([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.3], (len(params), 1))
    full[:, own] = params[:, : len(own)]
    return full, own


@settings(max_examples=60, deadline=None)
@given(histories(scaled=False))
def test_any_history_equals_the_differential_equation(drawn: Any) -> None:
    pytest.importorskip("llvmlite")
    model, params, events = drawn
    full, own = as_mammillary(model, params)
    if not model.endswith("oral"):
        events.cmt[:] = 2
        events.__dict__.pop("records", None)
    times = np.linspace(-1.0, 15.0, 65)
    options: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10, "method": "vern7", "y0": np.zeros(4)}
    y = pk.simulate(mammillary, full, events, times, sens=True, **options).raise_for_status()
    seen = pk.simulate(mammillary, full, events, sens=True, **options)
    if not model.endswith("oral"):
        events.cmt[:] = 1
        events.__dict__.pop("records", None)
    volume = params[:, 1:2]
    conc, by = pk.simulate(model, params, events, times, sens=True)
    np.testing.assert_allclose(y.y[:, 1] / volume, conc, rtol=2e-7, atol=2e-8)
    amounts = by * volume[..., None]
    amounts[:, :, 1] += conc
    scale = 1e-6 + np.abs(amounts).max()
    np.testing.assert_allclose(y.sens[:, 1][:, own].swapaxes(1, 2) / scale, amounts / scale, atol=2e-7)
    conc, by = pk.simulate(model, params, events, sens=True)
    whose = np.repeat(np.arange(len(params)), np.diff(events.offsets))[events.observations]
    np.testing.assert_allclose(seen.y[:, 1] / volume[whose, 0], conc, rtol=2e-7, atol=2e-8)
    amounts = by * volume[whose]
    amounts[:, 1] += conc
    np.testing.assert_allclose(seen.sens[:, 1][:, own] / scale, amounts / scale, atol=2e-7)
