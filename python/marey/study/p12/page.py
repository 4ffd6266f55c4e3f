"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from marey.study.p12 import cohort_figures, figures
from marey.study.p12.calibration import Calibration
from marey.study.p12.metrics import Interval
from marey.study.p12.result import StudyResult
from marey.study.p12.search_figure import burden
from marey.study.p12.stay_figure import stay_plot

__all__ = ["NUMBER_WORDS", "page", "render", "table", "verdicts"]

_SECTIONS = (
    ("comparison-section", "Comparison"),
    ("cohort", "Stays"),
    ("test", "Test"),
    ("patients", "Patients"),
    ("stays", "Examples"),
    ("search", "Search"),
    ("run", "Run"),
    ("limits", "What this is not"),
)
_SPLITS = (("train", "Training"), ("held_back", "Held back"), ("test", "Test"))
_FLAGS = ("model", "train", "test", "epochs", "seed", "device", "threads")
_THIN = "\N{NARROW NO-BREAK SPACE}"
NUMBER_WORDS = ("No", "One", "Two", "Three", "Four", "Five")


def render(template: str, **values: Any) -> str:
    """A template's page with these values."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(count=_count, score=_score, interval=_interval, small=_small, percent=_percent)
    made.filters.update(signed=lambda value: _minus(f"{value:+.1f}"), points=lambda value: _minus(f"{value:.1f}"))
    text: str = made.get_template(template).render(**values)
    return text


def page(
    result: StudyResult,
    found: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, Interval]],
    curve: Calibration,
) -> str:
    """Renders `result`.

    Parameters
    ----------
    found
        The content of ``report.json``.
    scores, curve
        What it was computed from.
    """
    return render(
        "report.html",
        n=found,
        synthetic=result.source == "synthetic",
        note=result.note.rstrip(".") + ("." if result.source == "synthetic" else ""),
        sections=_sections(found),
        search=result.search,
        size=_size(result.model_bytes),
        verdicts=verdicts(scores),
        table=table(scores),
        flow=_flow(result.cohort),
        calibration_words=_calibration_words(curve),
        examples=_examples(result),
        number_words=NUMBER_WORDS,
        command=_command(result),
        stages=_stages(result.timings),
        settings=_pairs(found["config"]),
        versions=_pairs(result.versions),
        figures=_figures(result, found, scores, curve),
    )


def _figures(
    result: StudyResult,
    found: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, Interval]],
    curve: Calibration,
) -> dict[str, Any]:
    from markupsafe import Markup

    risks = dict(zip(scores, (result.p_test, *result.baselines.values()), strict=True))
    area = np.array(found["by_hour"]["auroc"], dtype=np.float64)
    final = {name: scores[name]["auroc"].value for name in result.baselines}
    drawn = {
        "comparison": figures.comparison(scores),
        "missingness": figures.missingness(result.missing, result.vocab),
        "training": figures.training(result.history),
        "roc": figures.roc(result.y_test, risks, scores),
        "pr": figures.precision_recall(result.y_test, risks, scores),
        "calibration": figures.calibration_plot(result.y_test, result.p_test, curve),
        "by-hour": figures.risk_by_hour(result.y_test, result.p_hourly, area, final),
    }
    if result.phenotypes is not None:
        drawn["phenotype-map"] = cohort_figures.phenotype_map(result.phenotypes)
        drawn["phenotype-outcomes"] = cohort_figures.phenotype_outcomes(result.phenotypes, float(result.y_test.mean()))
    if result.matched is not None:
        drawn["love"] = cohort_figures.love_plot(result.matched)
    highest = max((np.nanmax(e.hourly, initial=0.0) for e in result.examples), default=0.0)
    top = min(1.0, math.ceil(10 * highest + 0.5) / 10)
    for i, example in enumerate(result.examples):
        drawn[f"stay-{i}"] = stay_plot(example, result.vocab, number=i, top=top)
    if result.search is not None:
        drawn["burden"] = burden(result.search)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _sections(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = {"patients": bool(found["phenotypes"] or found["matched"]), "search": "search" in found}
    return [section for section in _SECTIONS if shown.get(section[0], True)]


def verdicts(scores: Mapping[str, Mapping[str, Interval]]) -> list[str]:
    """One sentence for each baseline: on each area who scores higher, by how much, and whether chance explains it."""
    model, *others = scores
    sentences = []
    for name in others:
        clear: dict[str, list[str]] = {model: [], name: [], "": []}
        for statistic in ("auroc", "auprc"):
            d = scores[name][f"{statistic}_difference"]
            winner = model if d.low > 0 else name if d.high < 0 else ""
            sign = -1 if winner == name else 1
            low, high = sorted((sign * d.low, sign * d.high))
            size = f"{_signed(sign * d.value)}, 95{_THIN}% interval {_signed(low)} to {_signed(high)}"
            clear[winner].append(f"{statistic.upper()} ({size})")
        said = [
            f"{_the(winner)} scores higher than {_the(loser)} on {' and '.join(clear[winner])}"
            for winner, loser in ((model, name), (name, model))
            if clear[winner]
        ]
        if clear[""]:
            between = "" if said else f" between {_the(model)} and {_the(name)}"
            said.append(f"there is no clear difference{between} in {' or '.join(clear[''])}")
        sentence = "; ".join(said)
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
    return sentences


def _the(name: str) -> str:
    return f"the {name}" if name.endswith((" model", " SSM")) else name


def table(scores: Mapping[str, Mapping[str, Interval]]) -> list[dict[str, Any]]:
    best = {
        "auroc": max(s["auroc"].value for s in scores.values()),
        "auprc": max(s["auprc"].value for s in scores.values()),
        "brier": min(s["brier"].value for s in scores.values()),
    }
    return [
        {
            "name": name,
            "cells": [
                {"value": s[k].value, "ci95": (s[k].low, s[k].high), "best": s[k].value == best[k]} for k in best
            ],
        }
        for name, s in scores.items()
    ]


def _flow(cohort: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes from read to test. Keys beyond the usual ones are listed as they are."""
    deaths = cohort.get("deaths", {})
    steps = []
    if "read" in cohort:
        read = cohort["read"]
        detail = ", ".join(f"{k} {_count(v)}" for k, v in read.items()) if isinstance(read, Mapping) else ""
        steps.append({"title": "Stays read", "stays": _total(read), "detail": detail})
    for key, title in _SPLITS:
        if key in cohort:
            stays = _total(cohort[key])
            died = f"{_count(deaths[key])} died ({_percent(deaths[key] / stays, 1)})" if key in deaths and stays else ""
            steps.append({"title": title, "stays": stays, "detail": died})
    excluded = cohort.get("excluded", {})
    reasons = list(excluded.items()) if isinstance(excluded, Mapping) else [("stays", excluded)] if excluded else []
    usual = {"read", "excluded", "deaths", *(key for key, _ in _SPLITS)}
    more = [(key.replace("_", " "), _count(value)) for key, value in cohort.items() if key not in usual]
    return {"steps": steps, "excluded": [(r, _total(n)) for r, n in reasons if _total(n)], "more": more}


def _total(value: Any) -> int:
    return sum(map(_total, value.values())) if isinstance(value, Mapping) else int(value)


def _calibration_words(curve: Calibration) -> str:
    if math.isnan(curve.slope):
        return ""
    spread = "risks too extreme" if curve.slope < 0.9 else "risks too timid" if curve.slope > 1.1 else ""
    level = (
        "on the whole too low" if curve.intercept > 0.1 else "on the whole too high" if curve.intercept < -0.1 else ""
    )
    words = ", ".join(filter(None, (spread, level)))
    return f" ({words})" if words else ""


def _examples(result: StudyResult) -> list[dict[str, str]]:
    shown = []
    for i, example in enumerate(result.examples):
        outcome = "died in hospital" if example.outcome else "survived"
        risk = example.hourly[~np.isnan(example.hourly)]
        course = (
            f"Risk {_percent(risk[0])} at first, {_percent(risk.max())} at most, {_percent(risk[-1])} at last."
            if risk.size
            else ""
        )
        shown.append(
            {
                "figure": f"stay-{i}",
                "title": f"Stay {example.subject_id}, {outcome}",
                "caption": f"{len(example.time):,} values in 48 hours. {course}",
            }
        )
    return shown


def _command(result: StudyResult) -> str:
    data = ["--data synthetic"] if result.source == "synthetic" else []
    flags = [f"--{key} {result.config[key]}" for key in _FLAGS if result.config.get(key) is not None]
    return " ".join(["marey study p12", *data, *flags])


def _stages(timings: Mapping[str, float]) -> list[dict[str, Any]]:
    longest = max(timings.values(), default=0.0) or 1.0
    return [
        {"name": name.replace("_", " "), "seconds": s, "percent": round(100 * s / longest, 2)}
        for name, s in timings.items()
    ]


def _pairs(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key.replace("_", " "), value) for key, value in table.items() if value is not None]


def _size(size: int) -> tuple[str, str]:
    return (
        (f"{size / 1e6:.1f}", "MB") if size >= 1e6 else (f"{size / 1e3:.0f}", "kB") if size >= 1e3 else (str(size), "B")
    )


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)


def _score(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else _minus(f"{value:.{digits}f}")


def _small(value: float | None) -> str:
    return "–" if value is None else f"{value:.1g}"


def _interval(pair: tuple[float, float]) -> str:
    return f"{_score(pair[0])} to {_score(pair[1])}"


def _signed(value: float) -> str:
    return _minus(f"{value:+.3f}")


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}{_THIN}%"


def _minus(text: str) -> str:
    return text.replace("-", "−")
