"""What is missing says so; the rest works."""

from __future__ import annotations

import subprocess
import sys

import pytest

import marey
from marey._runtime import native


def test_a_missing_library_is_a_backend_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(native._BUILD_HINT, "_nothing", "there is no way")
    with pytest.raises(marey.BackendError, match=r"marey/_nothing.so is not here; there is no way"):
        native.library("_nothing")


@pytest.mark.parametrize("n", [1, 3])
def test_threads_are_set_and_told(n: int) -> None:
    marey.set_num_threads(n)
    assert marey.get_num_threads() == n
    marey.set_num_threads(0)
    assert marey.get_num_threads() >= 1


@pytest.mark.parametrize(("n", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_thread_counts_are_refused(n: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="`n` is"):
        marey.set_num_threads(n)  # type: ignore[arg-type]


def test_threads_follow_the_environment() -> None:
    code = "import marey; print(marey.get_num_threads())"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"MAREY_NUM_THREADS": "5"}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "5"


def test_doctor_names_every_part() -> None:
    from marey._runtime.doctor import diagnose

    facts = diagnose()
    assert {"marey", "C++ core", "Rust wing", "torch ops", "CUDA ops", "numpy"} <= set(facts)
    assert all(facts.values())
