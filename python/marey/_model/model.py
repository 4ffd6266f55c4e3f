"""`marey.model`: a plain Python function that native code can run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, overload

from marey._model.graph import Graph, Node, user_line
from marey._model.program import Argument, Program
from marey.errors import TraceError

__all__ = ["Model", "model"]


class _Vector(tuple[Any, ...]):
    """An argument's entries: by index, by unpacking, and by name where they have names."""

    names: tuple[str, ...] | None = None

    def __getattr__(self, name: str) -> Any:
        if self.names and name in self.names:
            return self[self.names.index(name)]
        known = f"its entries are {', '.join(self.names)}" if self.names else "its entries have no names"
        raise TraceError(f"{user_line()}: no entry {name!r}; {known}")

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, Node):
            raise TraceError(f"{user_line()}: an index that is a traced value; use marey.math.where")
        try:
            return super().__getitem__(index)
        except IndexError:
            raise TraceError(f"{user_line()}: entry {index} of a vector of {len(self)}") from None


class Model:
    """A function traced once for its arguments' sizes; calling it runs the plain Python.

    Made by `marey.model`. Solvers ask it for a `Program` of the sizes at hand; `program` does so by hand.
    """

    __name__: str

    def __init__(self, function: Callable[..., Any], entries: dict[str, tuple[str, ...]]) -> None:
        self.function = function
        self.entries = entries
        self.arguments = tuple(inspect.signature(function).parameters)
        for name in entries:
            if name not in self.arguments:
                raise ValueError(
                    f"names for the entries of `{name}`, which is no argument of {function.__name__}: "
                    f"it has {', '.join(self.arguments)}"
                )
        self._programs: dict[tuple[int | None, ...], Program] = {}
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def program(self, **sizes: int) -> Program:
        """The traced program for vectors of these sizes; an argument left out is a number.

        Raises
        ------
        TraceError
            If the function does what cannot be traced: it names the line and the way out.
        """
        for name in sizes:
            if name not in self.arguments:
                raise ValueError(f"{self.__name__} has no argument `{name}`; it has {', '.join(self.arguments)}")
        sizes = {name: len(names) for name, names in self.entries.items()} | sizes
        key = tuple(sizes.get(name) for name in self.arguments)
        if key not in self._programs:
            self._programs[key] = self._trace(key)
        return self._programs[key]

    def _trace(self, sizes: tuple[int | None, ...]) -> Program:
        graph = Graph()
        arguments = []
        values: list[Any] = []
        for name, size in zip(self.arguments, sizes, strict=True):
            entries = self.entries.get(name)
            if entries is not None and size != len(entries):
                raise ValueError(f"`{name}` of {self.__name__} has {size} entries; expected {', '.join(entries)}")
            arguments.append(Argument(name, size, entries))
            if size is None:
                values.append(graph.input(name, None))
            else:
                vector = _Vector(graph.input(name, i) for i in range(size))
                vector.names = entries
                values.append(vector)
        try:
            outputs = self._outputs(graph, self.function(*values))
        except AttributeError as error:
            if "'Node' object" not in str(error):
                raise
            raise TraceError(
                f"{self.__name__} passes a traced value to what needs an array ({error}); marey.math and NumPy's "
                "ufuncs can be traced; or give a numba.cfunc address, or a batched Python callable"
            ) from error
        return Program(self.__name__, tuple(arguments), graph, outputs)

    def _outputs(self, graph: Graph, result: Any) -> tuple[Node, ...]:
        if isinstance(result, Node | int | float) or getattr(result, "shape", None) == ():
            result = [result]
        if not isinstance(result, Sequence) and not hasattr(result, "tolist"):
            raise TraceError(f"{self.__name__} returned a {type(result).__name__}; expected a sequence of expressions")
        outputs = []
        for i, x in enumerate(result):
            try:
                outputs.append(graph.apply("add", x, 0.0))  # a number, also where a condition was given
            except TraceError:
                raise TraceError(f"{self.__name__} returned a {type(x).__name__} as its output {i}") from None
        return tuple(outputs)

    def __repr__(self) -> str:
        if set(self.entries) | {"t"} >= set(self.arguments):
            self.program()
        if not self._programs:
            return f"<marey.model {self.__name__}({', '.join(self.arguments)}), not traced yet>"
        return repr(next(reversed(self._programs.values())))


@overload
def model(function: Callable[..., Any], /) -> Model: ...
@overload
def model(**entries: Sequence[str] | str) -> Callable[[Callable[..., Any]], Model]: ...


def model(function: Any = None, /, **entries: Any) -> Any:
    r"""Makes a plain Python function one that native code can run.

    The function is called once with symbols in place of numbers; what it computes becomes an expression graph, and
    from the graph come SIMD code for the processor, CUDA source for a GPU and exact derivatives.

    Parameters
    ----------
    function : callable
        ``f(t, y, p)`` of a differential equation, or any function of numbers and vectors. It may use arithmetic,
        comparisons, `marey.math`, NumPy's ufuncs, loops over known ranges and other such functions.
    **entries : sequence of str, or str
        Names of a vector argument's entries, ``y=("prey", "predator")`` or ``y="prey predator"``: then ``y.prey``
        works and the model prints with them.

    Returns
    -------
    Model
        Callable like the function itself.

    Raises
    ------
    TraceError
        At the first use, if the function branches on a value (``if y[0] > 1``) or calls what cannot be traced.

    Notes
    -----
    The same expression is computed once, constants are folded, small whole powers become products.
    Derivatives are symbolic, by forward accumulation (Griewank and Walther, Evaluating Derivatives, 2008, ch. 3).

    Examples
    --------
    Tumour growth under a drug whose effect saturates (Simeoni et al., Cancer Res 64:1094, 2004, without transit):

    >>> import marey
    >>> import marey.math as mm
    >>> @marey.model(y="drug tumour", p="k_el growth kill ec50")
    ... def tumour(t, y, p):
    ...     effect = p.kill * mm.hill(y.drug, p.ec50)
    ...     return -p.k_el * y.drug, p.growth * y.tumour - effect * y.tumour
    >>> tumour
    tumour(t, y[2], p[4])
      ddrug/dt = -k_el * drug
      dtumour/dt = growth * tumour - kill * (drug / (ec50 + drug)) * tumour
    >>> tumour.program().jacobian("y")
    tumour_jacobian(t, y[2], p[4])
      ...
    """
    named = {name: tuple(names.split()) if isinstance(names, str) else tuple(names) for name, names in entries.items()}
    if function is None:
        return lambda f: Model(f, named)
    if not callable(function):
        raise TypeError(f"`function` is a {type(function).__name__}; expected a function")
    return Model(function, named)
