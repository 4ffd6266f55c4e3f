"""Several models of the study on the same stays, side by side: ``compare.html`` and ``compare.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from marey.study.p12 import figures
from marey.study.p12.calibration import calibration
from marey.study.p12.metrics import Interval, auroc_by_hour, bootstrap
from marey.study.p12.models import NAMES
from marey.study.p12.page import NUMBER_WORDS, render, table, verdicts
from marey.study.p12.report import flat, gap, plain
from marey.study.p12.result import StudyResult

if TYPE_CHECKING:
    from marey.study.p12.run import Config

__all__ = ["comparison_summary", "run_models", "write_comparison"]


def run_models(
    config: Config, kinds: Sequence[str], *, say: Callable[[str], None] | None = None
) -> list[StudyResult] | None:
    """Runs the study with each model, in a folder of its own below ``config.out``, and compares them there.

    The comparison models are computed once. None on every process but the first under torchrun.
    """
    from marey.study.p12.run import BASELINES, run

    tables = Path(config.out) / kinds[0] / BASELINES
    results = []
    for kind in kinds:
        if say is not None:
            say(f"{NAMES[kind]}:")
        result = run(replace(config, model=kind, out=Path(config.out) / kind, baselines=tables), say=say)
        if result is not None:
            results.append(result)
    if not results:
        return None
    write_comparison(results, Path(config.out))
    return results


def write_comparison(results: Sequence[StudyResult], out: Path) -> Path:
    """Writes ``compare.json`` and ``compare.html`` for results on the same test stays; the first is the yardstick.

    Raises
    ------
    ValueError
        If two of them have other test stays, or are of one model.
    """
    first = results[0]
    kinds = [str(result.config["model"]) for result in results]
    for kind, result in zip(kinds, results, strict=True):
        if not np.array_equal(result.y_test, first.y_test):
            raise ValueError(f"the run of {kind} has other test stays than that of {kinds[0]}")
    if len(set(kinds)) < len(kinds):
        raise ValueError(f"expected runs of different models, not {', '.join(kinds)}")
    names = [NAMES[kind] for kind in kinds]
    risks = {name: result.p_test for name, result in zip(names, results, strict=True)}
    scores = bootstrap(first.y_test, {**risks, **first.baselines}, seed=first.seed)
    found = {
        "study": "p12",
        "source": first.source,
        "note": first.note,
        "seed": first.seed,
        "stays": len(first.y_test),
        "deaths": int(np.sum(first.y_test)),
        "models": {
            name: _of_model(kind, result, scores[name])
            for kind, name, result in zip(kinds, names, results, strict=True)
        },
        "baselines": {name: flat(scores[name]) for name in first.baselines},
    }
    told: dict[str, Any] = plain(found)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
    (out / "compare.json").write_text(text + "\n", encoding="utf-8")
    html = out / "compare.html"
    html.write_text(_page(results, told, scores), encoding="utf-8")
    return html


def _of_model(kind: str, result: StudyResult, scores: Mapping[str, Interval]) -> dict[str, Any]:
    curve = calibration(result.y_test, result.p_test)
    return {
        "model": kind,
        **flat(scores),
        "calibration_slope": curve.slope,
        "stream_gap": gap(result),
        "auroc_by_hour": auroc_by_hour(result.y_test, result.p_hourly),
        "held_back_auroc": max(line["val_auroc"] for line in result.history),
        "epochs": len(result.history),
        "training_s": result.timings.get("training"),
        "bytes": result.model_bytes,
        "latency_us": result.latency_us,
    }


def _page(
    results: Sequence[StudyResult], found: Mapping[str, Any], scores: Mapping[str, Mapping[str, Interval]]
) -> str:
    from markupsafe import Markup

    models = found["models"]
    hours = {name: np.array(model["auroc_by_hour"], np.float64) for name, model in models.items()}
    drawn = {"comparison": figures.comparison(scores), "hours": figures.area_by_hour(hours)}
    return render(
        "compare.html",
        n=found,
        synthetic=found["source"] == "synthetic",
        verdicts=verdicts(scores),
        table=table(scores),
        rows=[(name, model, f"{model['model']}/report.html") for name, model in models.items()],
        number_words=NUMBER_WORDS,
        version=results[0].versions.get("marey", ""),
        figures={name: Markup(svg) for name, svg in drawn.items()},
    )


def comparison_summary(out: Path) -> str:
    """The comparison in the folder `out` in a few lines, for a terminal."""
    found = json.loads((out / "compare.json").read_text(encoding="utf-8"))
    rows = {**found["models"], **found["baselines"]}
    width = max(map(len, rows))
    lines = [f"{'':{width}}  AUROC                   AUPRC"]
    for name, scores in rows.items():
        cells = (
            f"{scores[k]:.3f} ({scores[k + '_ci95'][0]:.3f} to {scores[k + '_ci95'][1]:.3f})"
            for k in ("auroc", "auprc")
        )
        lines.append(f"{name:{width}}  {'  '.join(cells)}")
    warning = [found["note"]] if found["source"] == "synthetic" else []
    return "\n".join([*warning, *lines, str(out / "compare.html")])
