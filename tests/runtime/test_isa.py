"""Each instruction-set level that this machine has gives the reference's numbers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from marey import _core

LEVELS = ("base", "v3", "v4")

CHECK = """
import sys
from marey import _core
from marey._runtime.contract import plan
from marey._runtime.specs import all_specs
assert _core.isa() == sys.argv[1], _core.isa()
ran = 0
for spec in all_specs():
    for item in plan(spec):
        if item.backend in sys.argv[2].split(",") and item.check in ("equals the reference", "chunked equals whole"):
            item.run()
            ran += 1
print(ran)
"""


@pytest.mark.parametrize("level", LEVELS)
def test_forced_level(level: str) -> None:
    if LEVELS.index(level) > LEVELS.index(_core.best_isa()):
        pytest.skip(f"this processor has no {level}")
    backends = "numpy,torch" if level == "base" else "numpy"
    run = subprocess.run(
        [sys.executable, "-c", CHECK, level, backends],
        env=os.environ | {"MAREY_ISA": level},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 10


def test_a_level_beyond_the_machine_falls_back_to_its_best() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from marey import _core; print(_core.isa())"],
        env=os.environ | {"MAREY_ISA": "v4"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == _core.best_isa()
