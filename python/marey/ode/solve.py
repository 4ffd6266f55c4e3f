"""solve: many initial value problems of one system."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from marey._model.model import Model
from marey._model.program import Program
from marey._runtime import native
from marey._runtime.doors import is_torch
from marey.ode.doses import Doses
from marey.ode.functions import System, state_jacobian, system
from marey.ode.sensitivity import extended, rows
from marey.ode.solution import Solution, collect

__all__ = ["solve"]

_METHODS = ("auto", "tsit5", "vern7", "rodas5p")
_STIFF = 5


def solve(
    model: Any,
    y0: Any,
    t_eval: Any,
    params: Any = None,
    *,
    method: Literal["auto", "tsit5", "vern7", "rodas5p"] = "auto",
    rtol: float = 1e-6,
    atol: Any = 1e-9,
    t0: Any = None,
    doses: Doses | None = None,
    events: Sequence[Any] = (),
    direction: Sequence[int] | int = 0,
    terminal: Sequence[bool] | bool = False,
    max_events: int = 64,
    sens: Literal["params", "y0"] | None = None,
    y0_by: Any = None,
    jacobian: Any = None,
    first_step: float | None = None,
    max_step: float = np.inf,
    max_steps: int = 100_000,
) -> Solution:
    r"""Solves N problems :math:`dy/dt = f(t, y, p)`, each with its own parameters, start and steps.

    Parameters
    ----------
    model : Model, address or callable
        A function ``f(t, y, p)`` under `marey.model`: compiled, its Jacobian exact. Or the address of compiled code
        (an integer, a ``numba.cfunc``, a ``LowLevelCallable``) of the signature ``void(double* t, double* y,
        double* p, double* dy)`` over blocks of 16 problems, entry i of problem l at ``i * 16 + l``. Or a plain
        callable on arrays, called once a stage for 16 problems: t (16,), y (n, 16), p (k, 16), giving n rows.
    y0 : (N, n) or (n,)
        States at ``t0``. float64; a torch tensor gives tensors back, with gradients for ``y0`` and ``params``. Tensors
        on a CUDA GPU are solved there, one problem a thread (``model`` and ``events`` under `marey.model`).
    t_eval : (T,) or (N, T)
        Times of the outputs, rising; the last ends the problem.
    params : (N, k) or (k,), optional
        Parameters of each problem.
    method : str
        ``tsit5`` (order 5, not stiff), ``vern7`` (order 7, not stiff, for tight tolerances), ``rodas5p`` (order 5,
        stiff), or ``auto``: ``tsit5``, or ``vern7`` below ``rtol`` 1e-8; a problem whose steps stability bounds is
        given to ``rodas5p``.
    rtol, atol : float, float or (n,)
        A step's error is kept below ``atol + rtol |y|`` in the root mean square over the states (sensitivities
        included).
    t0 : float or (N,), optional
        Where the problems start; the first of ``t_eval`` if left out.
    doses : Doses, optional
        Boluses, infusions and resets at fixed times. A step ends at each; an output at that time shows the state
        before it.
    events : sequence of Model or of callables
        Functions g(t, y, p) of one value; where one changes sign there is an event.
    direction : int or sequence of int
        1: only where it rises through zero, -1: only where it falls, 0: both.
    terminal : bool or sequence of bool
        Whether the problem ends there; later outputs are NaN.
    max_events : int
        Events kept of one problem; more are an error that says so.
    sens : {"params", "y0"}, optional
        Also solve for the derivatives of ``y``, exact through doses (forward variational equations).
    y0_by : (N, n, k) or (n, k), optional
        Derivatives of ``y0`` by the parameters where it depends on them, for ``sens="params"``.
    jacobian : address or callable, optional
        For a model that is no `Model`: n (n + 1) entries, row by row ``df_i/dy_0 .. df_i/dy_n-1, df_i/dt``. Without
        it the stiff method takes differences.
    first_step, max_step, max_steps : optional
        Of each problem.

    Returns
    -------
    Solution
        ``y`` (N, n, T), ``status`` (N,), steps, events, ``sens`` (N, n, k, T). One failing problem has its own
        status and NaN from where it failed; the others are whole.

    Raises
    ------
    ValueError, TypeError
        If a shape, a time, a tolerance or a dose does not fit: it names the argument, the row and the rule.
    BackendError
        On a GPU, if torch's NVRTC or the driver is missing, or the model does not compile: it says which.

    Notes
    -----
    Sixteen problems are solved side by side in SIMD lanes; a lane takes the next problem when its own has ended.
    Neither lane, batch order nor the number of threads changes a bit. Tsitouras, Comput Math Appl 62:770, 2011;
    Verner, Numer Algorithms 53:383, 2010; Steinebach, BIT 63:27, 2023.

    Examples
    --------
    Warfarin in two people, 100 mg by mouth (one-compartment model, rates per hour):

    >>> import numpy as np
    >>> import marey
    >>> from marey import ode
    >>> @marey.model(y="gut blood", p="ka ke")
    ... def oral(t, y, p):
    ...     return -p.ka * y.gut, p.ka * y.gut - p.ke * y.blood
    >>> people = np.array([[1.0, 0.02], [0.5, 0.03]])
    >>> s = ode.solve(oral, [100.0, 0.0], [0.0, 6.0, 24.0], people)
    >>> s.y[:, 1].round(2)
    array([[ 0.  , 90.25, 63.14],
           [ 0.  , 83.56, 51.78]])
    """
    if any(is_torch(x) for x in (y0, params, t_eval)):
        from marey.ode._torch import solve_torch

        options = {k: v for k, v in locals().items() if k not in ("model", "y0", "t_eval", "params")}
        options.pop("solve_torch")
        return solve_torch(model, y0, t_eval, params, **options)
    states, times, parameters, start_at = _inputs(y0, t_eval, params, t0)
    n, n_states = states.shape
    task = _task(
        model, n, n_states, parameters.shape[1], start_at, method=method, rtol=rtol, atol=atol, doses=doses,
        n_events=len(events), direction=direction, terminal=terminal, sens=sens, first_step=first_step,
        max_step=max_step, max_steps=max_steps,
    )  # fmt: skip
    whole = states
    if sens is not None:
        whole = np.concatenate([states, rows(n, n_states, task.columns, sens, y0_by)], axis=1)

    def run(name: str, which: np.ndarray[Any, Any], notice: bool) -> dict[str, Any]:
        stiffly = name == "rodas5p"
        chosen = _system(model, n_states, parameters.shape[1], events, jacobian, stiffly, sens)
        result: dict[str, Any] = native.core().ode_solve(
            chosen.f,
            chosen.jacobian,
            whole,
            parameters,
            times,
            start_at,
            which,
            name,
            float(rtol),
            task.tolerance,
            float(first_step or 0.0),
            float(max_step),
            int(max_steps),
            notice,
            task.doses,
            chosen.roots,
            task.directions,
            task.ends,
            int(max_events),
        )
        chosen.reraise()
        return result

    everyone = np.arange(n)
    result = run(_explicit(rtol) if method == "auto" else method, everyone, method == "auto")
    stiff = np.zeros(n, dtype=bool)
    if method == "auto" and (result["outcome"] == _STIFF).any():
        stiff = result["outcome"] == _STIFF
        again = run("rodas5p", np.flatnonzero(stiff), False)
        for name, column in result.items():
            column[stiff] = again[name][stiff]
    solution = collect(result, times, stiff, n_states, task.columns, len(events), max_events)
    return replace(solution, _again=lambda t: solve(
        model, y0, t, params, method=method, rtol=rtol, atol=atol, t0=start_at, doses=doses, events=events,
        direction=direction, terminal=terminal, max_events=max_events, sens=sens, y0_by=y0_by, jacobian=jacobian,
        first_step=first_step, max_step=max_step, max_steps=max_steps,
    ))  # fmt: skip


def _system(
    model: Any, n_states: int, n_params: int, events: Sequence[Any], jacobian: Any, stiff: bool, sens: str | None
) -> System:
    made = system(model, n_states, n_params, events, jacobian, stiff and sens is None)
    if sens is not None:
        from marey._model.lanes import compile_program

        assert made.program is not None
        larger = _extended(made.program, sens)
        codes = [compile_program(larger)] + ([compile_program(state_jacobian(larger))] if stiff else [])
        made.keep += codes
        made.f, made.jacobian = codes[0].address, codes[1].address if stiff else 0
    return made


@functools.lru_cache(maxsize=64)
def _extended(program: Program, by: str) -> Program:
    return extended(program, by)


@dataclass(frozen=True)
class _Task:
    """What a solve needs beside its arrays, checked."""

    columns: int  # of sensitivities
    tolerance: np.ndarray[Any, Any]  # of all states, sensitivities included
    doses: tuple[np.ndarray[Any, Any], ...] | None
    directions: np.ndarray[Any, Any]
    ends: np.ndarray[Any, Any]


def _task(
    model: Any,
    n: int,
    n_states: int,
    n_params: int,
    start_at: np.ndarray[Any, Any],
    *,
    method: str,
    rtol: float,
    atol: Any,
    doses: Doses | None,
    n_events: int,
    direction: Any,
    terminal: Any,
    sens: str | None,
    first_step: Any,
    max_step: float,
    max_steps: int,
) -> _Task:
    _check_options(method, rtol, first_step, max_step, max_steps, sens, model)
    columns = 0 if sens is None else n_params if sens == "params" else n_states
    return _Task(
        columns,
        np.tile(_tolerance(atol, n_states), 1 + columns),
        None if doses is None else doses.packed(n, n_states, start_at, columns, sens == "params"),
        np.broadcast_to(np.asarray(direction, dtype=np.int32), (n_events,)).copy(),
        np.broadcast_to(np.asarray(terminal, dtype=bool), (n_events,)).copy(),
    )


def _explicit(rtol: float) -> str:
    """The method that `auto` begins with."""
    return "vern7" if rtol < 1e-8 else "tsit5"


def _inputs(y0: Any, t_eval: Any, params: Any, t0: Any) -> tuple[np.ndarray[Any, Any], ...]:
    states = np.asarray(y0, dtype=np.float64)
    parameters = np.zeros((0,)) if params is None else np.asarray(params, dtype=np.float64)
    n, times, start_at = _times(states.shape, parameters.shape, t_eval, t0)
    _finite(y0=states, params=parameters)
    states = np.ascontiguousarray(np.broadcast_to(states, (n, states.shape[-1])))
    parameters = np.ascontiguousarray(np.broadcast_to(parameters, (n, parameters.shape[-1])))
    return states, times, parameters, start_at


def _finite(**arrays: np.ndarray[Any, Any]) -> None:
    for name, array in arrays.items():
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            place = ", ".join(str(int(i)) for i in wrong[0])
            raise ValueError(f"`{name}[{place}]` is {array[tuple(wrong[0])]}; expected a finite number")


def _times(
    y0: tuple[int, ...], params: tuple[int, ...], t_eval: Any, t0: Any
) -> tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The number of problems, their outputs' times and starts, of these shapes of ``y0`` and ``params``."""
    times = np.ascontiguousarray(t_eval, dtype=np.float64)
    for name, shape, axes in (
        ("y0", y0, "(N, n) or (n,)"),
        ("params", params, "(N, k) or (k,)"),
        ("t_eval", times.shape, "(T,) or (N, T)"),
    ):
        if len(shape) not in (1, 2):
            raise ValueError(f"`{name}` has shape {tuple(shape)}; expected {axes}")
    counts = {
        name: shape[0] for name, shape in (("y0", y0), ("params", params), ("t_eval", times.shape)) if len(shape) == 2
    }
    start_given = None if t0 is None else np.asarray(t0, dtype=np.float64)
    if start_given is not None and start_given.ndim == 1:
        counts["t0"] = start_given.shape[0]
    n = next(iter(counts.values()), 1)
    for name, count in counts.items():
        if count != n:
            first = next(iter(counts))
            raise ValueError(f"`{name}` has {count} problems, `{first}` has {n}")
    if start_given is None:
        if times.shape[-1] == 0:
            raise ValueError("`t_eval` is empty; give `t0` or at least one time")
        start_given = times[..., 0]
    start_at = np.ascontiguousarray(np.broadcast_to(start_given, (n,)))
    _finite(t_eval=times, t0=start_at)
    falling = np.argwhere(np.diff(times, axis=-1) <= 0)
    if len(falling):
        place = ", ".join(str(int(i)) for i in (*falling[0][:-1], falling[0][-1] + 1))
        raise ValueError(f"`t_eval[{place}]` is {times[tuple(falling[0][:-1])][falling[0][-1] + 1]}; times must rise")
    if times.shape[-1]:
        earliest = np.broadcast_to(times[..., 0], (n,))
        early = np.flatnonzero(earliest < start_at)
        if len(early):
            i = int(early[0])
            raise ValueError(f"`t_eval` of problem {i} begins at {earliest[i]}, before `t0`, {start_at[i]}")
    return n, times, start_at


def _check_options(
    method: str, rtol: float, first_step: Any, max_step: float, max_steps: int, sens: Any, model: Any
) -> None:
    if method not in _METHODS:
        raise ValueError(f"`method` is {method!r}; expected one of {', '.join(_METHODS)}")
    if not 1e-14 <= rtol < 1:
        raise ValueError(f"`rtol` is {rtol}; expected 1e-14 <= rtol < 1")
    if first_step is not None and not first_step > 0:
        raise ValueError(f"`first_step` is {first_step}; expected > 0")
    if not max_step > 0:
        raise ValueError(f"`max_step` is {max_step}; expected > 0")
    if max_steps < 1:
        raise ValueError(f"`max_steps` is {max_steps}; expected >= 1")
    if sens not in (None, "params", "y0"):
        raise ValueError(f"`sens` is {sens!r}; expected None, 'params' or 'y0'")
    if sens is not None and not isinstance(model, Model):
        raise TypeError("`sens` needs a function under marey.model: its derivatives are symbolic")


def _tolerance(atol: Any, n_states: int) -> np.ndarray[Any, Any]:
    tolerance = np.asarray(atol, dtype=np.float64)
    if tolerance.ndim == 1 and tolerance.shape != (n_states,):
        raise ValueError(f"`atol` has shape {tolerance.shape}; expected a number or ({n_states},)")
    tolerance = np.ascontiguousarray(np.broadcast_to(tolerance, (n_states,)))
    if not (tolerance >= 0).all():
        raise ValueError(f"`atol` is {atol}; expected >= 0")
    return tolerance
