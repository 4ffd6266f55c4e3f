from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_result import made_result

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from marey.study.p12.metrics import Interval, auprc, auroc
from marey.study.p12.page import _size, verdicts
from marey.study.p12.report import score, summary, write_report

VOID = {"meta", "link", "img", "br", "hr", "input", "path", "use", "image", "rect"}
NUMBER, INTERVAL = (int, float), "interval"
SCORES = {
    f"{name}{suffix}": kind
    for name in ("auroc", "auprc", "brier")
    for suffix, kind in (("", float), ("_ci95", INTERVAL))
}
SCHEMA = {
    "study": str,
    "source": str,
    "note": str,
    "seed": int,
    "config": dict,
    "cohort": dict,
    "test": {"stays": int, "deaths": int, "stream_gap": (float, type(None)), **SCORES},
    "baselines": dict,
    "calibration": {
        "slope": (float, type(None)),
        "intercept": (float, type(None)),
        "temperature": float,
        "predicted": list,
        "observed": list,
        "observed_ci95": list,
        "stays": list,
    },
    "by_hour": {"hour": list, "stays": list, "auroc": list},
    "training": list,
    "model": {"bytes": int, "latency_us": float},
    "timings": dict,
    "versions": dict,
    "phenotypes": (dict, type(None)),
    "matched": (dict, type(None)),
}
DIFFERENCES = {f"{k}_difference{c}": t for k in ("auroc", "auprc") for c, t in (("", float), ("_ci95", INTERVAL))}


def conforms(value, schema, where="report"):
    if schema == INTERVAL:
        assert isinstance(value, list), where
        assert len(value) == 2, where
        assert value[0] <= value[1], where
    elif isinstance(schema, dict):
        assert set(value) == set(schema), where
        for key, part in schema.items():
            conforms(value[key], part, f"{where}.{key}")
    else:
        assert isinstance(value, schema), where


class Page(HTMLParser):
    """Text, attributes and the nesting of tags."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or "/" in (self.get_starttag_text() or "")[-2:]:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag, line {self.getpos()[0]}"

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    result = made_result()
    out = tmp_path_factory.mktemp("run")
    path = write_report(result, out)
    return result, path, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(written):
    return Page(written[2])


def test_the_json_has_its_schema(written):
    result, path, _ = written
    found = json.loads((path.parent / "report.json").read_text(), parse_constant=pytest.fail)
    conforms(found, SCHEMA)
    for name in result.baselines:
        conforms(found["baselines"][name], SCORES | DIFFERENCES, name)


def test_the_json_has_the_numbers_of_the_study(written):
    result, path, _ = written
    found = json.loads((path.parent / "report.json").read_text())
    assert found["test"]["auroc"] == auroc(result.y_test, result.p_test)
    assert found["test"]["auprc"] == auprc(result.y_test, result.p_test)
    assert found["test"]["deaths"] == result.y_test.sum()
    assert found["test"]["stream_gap"] == 0
    boosting = found["baselines"]["gradient boosting"]
    assert boosting["auroc"] == auroc(result.y_test, result.baselines["gradient boosting"])
    assert boosting["auroc_difference"] == pytest.approx(found["test"]["auroc"] - boosting["auroc"])
    assert found["model"] == {"bytes": 412_345, "latency_us": 57.3}
    assert (len(found["by_hour"]["auroc"]), found["by_hour"]["stays"][0]) == (49, 158)
    assert found["by_hour"]["auroc"][48] == found["test"]["auroc"]
    assert [line["epoch"] for line in found["training"]] == [1, 2, 3, 4]


def test_tags_are_closed_in_order(page):
    assert page.open == []


def test_nothing_is_loaded_from_anywhere(written, page):
    html = written[2]
    assert not re.search(r"<(script|link|iframe|object|embed|base|form|audio|video)\b", html)
    assert "@import" not in html
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in html
    for target in page.attributes("src") + page.attributes("srcset") + page.attributes("xlink:href"):
        raise AssertionError(target)
    for target in page.attributes("href"):
        assert target.startswith(("#", "data:image/png;base64,")), target
    for target in re.findall(r"url\(([^)]*)\)", html):
        assert target.startswith("#"), target
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_links_and_clips_lead_somewhere(page, written):
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    targets = [t for t in page.attributes("href") if t.startswith("#")]
    targets += re.findall(r"url\((#[^)]*)\)", written[2])
    assert targets
    assert {t[1:] for t in targets} <= set(ids)


def test_every_section_and_figure_is_there(page):
    ids = set(page.attributes("id"))
    assert {"comparison-section", "cohort", "test", "stays", "run", "limits"} <= ids
    figures = {"comparison", "missingness", "training", "roc", "pr", "calibration", "by-hour"}
    assert figures | {"stay-0", "stay-1", "stay-2"} <= ids
    for title in ("Beside the usual models", "What this is not", "Not a medical device.", "Three stays", "Versions"):
        assert title in page.words
    assert sum(tag == "figure" for tag, _ in page.tags) == sum(tag == "figcaption" for tag, _ in page.tags) == 10


def test_every_drawing_says_what_it_shows(page):
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) == 10
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 40
    assert "SYNTHETIC" not in page.words


def test_the_headline_stands_beside_the_baselines(written, page):
    result = written[0]
    for p in (result.p_test, *result.baselines.values()):
        assert f"{auroc(result.y_test, p):.3f}" in page.words
        assert f"{auprc(result.y_test, p):.3f}" in page.words
    assert "marey study p12 --model event --train a --test b --epochs 4 --seed 0 --device cpu" in page.words
    assert "412 kB" in page.words.replace("\xa0", " ").replace("  ", " ")


def test_colours_are_the_pages_own(written):
    drawings = "".join(re.findall(r"<svg.*?</svg>", written[2], re.DOTALL))
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawings)) <= {"#ffffff"}
    used = set(re.findall(r"var\(--(\w+)\)", written[2]))
    defined = set(re.findall(r"--(\w+):", written[2]))
    assert used <= defined


def test_equal_results_give_equal_files(written, tmp_path):
    path = written[1]
    again = write_report(made_result(), tmp_path / "new" / "folder")
    for name in ("report.html", "report.json"):
        assert (again.parent / name).read_bytes() == (path.parent / name).read_bytes()


def test_a_made_cohort_is_announced_wherever_one_looks(tmp_path):
    result = made_result(source="synthetic", note="SYNTHETIC stays, made by a random generator: no network.")
    html = write_report(result, tmp_path).read_text()
    words = Page(html).words
    assert "<title>SYNTHETIC" in html
    assert words.index("SYNTHETIC stays, made by") < words.index("In-hospital death")
    assert "Not about patients." in words
    assert "marey study p12 --data synthetic" in words
    assert "Data: PhysioNet" not in words
    assert summary(tmp_path).startswith("SYNTHETIC stays")


def test_places_of_one_machine_stay_there(tmp_path):
    result = made_result(40, config={"model": "event", "data": Path("/home/me"), "out": Path("/home/me/o"), "width": 8})
    html = write_report(result, tmp_path).read_text()
    found = (tmp_path / "report.json").read_text()
    assert "/home/me" not in html + found
    assert json.loads(found)["config"] == {"model": "event", "width": 8}


def test_names_are_escaped(tmp_path):
    result = made_result(40, note="from <b>&", config={"model": "<script>alert(1)</script>"})
    html = write_report(result, tmp_path).read_text()
    assert "<script" not in html
    assert "from &lt;b&gt;&amp;" in html


def test_sparse_results_still_make_a_page(tmp_path):
    bare = made_result(60)
    result = made_result(
        60,
        examples=(),
        baselines={},
        cohort={"test": 60, "read": 64, "excluded": {"no events": 4, "no outcome": 0}, "unit": "mixed"},
        timings={},
        versions={},
        config={},
        p_hourly=np.full_like(bare.p_hourly, np.nan),
        history=bare.history[:1],
    )
    page = Page(write_report(result, tmp_path).read_text())
    assert page.open == []
    assert "no events: 4" in page.words
    assert "no outcome" not in page.words
    assert "mixed" in page.words


def test_risks_that_are_no_probabilities_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        write_report(made_result(40, p_test=np.linspace(-1, 1, 40)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("better", "worse"), [("event model", "other"), ("other", "event model")])
def test_the_verdict_names_the_winner_either_way(better, worse):
    result = made_result(400)
    noise = np.random.default_rng(1).random(400)
    risks = {better: result.p_test, worse: noise}
    result = made_result(400, p_test=risks["event model"], baselines={"other": risks["other"]})
    (sentence,) = verdicts(score(result))
    said = {"event model": "the event model", "other": "other"}
    start = f"{said[better]} scores higher than {said[worse]} on AUROC (+0."
    assert sentence.startswith(start[0].upper() + start[1:])
    assert "and AUPRC (+0." in sentence
    assert "no clear difference" not in sentence


def test_the_verdict_admits_a_draw():
    result = made_result(300)
    result = made_result(300, baselines={"other": result.p_test})
    (sentence,) = verdicts(score(result))
    assert sentence.startswith("There is no clear difference between the event model and other in AUROC (+0.000, 95")


def test_the_verdict_names_both_where_they_part_and_no_one_twice():
    def interval(value):
        return Interval(value, value - 0.01, value + 0.01)

    of_baseline = {"auroc_difference": interval(-0.05), "auprc_difference": interval(0.001)}
    for model, baseline in (("selective SSM", "GRU-D"), ("S5", "logistic regression")):
        (sentence,) = verdicts({model: {}, baseline: of_baseline})
        article = "the " if model == "selective SSM" else ""
        assert sentence.startswith(
            f"{baseline[0].upper()}{baseline[1:]} scores higher than {article}{model} on AUROC (+0.050"
        )
        assert "; there is no clear difference in AUPRC (+0.001" in sentence
        assert sentence.casefold().count(baseline.casefold()) == sentence.count(model) == 1


@pytest.mark.parametrize(("size", "told"), [(7, ("7", "B")), (412_345, ("412", "kB")), (3_250_000, ("3.2", "MB"))])
def test_sizes(size, told):
    assert _size(size) == told


def test_the_summary_names_every_model_and_the_page(written):
    path: Path = written[1]
    lines = summary(path.parent).splitlines()
    assert [line.split("  ")[0].strip() for line in lines[1:4]] == [
        "event model",
        "logistic regression",
        "gradient boosting",
    ]
    assert lines[-1] == str(path)
