"""A spec that lacks a part which it declares fails here."""

from __future__ import annotations

import importlib.util
import inspect

import pytest

from conftest import ROOT
from marey._runtime.contract import plan
from marey._runtime.specs import OpSpec, all_specs

SPECS = [pytest.param(spec, id=spec.name) for spec in all_specs()]


@pytest.mark.parametrize("spec", SPECS)
def test_every_layer_has_the_basename(spec: OpSpec) -> None:
    domain, op = spec.domain, spec.basename
    places = [
        f"python/marey/{domain}/{op}.py",
        f"python/marey/reference/{op}.py",
        f"tests/ops/test_{op}.py",
        f"benchmarks/{domain}/bench_{op}.py",
        f"docs/ops/{op}.md",
        *spec.native.values(),
    ]
    missing = [place for place in places if not (ROOT / place).is_file()]
    assert not missing


@pytest.mark.parametrize("spec", SPECS)
def test_native_parts_bear_the_name(spec: OpSpec) -> None:
    for layer, path in spec.native.items():
        assert f"/{spec.basename}" in path, f"the {layer} part lies in {path}"


@pytest.mark.parametrize("spec", SPECS)
def test_cases_cover_the_hard_inputs(spec: OpSpec) -> None:
    tags = {tag for case in spec.cases for tag in case.tags}
    wanted = {"empty", "one", "odd", "nan", "bench", "threads"}
    wanted |= {"grad"} if spec.differentiable else set()
    wanted |= {"batch"} if spec.batched else set()
    wanted |= {"chunks"} if spec.chunks else set()
    assert wanted <= tags, f"no case tagged {wanted - tags}"
    names = [case.name for case in spec.cases]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("spec", SPECS)
def test_tolerances_give_their_reason(spec: OpSpec) -> None:
    assert set(spec.dtypes) <= set(spec.tolerance)
    assert all(tolerance.reason for tolerance in spec.tolerance.values())
    assert spec.missing


@pytest.mark.parametrize("spec", SPECS)
def test_the_reference_has_the_same_signature(spec: OpSpec) -> None:
    names = [list(inspect.signature(f).parameters) for f in (spec.function, spec.reference)]
    assert names[0] == names[1]


@pytest.mark.parametrize("spec", SPECS)
def test_the_docstring_tells_everything(spec: OpSpec) -> None:
    text = inspect.getdoc(spec.function) or ""
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert f"{section}\n{'-' * len(section)}" in text, f"no section {section}"


@pytest.mark.parametrize("spec", SPECS)
def test_torch_backends_are_registered(spec: OpSpec) -> None:
    torch = pytest.importorskip("torch")
    if "torch" not in spec.backends:
        pytest.skip("not a torch operation")
    if not spec.native:
        pytest.skip("composed of other operations")
    if spec.register_torch is None:
        pytest.skip("an autograd function over the NumPy door")
    from marey._runtime import torch_ops

    operator = f"marey::{spec.basename}"
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    assert has(operator, "CPU")
    assert has(operator, "Meta") or torch._library.simple_registry.singleton.find(operator).fake_impl.kernel
    assert not spec.differentiable or has(operator, "Autograd")
    if "cuda" in spec.backends and "cuda" in spec.native and torch_ops.cuda_loaded:
        assert has(operator, "CUDA")


@pytest.mark.parametrize("spec", SPECS)
def test_the_documentation_lists_it(spec: OpSpec) -> None:
    assert f"autofunction:: marey.{spec.name}\n" in (ROOT / "docs/api.md").read_text()


def test_the_support_table_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("support_table", ROOT / "docs/support_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "README.md").read_text()
    assert text == module.with_table(text), "run python docs/support_table.py --write"


def test_the_contract_asks_for_every_check() -> None:
    """A check that no operation asks for would pass unseen."""
    from marey._runtime.contract import _CHECKS

    asked = {item.check for spec in all_specs() for item in plan(spec)}
    assert asked == set(_CHECKS)
