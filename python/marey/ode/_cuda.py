"""solve on a CUDA GPU: one problem a thread, the whole solve in one kernel that is compiled with the model in it."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from marey._model.graph import ordered
from marey._model.model import Model
from marey._model.program import Program
from marey._runtime import native, nvrtc
from marey.ode.functions import roots_program, state_jacobian, with_parameters
from marey.ode.sensitivity import rows
from marey.ode.solution import Solution, collect
from marey.ode.solve import _explicit, _extended, _task, _times

__all__ = ["Problems", "headers", "launch", "solve_cuda", "source"]

BLOCK = 128
_STEPPERS = {
    "tsit5": "Explicit<Tsit5, Model>",
    "vern7": "Explicit<Vern7, Model>",
    "rodas5p": "Rosenbrock<Rodas5P, Model>",
}
_INLINE = 200  # operations: a longer function is called, not copied into every stage

_INTEGERS = ("n", "n_times", "own_times", "max_steps", "notice_stiffness", "only_stiff", "most_roots")
_NUMBERS = ("rtol", "first_step", "max_step")
_ARRAYS = (
    "y0", "params", "times", "t0", "atol", "dose_offsets", "dose_time", "dose_amount", "dose_kind", "dose_state",
    "direction", "terminal", "root_time", "root_index", "root_y", "root_count", "y", "outcome", "accepted", "rejected",
    "stiff", "ticket",
)  # fmt: skip


class Problems(ctypes.Structure):
    """The kernel's argument, field by field that of cuda/jit/ode/scalar.cuh."""

    _fields_ = (
        *((name, ctypes.c_longlong) for name in _INTEGERS),
        *((name, ctypes.c_double) for name in _NUMBERS),
        *((name, ctypes.c_void_p) for name in _ARRAYS),
    )


@functools.cache
def headers() -> dict[str, str]:
    """The solver's sources by name, as they are installed beside the C++ core."""
    folder = Path(str(native.core().__file__)).parent / "_jit" / "ode"
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@functools.lru_cache(maxsize=64)
def source(program: Program, roots: Program | None, method: str) -> str:
    """The kernel's source for a model, its root functions and a method."""
    functions = {"rates": program, "roots": roots, "derivatives": None}
    if method == "rodas5p":
        functions["derivatives"] = state_jacobian(program)
    texts, calls = [_PRELUDE], []
    for name, function in functions.items():
        if function is None:
            continue
        kind = "__forceinline__" if len(list(ordered(function.outputs))) <= _INLINE else "__noinline__"
        texts.append(replace(function, name=name).c_source(f"static __device__ {kind}"))
        calls.append(_CALL.format(name={"rates": "f", "derivatives": "jacobian"}.get(name, name), function=name))
    return "\n".join(texts) + _KERNEL.format(
        n=len(program.outputs),
        n_params=len(program.inputs("p")),
        n_roots=0 if roots is None else len(roots.outputs),
        functions="".join(calls),
        stepper=_STEPPERS[method],
    )


_PRELUDE = """#include "solve.cuh"
#ifndef INFINITY
#define INFINITY marey::ode::infinite()
#define NAN marey::ode::not_a_number()
#endif
"""
_CALL = """  __device__ static void {name}(const double* t, const double* y, const double* p, double* out) {{
    ::{function}(t, y, p, out);
  }}
"""
_KERNEL = """
struct Model {{
  static constexpr int n = {n}, n_params = {n_params}, n_roots = {n_roots};
{functions}}};

using namespace marey::ode;
extern "C" __global__ void __launch_bounds__(128) solve(const __grid_constant__ Problems problems) {{
  Drive<{stepper}, Model>(problems).run();
}}
"""


def launch(text: str, problems: Problems, device: Any) -> None:
    """Runs the kernel on the device's current stream."""
    import torch

    with torch.cuda.device(device):
        nvrtc.kernel(text, headers(), "solve", device).launch(problems, problems.n, BLOCK)


def solve_cuda(
    model: Any,
    y0: Any,
    t_eval: Any,
    params: Any,
    *,
    method: str,
    rtol: float,
    atol: Any,
    t0: Any,
    doses: Any,
    events: Sequence[Any],
    direction: Any,
    terminal: Any,
    max_events: int,
    sens: str | None,
    y0_by: Any,
    jacobian: Any,
    first_step: float | None,
    max_step: float,
    max_steps: int,
) -> Solution:
    """`marey.ode.solve` of tensors on a GPU, tensors there back. Times and doses are checked on the host."""
    import torch

    if not isinstance(model, Model) or not all(isinstance(e, Model) for e in events) or jacobian is not None:
        raise TypeError(
            "on a GPU `model` and `events` must be functions under marey.model, without a `jacobian` of their own: "
            "they are compiled for it"
        )
    device = y0.device
    params = torch.zeros(0, dtype=torch.float64, device=device) if params is None else params
    n, times, start_at = _times(tuple(y0.shape), tuple(params.shape), t_eval, t0)
    for name, x in (("y0", y0), ("params", params)):
        if not bool(torch.isfinite(x).all()):
            place = [int(i) for i in torch.nonzero(~torch.isfinite(x))[0]]
            raise ValueError(f"`{name}{place}` is {float(x[tuple(place)])}; expected a finite number")
    n_states, n_params = y0.shape[-1], params.shape[-1]
    task = _task(
        model, n, n_states, n_params, start_at, method=method, rtol=rtol, atol=atol, doses=doses, n_events=len(events),
        direction=direction, terminal=terminal, sens=sens, first_step=first_step, max_step=max_step,
        max_steps=max_steps,
    )  # fmt: skip
    program = with_parameters(model, n_states, n_params)
    if len(program.outputs) != n_states:
        raise ValueError(f"{model.__name__} returns {len(program.outputs)} derivatives; `y0` has {n_states} states")
    roots = roots_program(tuple(events), n_states, n_params) if events else None
    if sens is not None:
        program = _extended(program, sens)

    def put(x: Any) -> Any:
        return torch.tensor(np.ascontiguousarray(x), device=device)

    def empty(*shape: int, dtype: Any = torch.float64) -> Any:
        return torch.empty(shape, dtype=dtype, device=device)

    states = y0.expand(n, -1)
    if sens is not None:
        states = torch.cat([states, put(rows(n, n_states, task.columns, sens, y0_by))], dim=1)
    n_all, length = states.shape[1], times.shape[-1]
    given = {
        "y0": states.contiguous(), "params": params.expand(n, -1).contiguous(), "times": put(times),
        "t0": put(start_at), "atol": put(task.tolerance), "direction": put(task.directions), "terminal": put(task.ends),
    }  # fmt: skip
    if task.doses is not None:
        names = ("dose_offsets", "dose_time", "dose_kind", "dose_state", "dose_amount")
        given |= {name: put(column) for name, column in zip(names, task.doses, strict=True)}
    found = {
        "y": empty(n, n_all, length),
        "outcome": empty(n, dtype=torch.int32),
        "accepted": empty(n, dtype=torch.int64),
        "rejected": empty(n, dtype=torch.int64),
        "stiff": torch.zeros(n, dtype=torch.bool, device=device),
    }
    if events:
        found |= {
            "root_time": empty(n, max_events),
            "root_index": empty(n, max_events, dtype=torch.int32),
            "root_y": empty(n, max_events, n_all),
            "root_count": empty(n, dtype=torch.int64),
        }

    def run(name: str, *, notice: bool = False, only_stiff: bool = False) -> None:
        ticket = torch.zeros(1, dtype=torch.int64, device=device)
        problems = Problems(
            n=n, n_times=length, own_times=times.ndim == 2, max_steps=max_steps, notice_stiffness=notice,
            only_stiff=only_stiff, most_roots=max_events, rtol=rtol, first_step=first_step or 0.0, max_step=max_step,
            **{key: x.data_ptr() for key, x in (given | found | {"ticket": ticket}).items()},
        )  # fmt: skip
        launch(source(program, roots, name), problems, device)

    if n:
        if method == "auto":
            run(_explicit(rtol), notice=True)
            run("rodas5p", only_stiff=True)
        else:
            run(method)
    stiff = found.pop("stiff")
    return collect(
        found, put(times), stiff, n_states, task.columns, len(events), max_events, torch, torch.Tensor.contiguous
    )
