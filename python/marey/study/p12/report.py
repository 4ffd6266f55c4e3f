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
from marey.study.p12.models import NAMES
from marey.study.p12.page import page
from marey.study.p12.phenotypes import NEIGHBOURS
from marey.study.p12.result import StudyResult

__all__ = ["flat", "gap", "model_name", "numbers", "plain", "summary", "write_report"]

_PLACES = {"data", "out", "resume", "baselines"}
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


def model_name(config: Mapping[str, Any]) -> str:
    """What the report calls the model of a run with these settings."""
    kind = str(config.get("model", "event"))
    return NAMES.get(kind, kind)


def summary(out: Path) -> str:
    """The report in the folder `out` in a few lines, for a terminal."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    models = {model_name(found["config"]): found["test"], **found["baselines"]}
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
    return bootstrap(result.y_test, {model_name(result.config): result.p_test, **result.baselines}, seed=result.seed)


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
            **flat(scores[model_name(result.config)]),
            "stream_gap": gap(result),
        },
        "baselines": {name: flat(scores[name]) for name in result.baselines},
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
        "phenotypes": _phenotypes(result),
        "matched": _matched(result),
    }
    told: dict[str, Any] = plain(found)
    return told


def _phenotypes(result: StudyResult) -> dict[str, Any] | None:
    found = result.phenotypes
    if found is None:
        return None
    groups = [
        {
            "stays": found.stays[k],
            "deaths": found.deaths[k],
            "died": found.deaths[k] / found.stays[k],
            "leading": [{"name": str(name), "apart": apart} for name, apart in zip(*lead, strict=True)],
        }
        for k, lead in enumerate(zip(found.leading, found.apart, strict=True))
    ]
    return {"neighbours": NEIGHBOURS, "edges": found.edges, "modularity": found.modularity, "groups": groups}


def _matched(result: StudyResult) -> dict[str, Any] | None:
    found = result.matched
    if found is None:
        return None
    balance = zip(
        found.names, found.smd_before, found.smd_after, found.variance_before, found.variance_after, strict=True
    )
    columns = ("name", "smd_before", "smd_after", "variance_ratio_before", "variance_ratio_after")
    return {
        "exposure": str(found.exposure),
        "exposed": found.exposed,
        "unexposed": found.unexposed,
        "pairs": found.pairs,
        "died_exposed": found.died_exposed[0],
        "died_unexposed": found.died_unexposed[0],
        "died_exposed_matched": found.died_exposed[1],
        "died_unexposed_matched": found.died_unexposed[1],
        "difference": found.difference[0],
        "difference_ci95": found.difference[1:],
        "unbalanced": int((np.abs(found.smd_after) > 0.1).sum()),
        "balance": [dict(zip(columns, row, strict=True)) for row in balance],
    }


def gap(result: StudyResult) -> float | None:
    """Largest difference between the risk streamed up to the last hour and that of the whole stay at once."""
    difference = np.abs(result.p_hourly[:, -1] - result.p_test)
    known = difference[~np.isnan(difference)]
    return float(known.max()) if known.size else None


def flat(scores: Mapping[str, Interval]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, interval in scores.items():
        flat[name] = interval.value
        flat[f"{name}_ci95"] = [interval.low, interval.high]
    return flat


def plain(value: Any) -> Any:
    """The same in the types of JSON; what is not finite is null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return plain(value.item())
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
