"""The numbers and the page that a finished study leaves behind."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from marey.study.p12.calibration import Calibration, calibration
from marey.study.p12.metrics import Interval, auroc_by_hour, bootstrap
from marey.study.p12.page import page
from marey.study.p12.result import StudyResult

__all__ = ["MODEL", "numbers", "summary", "write_report"]

MODEL = "event model"

_PLACES = {"data", "out", "resume"}
"""Settings that say where files lie on one machine: no part of the study, and nobody else's business."""


def write_report(result: StudyResult, out: Path) -> Path:
    """Writes ``report.json`` and the self-contained ``report.html`` into the folder `out`.

    Equal results give equal files.

    Returns
    -------
    Path
        Of ``report.html``.
    """
    scores = score(result)
    curve = calibration(result.y_test, result.p_test)
    found = numbers(result, scores, curve)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    html = out / "report.html"
    html.write_text(page(result, found, scores, curve), encoding="utf-8")
    return html


def summary(out: Path) -> str:
    """The report in the folder `out` in a few lines, for a terminal."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    models = {MODEL: found["test"], **found["baselines"]}
    width = max(map(len, models))
    lines = [f"{'':{width}}  AUROC                   AUPRC"]
    for name, scores in models.items():
        cells = (
            f"{scores[k]:.3f} ({scores[k + '_ci95'][0]:.3f} to {scores[k + '_ci95'][1]:.3f})"
            for k in ("auroc", "auprc")
        )
        lines.append(f"{name:{width}}  {'  '.join(cells)}")
    warning = [found["note"]] if found["source"] == "synthetic" else []
    return "\n".join([*warning, *lines, str(out / "report.html")])


def score(result: StudyResult) -> dict[str, dict[str, Interval]]:
    """Of the model and of each baseline, on the same resamples."""
    return bootstrap(result.y_test, {MODEL: result.p_test, **result.baselines}, seed=result.seed)


def numbers(result: StudyResult, scores: Mapping[str, Mapping[str, Interval]], curve: Calibration) -> dict[str, Any]:
    """What ``report.json`` holds. An interval of X is ``X_ci95``; what does not exist is null."""
    hours = auroc_by_hour(result.y_test, result.p_hourly)
    deaths = int(np.sum(result.y_test))
    found = {
        "study": "p12",
        "source": result.source,
        "note": result.note,
        "seed": result.seed,
        "config": {key: value for key, value in result.config.items() if key not in _PLACES},
        "cohort": dict(result.cohort),
        "test": {
            "stays": len(result.y_test),
            "deaths": deaths,
            **_flat(scores[MODEL]),
            "stream_gap": _gap(result),
        },
        "baselines": {name: _flat(scores[name]) for name in result.baselines},
        "calibration": {
            "slope": curve.slope,
            "intercept": curve.intercept,
            "temperature": result.temperature,
            "predicted": curve.predicted,
            "observed": curve.observed,
            "observed_ci95": np.stack([curve.low, curve.high], axis=1),
            "stays": curve.count,
        },
        "by_hour": {
            "hour": np.arange(len(hours)),
            "stays": np.sum(~np.isnan(result.p_hourly), axis=0),
            "auroc": hours,
        },
        "training": [dict(line) for line in result.history],
        "model": {"bytes": result.model_bytes, "latency_us": result.latency_us},
        "timings": dict(result.timings),
        **({} if result.search is None else {"search": dict(result.search)}),
        "versions": dict(result.versions),
    }
    plain: dict[str, Any] = _plain(found)
    return plain


def _gap(result: StudyResult) -> float | None:
    """Largest difference between the risk streamed up to the last hour and that of the whole stay at once."""
    difference = np.abs(result.p_hourly[:, -1] - result.p_test)
    known = difference[~np.isnan(difference)]
    return float(known.max()) if known.size else None


def _flat(scores: Mapping[str, Interval]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, interval in scores.items():
        flat[name] = interval.value
        flat[f"{name}_ci95"] = [interval.low, interval.high]
    return flat


def _plain(value: Any) -> Any:
    """The same in the types of JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
