"""OpSpec: one operation told once, for its tests, benchmarks, self-check, support table and wiring."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["DOMAINS", "Case", "Chunks", "OpSpec", "Tolerance", "all_specs", "on_registration", "register"]

# The domains whose operations have specs; importing one registers them.
DOMAINS = (
    "distance",
    "entropy",
    "filters",
    "graph",
    "kernels",
    "moo",
    "pk",
    "profile",
    "ragged",
    "scan",
    "spectral",
    "state_space",
    "survival",
)

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Tolerance:
    """How far a result may lie from the float64 reference: ``atol + rtol * |reference|``, and why."""

    rtol: float
    atol: float
    reason: str


@dataclass(frozen=True)
class Case:
    """Named inputs, made from a seeded generator in float64.

    ``tags`` say what a case is for. The contract asks every spec for the tags ``empty`` (nothing along the main axis),
    ``one`` (length one), ``odd`` (no multiple of any vector width) and ``nan`` (missing values in the stated policy);
    ``grad`` marks those small and smooth enough for finite differences; ``batch`` those whose arguments named in
    ``OpSpec.batched`` have a leading batch axis; ``chunks`` those to be cut in time; ``threads`` one large enough for
    several threads; ``bench`` the sizes of the benchmarks, which the contract leaves out.
    """

    name: str
    make: Callable[[np.random.Generator], Inputs]
    tags: frozenset[str] = frozenset()

    def inputs(self, dtype: str = "float64", seed: int = 0) -> Inputs:
        """The inputs, their floating arrays in ``dtype``."""
        made = self.make(np.random.default_rng(seed))
        return {name: cast(value, dtype) for name, value in made.items()}


def cast(value: Any, dtype: str) -> Any:
    """A floating array in ``dtype``, a complex one in the complex dtype of that precision; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(dtype)
    if isinstance(value, np.ndarray) and value.dtype.kind == "c":
        return value.astype(np.result_type(dtype, np.complex64))
    return value


@dataclass(frozen=True)
class Chunks:
    """How a causal operation is cut in time: ``split(inputs, t)`` gives two sets of inputs; the first call's output
    number ``state_out`` goes into the second as ``state_in``; outputs number ``joined`` are joined along ``axis``.
    Where the state is no output of its own, ``carry(first inputs, their outputs)`` gives the second call's arguments
    ``state_in`` (several names then) and others. ``wide_state``: whether a float64 state may stand beside a float32
    signal."""

    split: Callable[[Inputs, int], tuple[Inputs, Inputs]]
    length: Callable[[Inputs], int]
    state_in: str | tuple[str, ...]
    state_out: int | None
    joined: tuple[int, ...]
    axis: int = -1
    carry: Callable[[Inputs, tuple[Any, ...]], Inputs] | None = None
    wide_state: bool = True


@dataclass(frozen=True)
class OpSpec:
    """What an operation is and promises.

    Attributes
    ----------
    name
        ``domain.operation``; the basename of its files in every layer.
    function, reference
        The public function and its plain NumPy twin, of one signature.
    cases
        Inputs for tests and benchmarks.
    backends
        Of ``numpy``, ``torch``, ``compile``, ``cuda``: where the operation runs.
    native
        Its native parts: layer (``cpp``, ``cuda``, ``triton``, ``rust``) to path below the repository's root. Empty for
        one composed of other operations.
    dtypes
        Floating dtypes it takes.
    differentiable
        Arguments with a gradient, in every torch backend.
    tolerance
        By dtype, against the reference in float64.
    missing
        The policy for NaN and masked values, in a sentence.
    refuses_nan
        Whether NaN is an error (then the cases tagged ``nan`` must raise ValueError).
    register_torch
        Registers fake kernels and autograd; called once torch is loaded.
    torch_calls
        Calls of the raw ``torch.ops.marey`` operators for ``opcheck``: inputs as tensors to ``(operator, args)``.
    chunks
        For a causal operation: how it is cut in time.
    batched
        Arguments with a leading batch axis in the cases tagged ``batch``.
    output_dtype
        Of every output, where it is not that of the floating inputs.
    same_bits
        Whether threads, batches and chunks change no bit on the CPU. False where a matrix product of BLAS, or a state
        narrower than the arithmetic, lies between: then they agree within the tolerance.
    halves
        Signals that may be float16 or bfloat16 tensors.
    """

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    cases: Sequence[Case]
    backends: frozenset[str]
    native: Mapping[str, str]
    tolerance: Mapping[str, Tolerance]
    missing: str
    dtypes: tuple[str, ...] = ("float32", "float64")
    differentiable: tuple[str, ...] = ()
    register_torch: Callable[[], None] | None = None
    torch_calls: Callable[[Inputs], Sequence[tuple[Any, tuple[Any, ...]]]] | None = None
    chunks: Chunks | None = None
    batched: tuple[str, ...] = ()
    refuses_nan: bool = False
    output_dtype: str | None = None
    same_bits: bool = True
    halves: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        return self.name.split(".")[0]

    @property
    def basename(self) -> str:
        return self.name.split(".")[-1]

    def tagged(self, tag: str) -> list[Case]:
        return [case for case in self.cases if tag in case.tags]

    def __repr__(self) -> str:
        return f"OpSpec({self.name!r}, backends={sorted(self.backends)}, cases={len(self.cases)})"


_specs: dict[str, OpSpec] = {}
_listeners: list[Callable[[OpSpec], None]] = []


def register(spec: OpSpec) -> OpSpec:
    """Adds a spec to the table."""
    if spec.name in _specs:
        raise ValueError(f"an operation named {spec.name!r} is registered already")
    _specs[spec.name] = spec
    for listener in _listeners:
        listener(spec)
    return spec


def on_registration(listener: Callable[[OpSpec], None]) -> None:
    """Calls ``listener`` with every spec, those registered already and those to come."""
    _listeners.append(listener)
    for spec in list(_specs.values()):
        listener(spec)


def all_specs() -> list[OpSpec]:
    """The specs of every domain, by name."""
    for domain in DOMAINS:
        importlib.import_module(f"marey.{domain}")
    return [_specs[name] for name in sorted(_specs)]
