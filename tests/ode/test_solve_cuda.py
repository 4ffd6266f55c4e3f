"""ode.solve's GPU kernel: on the host's threads, and on a GPU where one is; its compilation by NVRTC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from on_host import COMPILER, Host
from systems import hires, lotka_volterra, random_lotka_volterra, robertson, van_der_pol

import marey
import marey.math as mm
from marey import ode
from marey._runtime import nvrtc
from marey.errors import BackendError
from marey.ode import _cuda, _torch, functions

torch = pytest.importorskip("torch")
pytest.importorskip("llvmlite")

TIMES = np.linspace(0.0, 20.0, 41)


@marey.model
def decay(t: Any, y: Any, p: Any) -> Any:
    return (-p[0] * y[0],)


@marey.model
def spin(t: Any, y: Any, p: Any) -> Any:
    return y[1] * p[0], -y[0] * p[0]


@marey.model
def fails(t: Any, y: Any, p: Any) -> Any:
    return (mm.where(p[0] > 1.5, mm.log(p[1] - t), p[0] * y[0] * y[0]),)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("kernels"))


@pytest.fixture(
    params=[
        pytest.param("cpu", marks=pytest.mark.skipif(COMPILER is None, reason="no C++ compiler"), id="emulated"),
        pytest.param("cuda", marks=pytest.mark.gpu),
    ]
)
def device(request: pytest.FixtureRequest) -> Any:
    """Where the kernel runs: a GPU, or CPU tensors given to the same code with the host's threads beneath it."""
    if request.param == "cpu":
        host = request.getfixturevalue("host")
        patch = request.getfixturevalue("monkeypatch")
        patch.setattr(_cuda, "launch", host)
        patch.setattr(_torch, "_solve", _cuda.solve_cuda)
    return torch.device(request.param)


def both(device: Any, model: Any, y0: Any, t: Any, params: Any = None, **options: Any) -> tuple[Any, ode.Solution]:
    """The kernel's solution, as arrays, and the CPU's."""
    cpu = ode.solve(model, np.asarray(y0, float), t, None if params is None else np.asarray(params, float), **options)
    there = [None if x is None else torch.tensor(np.asarray(x, float), device=device) for x in (y0, params)]
    gpu = ode.solve(model, there[0], t, there[1], **options)
    assert gpu.y.device.type == device.type
    return gpu, cpu


def assert_same(gpu: Any, cpu: ode.Solution, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    """The same steps, so the same numbers but for the roundings of other logarithms and sums."""
    for name in ("status", "stiff", "event_offsets", "event_index"):
        if getattr(cpu, name) is not None:
            np.testing.assert_array_equal(getattr(gpu, name).cpu(), getattr(cpu, name), err_msg=name)
    for name in ("t", "y", "sens", "event_time", "event_y"):
        if getattr(cpu, name) is not None:
            np.testing.assert_allclose(getattr(gpu, name).cpu(), getattr(cpu, name), rtol=rtol, atol=atol, err_msg=name)
    for name in ("accepted", "rejected"):
        np.testing.assert_allclose(getattr(gpu, name).cpu(), getattr(cpu, name), atol=2, err_msg=name)


@pytest.mark.parametrize("method", ["tsit5", "vern7", "rodas5p", "auto"])
def test_methods_equal_the_cpu(device: Any, method: Any) -> None:
    y0, params = random_lotka_volterra(23)
    own = TIMES + np.linspace(0.0, 3.0, 23)[:, None]
    assert_same(*both(device, lotka_volterra, y0, own, params, method=method, t0=-0.5))
    assert_same(*both(device, lotka_volterra, y0[0], TIMES, params, method=method, max_step=0.3, first_step=1e-3))


def test_stiff_problems_equal_the_cpu(device: Any) -> None:
    times = np.concatenate([[0.0], np.logspace(-2, 5, 8)])
    params = np.array([0.04, 3e7, 1e4]) * np.linspace(0.5, 2.0, 7)[:, None]
    assert_same(*both(device, robertson, [1.0, 0.0, 0.0], times, params, method="rodas5p"), rtol=1e-6)
    start = [1.0, 0, 0, 0, 0, 0, 0, 0.0057]
    assert_same(*both(device, hires, start, [0.0, 1.0, 321.8122], method="rodas5p"), rtol=1e-6)


def test_auto_sends_only_stiff_problems_to_the_stiff_method(device: Any) -> None:
    stiffness = [[1.0], [1e-6], [0.5], [1e-5]]
    gpu, cpu = both(device, van_der_pol, [2.0, 0.0], [0.0, 1.0, 2.0], stiffness)
    assert cpu.stiff.tolist() == [False, True, False, True]
    assert_same(gpu, cpu, rtol=1e-6)


def test_doses_and_derivatives_equal_the_cpu(device: Any) -> None:
    doses = ode.Doses([0, 0, 1, 1, 1], [1.0, 2.0, 0.5, 1.5, 3.0], [0] * 5, [2.0, 1.0, 4.0, -4.0, 7.0],
                      ["add", "add", "rate", "rate", "set"])  # fmt: skip
    times = np.array([0.0, 0.25, 1.0, 1.25, 2.0, 2.5, 3.0, 3.5])
    for by in (None, "params", "y0"):
        assert_same(*both(device, decay, [1.0], times, [[0.7], [0.3]], doses=doses, rtol=1e-8, sens=by))


def test_events_equal_the_cpu(device: Any) -> None:
    crosses_zero = marey.model(lambda t, y, p: y[0])
    falls_to_minus_half = marey.model(lambda t, y, p: y[1] + 0.5)
    speeds = [[1.0], [2.0], [0.1]]
    events = {"events": [crosses_zero, falls_to_minus_half], "direction": [-1, 0]}
    start = [0.5, np.sqrt(0.75)]
    gpu, cpu = both(device, spin, start, [0.0, 3.0, 20.0], speeds, rtol=1e-9, **events)
    assert len(cpu.event_time) > 20
    assert_same(gpu, cpu, rtol=1e-8)
    assert_same(*both(device, spin, start, [0.0, 1.0, 5.0, 9.0], speeds, terminal=[True, False], **events), rtol=1e-6)
    with pytest.raises(ValueError, match=r"problem 1 has \d+ events; `max_events` is 2"):
        both(device, spin, start, [0.0, 20.0], speeds, max_events=2, **events)


def test_an_output_at_a_terminal_root_is_the_state_there(device: Any) -> None:
    at_five = marey.model(lambda t, y, p: t - 5.0)
    gpu, cpu = both(device, decay, [1.0], np.arange(11.0), [[0.1], [0.3]], events=[at_five], terminal=True, rtol=1e-9)
    assert_same(gpu, cpu)
    np.testing.assert_allclose(gpu.y[:, 0, 4].cpu(), np.exp([-0.4, -1.2]), rtol=1e-8)


def test_each_failing_problem_has_its_own_status(device: Any) -> None:
    params = [[0.1, 0.0], [1.0, 0.0], [2.0, 0.5], [0.2, 0.0]]
    gpu, cpu = both(device, fails, [1.0], np.linspace(0.0, 2.0, 9), params, method="tsit5", max_steps=2000)
    assert cpu.success.tolist() == [True, False, False, True]
    assert_same(gpu, cpu, rtol=1e-7)  # the last output of 1 / (1 - t) is 1.8e6
    with pytest.raises(ValueError, match="2 of 4 problems failed; problem 1"):
        gpu.raise_for_status()
    assert "2 finished" in repr(gpu)


def test_gradients_are_the_sensitivities(device: Any) -> None:
    y0 = torch.tensor([[0.6], [0.9]], dtype=torch.float64, device=device, requires_grad=True)
    rate = torch.tensor([[0.3], [0.5]], dtype=torch.float64, device=device, requires_grad=True)
    y = ode.solve(decay, y0, [0.0, 1.0, 4.0], rate, rtol=1e-9).y
    y.sum().backward()
    t, k, start = torch.tensor([0.0, 1.0, 4.0], dtype=torch.float64), rate.detach().cpu(), y0.detach().cpu()
    torch.testing.assert_close(y0.grad.cpu(), torch.exp(-k * t).sum(1, keepdim=True), rtol=1e-7, atol=0.0)
    expected = (-t * start * torch.exp(-k * t)).sum(1, keepdim=True)
    torch.testing.assert_close(rate.grad.cpu(), expected, rtol=1e-7, atol=0.0)


def test_edges_and_bad_input(device: Any) -> None:
    def there(x: Any) -> Any:
        return torch.as_tensor(np.asarray(x, float), device=device)

    assert ode.solve(decay, there(np.ones((0, 1))), TIMES, there(np.ones((0, 1)))).y.shape == (0, 1, 41)
    alone = ode.solve(decay, there([2.0]), [5.0], there([1.0]))
    assert alone.y.tolist() == [[[2.0]]]
    again = ode.solve(decay, there([2.0]), [0.0, 3.0], there([0.5]))
    torch.testing.assert_close(again.at([0.0, 1.0, 3.0]).y[..., -1], again.y[..., -1])
    with pytest.raises(ValueError, match=r"`params\[1, 0\]` is nan; expected a finite number"):
        ode.solve(decay, there([1.0]), TIMES, there([[0.5], [np.nan]]))
    with pytest.raises(ValueError, match="`y0` has shape"):
        ode.solve(decay, there(1.0), TIMES, there([0.5]))
    with pytest.raises(ValueError, match="returns 1 derivatives; `y0` has 2 states"):
        ode.solve(decay, there([1.0, 2.0]), TIMES, there([0.5]))
    with pytest.raises(TypeError, match=r"on a GPU `model` and `events` must be functions under marey\.model"):
        ode.solve(lambda t, y, p: -y, there([1.0]), TIMES, there([0.5]))


def compiler() -> None:
    try:
        nvrtc.compile_source('extern "C" __global__ void nothing() {}', {}, "compute_90")
    except BackendError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("method", ["tsit5", "vern7", "rodas5p"])
def test_nvrtc_compiles_the_kernel(method: str) -> None:
    compiler()
    program = functions.with_parameters(robertson, 3, 3)
    roots = functions.roots_program((marey.model(lambda t, y, p: y[0] - p[0]),), 3, 3)
    for function in (None, roots):
        text = _cuda.source(program, function, method)
        assert b".entry solve" in nvrtc.compile_source(text, _cuda.headers(), "compute_90")


def test_nvrtc_tells_what_is_wrong_and_where() -> None:
    compiler()
    with pytest.raises(BackendError, match=r"(?s)NVRTC: .*model\.cu\(2\).*\"nowhere\""):
        nvrtc.compile_source("__global__ void f() {\nnowhere(); }", {}, "compute_90")
