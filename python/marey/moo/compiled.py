"""Objectives that native threads call without the interpreter."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marey.errors import BackendError
from marey.moo._points import as_count

if TYPE_CHECKING:
    from marey.moo.space import Space

__all__ = ["Compiled", "compiled"]


@dataclass(frozen=True)
class Compiled:
    """The address of a C function for :meth:`Optimizer.minimize`.

    Its signature: ``void f(const double* x, int64_t n, double* f, int64_t m, double* g, int64_t k, const void* user)``.
    It reads the row `x` of n numbers, writes m objectives and k constraints, and may be called from several threads at
    once. `keep` holds what must live as long as the address.

    Examples
    --------
    >>> from marey.moo import Compiled
    >>> Compiled(0x7F0000000000).address > 0
    True
    """

    address: int
    user: int = 0
    n_obj: int | None = None
    n_con: int | None = None
    keep: Any = field(default=None, repr=False, compare=False)


def compiled(fn: Any, n_obj: int, n_con: int = 0) -> Compiled:
    """A plain Python function of one point, compiled by numba for :meth:`Optimizer.minimize`.

    Parameters
    ----------
    fn : callable
        ``fn(x)``, which returns `n_obj` numbers, or with constraints the two tuples ``(f, g)``; or ``fn(x, f)``,
        ``fn(x, f, g)``, which writes into the arrays `f` and `g`. `x` is a row of the space. What numba compiles is
        allowed; global arrays are constants. A function that numba has jitted already is taken as it is.
    n_obj, n_con : int
        Numbers of objectives and constraints.

    Returns
    -------
    Compiled

    Raises
    ------
    BackendError
        If numba is not installed.
    ValueError
        If `fn` takes another number of arguments.

    Notes
    -----
    An exception inside the function leaves the point without objectives: it counts as failed.

    Examples
    --------
    >>> import pytest; numba = pytest.importorskip("numba")
    >>> from marey import moo
    >>> objective = moo.compiled(lambda x: (x[0] ** 2, (x[0] - 2.0) ** 2), n_obj=2)
    >>> res = moo.NSGA2([(-5.0, 5.0)], n_obj=2, pop=20, seed=1).minimize(objective, evals=2_000)
    >>> bool((abs(res.X - 1.0) < 1.1).all())
    True
    """
    try:
        import numba
    except ImportError as error:
        raise BackendError(f"numba is not here ({error}); install numba to compile objectives") from error
    n_obj, n_con = as_count("n_obj", n_obj), as_count("n_con", n_con, least=0)
    plain = getattr(fn, "py_func", fn)
    arguments = len(inspect.signature(plain).parameters)
    jitted = fn if hasattr(fn, "py_func") else numba.njit(fn)
    if arguments not in (1, 2, 3) or (arguments == 3) != (n_con > 0 and arguments != 1):
        raise ValueError(f"`fn` takes {arguments} arguments; expected (x), (x, f) or, with constraints, (x, f, g)")
    call = {1: "out = fn(x)", 2: "fn(x, f)", 3: "fn(x, f, g)"}[arguments]
    lines = [call]
    if arguments == 1:
        row = numba.types.Array(numba.float64, 1, "C", readonly=False)
        jitted.compile((row,))
        scalar = isinstance(jitted.overloads[(row,)].signature.return_type, numba.types.Number)
        # Constant indices, so that tuples of several types work.
        of = "out[0]" if n_con else "out"
        lines += [f"f[{i}] = {of if scalar and not n_con else f'{of}[{i}]'}" for i in range(n_obj)]
        lines += [f"g[{i}] = out[1][{i}]" for i in range(n_con)]
    body = "\n    ".join(
        [
            f"x = carray(x_, n)\n    f = carray(f_, {n_obj})",
            *([f"g = carray(g_, {n_con})"] if n_con else []),
            *lines,
        ]
    )
    source = f"def objective(x_, n, f_, m, g_, k, user):\n    {body}\n"
    scope: dict[str, Any] = {"carray": numba.carray, "fn": jitted}
    exec(source, scope)
    pointer = numba.types.CPointer(numba.float64)
    n = numba.int64
    signature = numba.void(pointer, n, pointer, n, pointer, n, numba.types.voidptr)
    function = numba.cfunc(signature, nogil=True)(scope["objective"])
    return Compiled(function.address, 0, n_obj, n_con, keep=(function, jitted))


def as_compiled(objective: Any, n_obj: int, n_con: int, space: Space) -> Compiled | None:
    """The compiled form of an objective that has an address; None for a Python callable."""
    if isinstance(objective, Compiled):
        found = objective
    elif isinstance(objective, int) and not isinstance(objective, bool):
        found = Compiled(objective)
    elif hasattr(objective, "address") and hasattr(objective, "native_name"):  # a numba.cfunc
        found = Compiled(int(objective.address), keep=objective)
    elif type(objective).__name__ == "LowLevelCallable":
        found = _of_low_level(objective)
    elif hasattr(objective, "argtypes") and hasattr(objective, "restype"):  # a function of ctypes
        import ctypes

        found = Compiled(ctypes.cast(objective, ctypes.c_void_p).value or 0, keep=objective)
    else:
        return None
    if found.address <= 0:
        raise ValueError(f"`objective` has the address {found.address}; expected that of a function")
    for name, has, wants in (("n_obj", found.n_obj, n_obj), ("n_con", found.n_con, n_con)):
        if has is not None and has != wants:
            raise ValueError(f"`objective` was compiled with {name}={has}; expected {wants}")
    return found


def _of_low_level(callable_: Any) -> Compiled:
    import ctypes

    capsule = callable_.function if not isinstance(callable_.function, tuple) else callable_.function[0]
    if type(capsule).__name__ != "PyCapsule":
        inner = as_compiled(capsule, 0, 0, None) if not isinstance(capsule, Compiled) else capsule  # type: ignore[arg-type]
        if inner is None:
            raise TypeError(f"`objective` is a LowLevelCallable of {capsule!r}; expected one of a C function")
        return Compiled(inner.address, _user(callable_), keep=callable_)
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    address = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    return Compiled(address or 0, _user(callable_), keep=callable_)


def _user(callable_: Any) -> int:
    import ctypes

    data = callable_.user_data
    if data is None:
        return 0
    if isinstance(data, ctypes.c_void_p):
        return data.value or 0
    return ctypes.cast(data, ctypes.c_void_p).value or 0
