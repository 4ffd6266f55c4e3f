"""What every module with a recurrence keeps: compiled, exported, under autocast, saved, streamed, in two processes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from modules import EXAMPLES, Example, loss, seeded  # noqa: E402


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Example:
    return EXAMPLES[request.param]


def gradients(example: Example, module: torch.nn.Module) -> list[torch.Tensor]:
    value = loss(example, module, example.inputs())
    return list(torch.autograd.grad(value, list(module.parameters())))


def test_every_parameter_learns(example: Example) -> None:
    module = seeded(example)
    names = [name for name, _ in module.named_parameters()]
    for name, gradient in zip(names, gradients(example, module), strict=True):
        assert gradient.isfinite().all(), name
        assert gradient.abs().max() > 0, name


def test_compiled_whole_equals_eager(example: Example) -> None:
    module = seeded(example)
    eager = gradients(example, module)
    torch.compiler.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(gradients(example, compiled), eager, rtol=1e-4, atol=1e-5)


def test_exported_equals_eager(example: Example) -> None:
    module = seeded(example).eval()
    inputs = example.inputs()
    with torch.no_grad():
        program = torch.export.export(module, inputs)
        torch.testing.assert_close(
            example.first(program.module()(*inputs)), example.first(module(*inputs)), rtol=1e-6, atol=1e-6
        )


def test_under_autocast_it_computes_near_float32(example: Example) -> None:
    module, inputs = seeded(example), example.inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = [a.bfloat16() if a.is_floating_point() else a for a in inputs]
        result = example.first(module(*half))
        result.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.dtype == p.dtype and p.grad.isfinite().all() for p in module.parameters())
    with torch.no_grad():
        expected = example.first(module(*(a.float() if a.is_floating_point() else a for a in half)))
    result = result.detach()
    # bfloat16 keeps 8 bits: a few roundings of 4e-3 of the largest values.
    torch.testing.assert_close(result.float(), expected, rtol=0.03, atol=0.03 * float(expected.abs().max()))


def test_the_state_dict_brings_it_back(example: Example) -> None:
    module = seeded(example)
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    buffer.seek(0)
    torch.manual_seed(1)
    other = example.make()
    other.load_state_dict(torch.load(buffer, weights_only=True))
    inputs = example.inputs()
    assert torch.equal(example.first(other(*inputs)), example.first(module(*inputs)))


def test_a_stream_equals_the_batch(example: Example) -> None:
    module, inputs = seeded(example), example.inputs()
    with torch.no_grad():
        torch.testing.assert_close(example.stream(module, inputs), example.batch(module, inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one() -> None:
    """DistributedDataParallel over gloo, half of the batch each."""
    script = Path(__file__).with_name("two_processes.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal") == len(EXAMPLES)
