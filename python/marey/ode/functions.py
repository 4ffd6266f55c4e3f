"""A right-hand side, however it is given, as the address of a function over blocks of sixteen problems."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from marey._model.graph import Graph, Node, fold
from marey._model.lanes import LANES, compile_program
from marey._model.model import Model
from marey._model.program import Argument, Program

__all__ = ["System", "address_of", "roots_program", "state_jacobian", "system"]

_SIGNATURE = "void (double *, double *, double *, double *)"


@dataclass
class System:
    """Addresses of f, its Jacobian and the roots (0: none), what keeps them alive, and an error raised in Python."""

    f: int
    jacobian: int = 0
    roots: int = 0
    keep: list[Any] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    program: Program | None = None

    def reraise(self) -> None:
        if self.errors:
            raise self.errors[0]


def system(model: Any, n_states: int, n_params: int, events: Sequence[Any], jacobian: Any, stiff: bool) -> System:
    """The system of a model, an address or a Python callable."""
    made = System(0)
    if isinstance(model, Model):
        made.program = with_parameters(model, n_states, n_params)
        if len(made.program.outputs) != n_states:
            raise ValueError(
                f"{model.__name__} returns {len(made.program.outputs)} derivatives; `y0` has {n_states} states"
            )
        made.f = _compiled(made, made.program)
        if stiff and jacobian is None:
            made.jacobian = _compiled(made, state_jacobian(made.program))
    else:
        made.f = address_of(model, made, n_states, n_params, n_states, "model")
    if jacobian is not None:
        made.jacobian = address_of(jacobian, made, n_states, n_params, n_states * (n_states + 1), "jacobian")
    if events:
        made.roots = _roots(events, made, n_states, n_params)
    return made


@functools.lru_cache(maxsize=256)
def state_jacobian(program: Program) -> Program:
    """(n, n + 1): by the states and, last, by time."""
    return program.jacobian("y", "t")


def _compiled(made: System, program: Program) -> int:
    code = compile_program(program)
    made.keep.append(code)
    return code.address


def with_parameters(model: Model, n_states: int, n_params: int) -> Program:
    """The model traced as f(t, y, p); a model of t and y alone has no parameters."""
    if len(model.arguments) not in (2, 3):
        raise ValueError(f"{model.__name__}({', '.join(model.arguments)}) must take (t, y, p) or (t, y)")
    if len(model.arguments) == 2 and n_params:
        raise ValueError(f"{model.__name__}({', '.join(model.arguments)}) takes no parameters; `params` has {n_params}")
    sizes = dict(zip(model.arguments[1:], (n_states, n_params), strict=False))
    return standard(model.program(**sizes))


@functools.lru_cache(maxsize=256)
def standard(program: Program) -> Program:
    """The same under the names t, y and p, whatever the user calls them; p may be empty."""
    graph = Graph()
    given = program.arguments
    renamed = {a.name: name for a, name in zip(given, ("t", "y", "p"), strict=False)}
    sizes = {renamed[a.name]: a for a in given}
    arguments = [Argument("t", None)]
    for name in ("y", "p"):
        a = sizes.get(name)
        arguments.append(Argument(name, a.size if a else 0, a.entries if a else None))

    def leaf(node: Node) -> Node:
        if node.op == "constant":
            return graph.constant(node.value)
        name, index = node.value
        return graph.input(renamed[name], index)

    outputs = fold(program.outputs, leaf, lambda node, args: graph.apply(node.op, *args))
    return Program(program.name, tuple(arguments), graph, tuple(outputs))


def address_of(function: Any, made: System, n_states: int, n_params: int, n_out: int, name: str) -> int:
    """Of a numba.cfunc, a LowLevelCallable, an integer, or a Python callable ``f(t, y, p)`` on arrays."""
    made.keep.append(function)
    if isinstance(function, int) and not isinstance(function, bool):
        return function
    address = getattr(function, "address", None)  # numba.cfunc
    if isinstance(address, int):
        return address
    if type(function).__name__ == "LowLevelCallable":
        return _of_capsule(function)
    if callable(function):
        callback = _callback(function, made, n_states, n_params, n_out)
        made.keep.append(callback)
        return int(ctypes.cast(callback, ctypes.c_void_p).value or 0)
    raise TypeError(
        f"`{name}` is a {type(function).__name__}; expected a function under marey.model, a numba.cfunc, a "
        "LowLevelCallable, an address, or a callable f(t, y, p) on arrays"
    )


def _of_capsule(function: Any) -> int:
    signature = " ".join(str(function.signature).replace("const ", "").split())
    if signature.replace(" ", "") != _SIGNATURE.replace(" ", ""):
        raise ValueError(f"the LowLevelCallable has the signature {signature!r}; expected {_SIGNATURE!r}")
    value = function.function
    if hasattr(value, "address"):
        return int(value.address)
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get(function[0], str(function.signature).encode()))


_CALLBACK = ctypes.CFUNCTYPE(None, *[ctypes.POINTER(ctypes.c_double)] * 4)


def _callback(function: Callable[..., Any], made: System, n_states: int, n_params: int, n_out: int) -> Any:
    def call(t: Any, y: Any, p: Any, out: Any) -> None:
        target = np.ctypeslib.as_array(out, (n_out, LANES))
        if made.errors:
            target[...] = np.nan
            return
        try:
            states = np.ctypeslib.as_array(y, (n_states, LANES))
            given = np.ctypeslib.as_array(p, (n_params, LANES)) if n_params else np.empty((0, LANES))
            result = function(np.ctypeslib.as_array(t, (LANES,)), states, given)
            target[...] = np.asarray([np.broadcast_to(r, LANES) for r in result], dtype=np.float64)
        except BaseException as error:
            made.errors.append(error)
            target[...] = np.nan

    return _CALLBACK(call)


def _roots(events: Sequence[Any], made: System, n_states: int, n_params: int) -> int:
    if all(isinstance(e, Model) for e in events):
        return _compiled(made, roots_program(tuple(events), n_states, n_params))
    if any(isinstance(e, Model) or not callable(e) for e in events):
        raise TypeError("`events` must be functions under marey.model, or all plain callables g(t, y, p) on arrays")
    return address_of(lambda t, y, p: [e(t, y, p) for e in events], made, n_states, n_params, len(events), "events")


@functools.lru_cache(maxsize=256)
def roots_program(events: tuple[Model, ...], n_states: int, n_params: int) -> Program:
    """The event functions as one program of as many values."""
    programs = [with_parameters(e, n_states, n_params) for e in events]
    for e, program in zip(events, programs, strict=True):
        if len(program.outputs) != 1:
            raise ValueError(f"the event {e.__name__} returns {len(program.outputs)} values; expected one")
    graph = Graph()
    joined: list[Node] = []
    for program in programs:
        joined += _moved(program, graph)
    return Program("events", programs[0].arguments, graph, tuple(joined))


def _moved(program: Program, graph: Graph) -> list[Node]:
    def leaf(node: Node) -> Node:
        return graph.constant(node.value) if node.op == "constant" else graph.input(*node.value)

    return fold(program.outputs, leaf, lambda node, args: graph.apply(node.op, *args))
