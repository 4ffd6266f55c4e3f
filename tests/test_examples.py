"""What the README and the docstrings show runs and gives what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from types import ModuleType

import numpy as np
import pytest

import marey
from conftest import ROOT

SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def modules() -> list[str]:
    found = pkgutil.walk_packages(marey.__path__, "marey.")
    private = re.compile(r"_triton|\._core|\._rust|\._torch|__main__")
    return [info.name for info in found if not private.search(info.name)]


@pytest.mark.parametrize("name", modules())
def test_docstring_examples(name: str) -> None:
    if name.startswith("marey.moo.integrations."):
        pytest.importorskip(name.rpartition(".")[2])
    if name == "marey.graph.pyg":
        with warnings.catch_warnings():  # of torch_geometric's own making
            warnings.simplefilter("ignore")
            pytest.importorskip("torch_geometric")
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    with np.printoptions(legacy=False):
        for test in finder.find(module, extraglobs={}):
            runner.run(test)
    assert runner.failures == 0


def test_the_readme_runs_from_top_to_bottom() -> None:
    pytest.importorskip("torch")
    assert len(SNIPPETS) >= 4
    scope: dict[str, object] = {}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README.md", "exec"), scope)


def test_every_public_function_has_an_example() -> None:
    for name in ("scan", "moo", "ragged", "events", "survival"):
        if importlib.util.find_spec(f"marey.{name}") is None:
            continue
        domain: ModuleType = importlib.import_module(f"marey.{name}")
        for public in getattr(domain, "__all__", []):
            thing = getattr(domain, public)
            if inspect.isfunction(thing):
                assert ">>>" in (thing.__doc__ or ""), f"marey.{name}.{public} shows no example"
