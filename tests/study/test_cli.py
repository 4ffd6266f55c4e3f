from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import marey
from marey.cli import main
from marey.errors import BackendError


def one_line(capsys) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


@dataclass
class Config:
    out: Path
    train: str
    test: str
    device: str
    seed: int
    resume: bool
    model: str
    data: str | None = None
    epochs: int = 7
    threads: int | None = None


@pytest.fixture
def study(monkeypatch):
    """A study that only notes what it was asked for, or fails as told."""
    module: Any = ModuleType("marey.study.p12.run")
    module.asked, module.failure = [], None

    def run(config: Config) -> Path:
        if module.failure:
            raise module.failure
        module.asked.append(config)
        score = {f"{k}{c}": v for k in ("auroc", "auprc") for c, v in (("", 0.5), ("_ci95", [0.4, 0.6]))}
        report = {"source": "synthetic", "note": "SYNTHETIC stays.", "test": score, "baselines": {"other": score}}
        report["config"] = {"model": config.model}
        config.out.mkdir(exist_ok=True)
        (config.out / "report.json").write_text(json.dumps(report))
        return config.out / "report.html"

    module.Config, module.run = Config, run
    monkeypatch.setitem(sys.modules, "marey.study.p12.run", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    return module


def test_help_comes_without_numpy_and_names_every_command():
    code = (
        "import sys; from marey.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'numpy', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    begin = time.perf_counter()
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert time.perf_counter() - begin < 10
    assert shown.splitlines()[-1] == "[]"
    assert all(word in shown for word in ("study", "verify", "doctor", "--version"))


def test_the_module_runs_as_the_command_does():
    shown = subprocess.run([sys.executable, "-m", "marey", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"marey {marey.__version__}\n"


def test_every_option_has_a_help_text(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["study", "p12", "--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for option in (
        "data",
        "train",
        "test",
        "out",
        "device",
        "epochs",
        "seed",
        "threads",
        "resume",
        "model",
        "exposure",
    ):
        assert f"--{option}" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "COMMAND"),
        (["studies"], "invalid choice: 'studies'"),
        (["study"], "STUDY"),
        (["study", "p13"], "invalid choice: 'p13'"),
        (["study", "p12", "--epochs", "0"], "--epochs: '0' is not a whole number of at least 1"),
        (["study", "p12", "--epochs", "many"], "--epochs: 'many' is not a whole number"),
        (["study", "p12", "--seed", "-1"], "--seed: '-1' is not a whole number of at least 0"),
        (["study", "p12", "--threads", "1.5"], "--threads: '1.5' is not a whole number"),
        (["study", "p12", "--train", "x"], "invalid choice: 'x'"),
        (["study", "p12", "--model", "other"], "'other' is no model; expected some of event, grud, ssm, s5"),
        (["study", "p12", "--model", "event,event"], "'event,event' names a model twice"),
        (["study", "p12", "--epo", "3"], "unrecognized arguments: --epo"),
        (["verify", "everything"], "unrecognized arguments: everything"),
    ],
)
def test_misuse_is_one_line_and_exit_status_2(capsys, words, said):
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert leaving.value.code == 2
    line = one_line(capsys)
    assert said in line
    assert "--help)" in line


def test_the_options_reach_the_study(study, tmp_path, capsys):
    words = "--data d --train b --test a --device cpu --epochs 3 --seed 5 --threads 2 --resume --model event"
    assert main(["study", "p12", "--out", str(tmp_path / "o"), *words.split()]) == 0
    assert study.asked == [Config(tmp_path / "o", "b", "a", "cpu", 5, True, "event", "d", 3, 2)]
    out = capsys.readouterr().out
    assert "SYNTHETIC" in out
    assert "0.500 (0.400 to 0.600)" in out
    assert out.splitlines()[-1] == str(tmp_path / "o" / "report.html")


def test_what_is_not_given_is_left_to_the_study(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["study", "p12"]) == 0
    assert study.asked == [Config(Path("run"), "a", "b", "auto", 0, False, "event", None, 7, None)]


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("set A is refused:\nit is short"),
        OSError(28, "No space left on device"),
        BackendError("torch is not here; get it"),
    ],
)
def test_an_error_of_the_study_is_one_line_and_exit_status_2(study, tmp_path, capsys, failure):
    study.failure = failure
    assert main(["study", "p12", "--out", str(tmp_path)]) == 2
    assert " ".join(str(failure).split()) in one_line(capsys)
    with pytest.raises(type(failure)):
        main(["study", "p12", "--out", str(tmp_path), "--traceback"])


def test_a_bug_keeps_its_traceback(study, tmp_path):
    study.failure = KeyError("x")
    with pytest.raises(KeyError):
        main(["study", "p12", "--out", str(tmp_path)])


def test_an_interruption_says_how_to_continue(study, tmp_path, capsys):
    study.failure = KeyboardInterrupt()
    assert main(["study", "p12", "--out", str(tmp_path)]) == 130
    assert "--resume continues" in capsys.readouterr().err


def test_sets_that_are_the_same_are_refused_before_anything_runs(study, tmp_path, capsys):
    assert main(["study", "p12", "--train", "b"]) == 2
    assert "--train and --test are both b" in one_line(capsys)
    (tmp_path / "f").touch()
    assert main(["study", "p12", "--out", str(tmp_path / "f")]) == 2
    assert "is a file; expected a folder" in one_line(capsys)
    assert study.asked == []


def test_all_that_is_missing_is_named_at_once(study, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in ("torch", "sklearn") else object())
    assert main(["study", "p12", "--out", str(tmp_path)]) == 2
    assert "needs torch, scikit-learn; get it with: pip install 'marey[study]'" in one_line(capsys)


def test_verify_and_doctor_call_marey(monkeypatch, capsys):
    monkeypatch.setattr(marey, "verify", lambda: print("all passed"), raising=False)
    monkeypatch.setattr(marey, "doctor", lambda: print("well"), raising=False)
    assert main(["verify"]) == 0
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out == "all passed\nwell\n"


def test_a_failed_check_is_exit_status_1(monkeypatch):
    def fail() -> None:
        raise AssertionError("1 check failed")

    monkeypatch.setattr(marey, "verify", fail, raising=False)
    assert main(["verify"]) == 1
