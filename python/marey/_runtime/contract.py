"""The contract: what every operation keeps, checked from its spec alone.

The tests run every item of :func:`plan`; ``marey verify`` runs the same items on the user's machine. A check raises
AssertionError with what went wrong, or Skipped with the reason why it cannot run here.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import marey
from marey._runtime import native
from marey._runtime.specs import Case, Inputs, OpSpec, Tolerance, cast

__all__ = ["Item", "Skipped", "plan"]

_THREADS = 3


class Skipped(Exception):
    """A check that cannot run on this machine; the message says why."""


@dataclass(frozen=True)
class Item:
    """One check of one operation: in which backend, on which case, in which dtype."""

    spec: OpSpec
    check: str
    backend: str
    case: Case
    dtype: str

    @property
    def name(self) -> str:
        return f"{self.spec.name}: {self.check} [{self.backend}, {self.dtype}, {self.case.name}]"

    def run(self) -> None:
        _check_present(self.spec, self.backend)
        _CHECKS[self.check].run(self)

    def inputs(self, dtype: str | None = None) -> Inputs:
        """The case's inputs as this backend's arrays."""
        return to_backend(self.case.inputs(dtype or self.dtype), self.backend)

    def tolerance(self) -> Tolerance:
        on_backend = self.spec.tolerance.get(f"{self.dtype}/{self.backend}")
        return on_backend or self.spec.tolerance[self.dtype]


@dataclass(frozen=True)
class _Check:
    run: Callable[[Item], None]
    backends: tuple[str, ...]
    tag: str = ""  # the cases it runs on; empty: all but the large ones and those to be refused
    dtypes: tuple[str, ...] = ("float32", "float64")
    applies: Callable[[OpSpec], bool] = lambda spec: True


_CHECKS: dict[str, _Check] = {}


def _check(name: str, **options: Any) -> Callable[[Callable[[Item], None]], Callable[[Item], None]]:
    def add(function: Callable[[Item], None]) -> Callable[[Item], None]:
        _CHECKS[name] = _Check(function, **options)
        return function

    return add


def plan(spec: OpSpec) -> Iterator[Item]:
    """Every check that the spec's promises ask for."""
    apart = {"bench", "threads"} | ({"nan"} if spec.refuses_nan else set())
    for name, check in _CHECKS.items():
        if not check.applies(spec):
            continue
        cases = spec.tagged(check.tag) if check.tag else [case for case in spec.cases if not case.tags & apart]
        for backend in check.backends:
            if backend not in spec.backends:
                continue
            for case in cases:
                for dtype in check.dtypes:
                    if dtype in spec.dtypes:
                        yield Item(spec, name, backend, case, dtype)


def _check_present(spec: OpSpec, backend: str) -> None:
    if "rust" in spec.native and backend != "cuda":
        try:
            native.rust()
        except marey.BackendError as error:
            raise Skipped(str(error)) from None
    if backend == "numpy":
        return
    if importlib.util.find_spec("torch") is None:
        raise Skipped("torch is not installed")
    try:
        native.library("_torch")
    except marey.BackendError as error:
        raise Skipped(str(error)) from None
    if backend == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise Skipped("no CUDA GPU")


def to_backend(inputs: Inputs, backend: str) -> Inputs:
    """Fresh arrays of the backend's kind."""
    if backend == "numpy":
        return copy.deepcopy(inputs)
    import torch

    device = "cuda" if backend == "cuda" else "cpu"
    return {
        name: torch.tensor(value, device=device) if isinstance(value, np.ndarray) else value
        for name, value in inputs.items()
    }


def to_numpy(array: Any) -> np.ndarray[Any, Any]:
    return np.asarray(array) if isinstance(array, np.ndarray | np.generic) else array.detach().cpu().numpy()


def outputs(result: Any) -> tuple[Any, ...]:
    """The arrays of a result, those of a state among them."""
    return tuple(array for part in result for array in outputs(part)) if isinstance(result, tuple) else (result,)


def _is_complex(array: Any) -> bool:
    return "complex" in str(array.dtype)


def _as_real(tensor: Any) -> Any:
    """A complex tensor as pairs, any other as it is."""
    import torch

    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _arrays(inputs: Inputs) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if hasattr(value, "dtype")}


def assert_close(actual: Any, expected: Any, tolerance: Tolerance, what: str) -> None:
    for k, (a, e) in enumerate(zip(outputs(actual), outputs(expected), strict=True)):
        np.testing.assert_allclose(
            to_numpy(a), to_numpy(e), rtol=tolerance.rtol, atol=tolerance.atol, err_msg=f"{what}, output {k}"
        )


def assert_same_bits(actual: Any, expected: Any, what: str) -> None:
    for k, (a, e) in enumerate(zip(outputs(actual), outputs(expected), strict=True)):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(e), err_msg=f"{what}, output {k}")


def _assert_agree(item: Item, actual: Any, expected: Any, what: str) -> None:
    """The same bits on the CPU where the spec promises them, the dtype's tolerance elsewhere."""
    if item.backend == "cuda" or not item.spec.same_bits:
        assert_close(actual, expected, item.tolerance(), what)
    else:
        assert_same_bits(actual, expected, what)


@_check("equals the reference", backends=("numpy", "torch", "cuda"))
def _value(item: Item) -> None:
    expected = item.spec.reference(**item.case.inputs(item.dtype))
    assert_close(item.spec.function(**item.inputs()), expected, item.tolerance(), "against the reference")


@_check("float32 equals float64", backends=("numpy", "torch", "cuda"), dtypes=("float32",))
def _dtypes(item: Item) -> None:
    in_float32 = item.case.inputs("float32")
    in_float64 = {name: cast(value, "float64") for name, value in in_float32.items()}
    single = item.spec.function(**to_backend(in_float32, item.backend))
    double = item.spec.function(**to_backend(in_float64, item.backend))
    assert_close(single, double, item.tolerance(), "float32 against float64")


@_check("half precision", backends=("torch", "cuda"), dtypes=("float32",), applies=lambda spec: bool(spec.halves))
def _halves(item: Item) -> None:
    """Signals of float16 and bfloat16: computed as float32, the first output rounded once."""
    import torch

    for dtype in (torch.bfloat16, torch.float16):
        inputs = item.inputs()
        present = [name for name in item.spec.halves if inputs.get(name) is not None and not inputs[name].is_complex()]
        if not present:
            raise Skipped("complex")
        half = inputs | {name: inputs[name].to(dtype) for name in present}
        wide = inputs | {name: half[name].float() for name in present}
        actual, expected = outputs(item.spec.function(**half)), outputs(item.spec.function(**wide))
        assert actual[0].dtype == dtype, f"output 0 has dtype {actual[0].dtype}, expected {dtype}"
        states = [str(state.dtype) for state in actual[1:]]
        assert states == [str(state.dtype) for state in expected[1:]], f"the states have dtypes {states}"
        epsilon = torch.finfo(dtype).eps
        # On a GPU kernels sum in another order than that of float32; on the CPU it is the same call.
        rtol = epsilon if item.backend == "cuda" else epsilon / 2
        rounded = (actual[0].float(), *actual[1:])
        scale = float(expected[0].abs().nan_to_num(0.0).max()) if expected[0].numel() else 0.0
        atol = torch.finfo(dtype).tiny + (epsilon * scale if item.backend == "cuda" else 0.0)
        assert_close(rounded, expected, Tolerance(rtol, atol, ""), f"{dtype} against float32")


@_check("any layout", backends=("numpy", "torch", "cuda"))
def _layout(item: Item) -> None:
    expected = item.spec.function(**item.inputs())
    for name, array in _arrays(item.case.inputs(item.dtype)).items():
        for what, laid_out in (("strided", _strided(array)), ("transposed", _transposed(array))):
            inputs = item.inputs()
            inputs[name] = laid_out if item.backend == "numpy" else _tensor_like(laid_out, inputs[name])
            assert_close(item.spec.function(**inputs), expected, item.tolerance(), f"`{name}` {what}")


def _strided(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values, every second element of a wider array."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _transposed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values, the last two axes exchanged in memory."""
    return array if array.ndim < 2 else np.ascontiguousarray(array.swapaxes(-1, -2)).swapaxes(-1, -2)


def _tensor_like(array: np.ndarray[Any, Any], tensor: Any) -> Any:
    strides = [s // array.itemsize for s in array.strides]
    out = tensor.new_empty_strided(tuple(array.shape), strides)
    return out.copy_(tensor)


@_check("NaN is refused", backends=("numpy", "torch", "cuda"), tag="nan", applies=lambda spec: spec.refuses_nan)
def _refused(item: Item) -> None:
    try:
        item.spec.function(**item.inputs())
    except ValueError as error:
        assert "NaN" in str(error), f"the message does not name NaN: {error}"
    else:
        raise AssertionError("NaN was taken")


@_check("inputs unchanged", backends=("numpy", "torch", "cuda"))
def _unchanged(item: Item) -> None:
    inputs = item.inputs()
    item.spec.function(**inputs)
    for name, before in _arrays(item.case.inputs(item.dtype)).items():
        np.testing.assert_array_equal(to_numpy(inputs[name]), before, err_msg=f"`{name}` was changed")


@_check("output kind, dtype, device", backends=("numpy", "torch", "cuda"))
def _kind(item: Item) -> None:
    inputs = item.inputs()
    example = next(iter(_arrays(inputs).values()))
    for k, out in enumerate(outputs(item.spec.function(**inputs))):
        assert type(out) is type(example), f"output {k} is a {type(out).__name__}, input a {type(example).__name__}"
        dtype = str(out.dtype).removeprefix("torch.")
        expected = item.spec.output_dtype or str(
            np.result_type(item.dtype, np.complex64 if _is_complex(out) else item.dtype)
        )
        assert dtype == expected, f"output {k} has dtype {dtype}, expected {expected}"
        assert getattr(out, "device", None) == getattr(example, "device", None), f"output {k} is on {out.device}"


@_check("every element written", backends=("numpy", "torch", "cuda"))
def _poison(item: Item) -> None:
    expected = item.spec.function(**item.inputs())
    with _poisoned(item.backend):
        assert_same_bits(item.spec.function(**item.inputs()), expected, "with NaN-filled outputs")


@contextlib.contextmanager
def _poisoned(backend: str) -> Iterator[None]:
    if backend == "numpy":
        native.core().poison_outputs(True)
        try:
            yield
        finally:
            native.core().poison_outputs(False)
        return
    import torch

    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)  # torch then fills uninitialised memory with NaN
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


@_check("one thread equals many", backends=("numpy", "torch"), tag="threads")
def _threads(item: Item) -> None:
    with _num_threads(item.backend, 1):
        one = _results_and_gradients(item)
    with _num_threads(item.backend, _THREADS):
        many = _results_and_gradients(item)
    _assert_agree(item, many, one, f"{_THREADS} threads against one")


@contextlib.contextmanager
def _num_threads(backend: str, n: int) -> Iterator[None]:
    if backend == "numpy":
        marey.set_num_threads(n)
        try:
            yield
        finally:
            marey.set_num_threads(0)
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _results_and_gradients(item: Item, function: Callable[..., Any] | None = None, dtype: str | None = None) -> Any:
    """The outputs, and in torch the gradients of a fixed random projection of them."""
    inputs = item.inputs(dtype)
    function = function or item.spec.function
    if item.backend == "numpy" or not item.spec.differentiable:
        return outputs(function(**inputs))
    import torch

    wanted = _differentiated(item.spec, inputs)
    for name in wanted:
        inputs[name].requires_grad_(True)
    results = outputs(function(**inputs))
    generator = torch.Generator().manual_seed(1)
    loss = sum(
        (r * torch.randn(r.shape, generator=generator, dtype=torch.float64).to(r)).nansum()
        for r in map(_as_real, results)
        if r.dtype.is_floating_point
    )
    return (*results, *torch.autograd.grad(loss, [inputs[name] for name in wanted]))


@_check(
    "batched equals looped",
    backends=("numpy", "torch", "cuda"),
    tag="batch",
    applies=lambda spec: bool(spec.batched),
)
def _batched(item: Item) -> None:
    inputs = item.inputs()
    whole = outputs(item.spec.function(**inputs))
    present = [name for name in item.spec.batched if inputs.get(name) is not None]
    for i in range(len(inputs[present[0]])):
        single = inputs | {name: inputs[name][i] for name in present}
        _assert_agree(item, item.spec.function(**single), tuple(out[i] for out in whole), f"item {i} of the batch")


@_check(
    "chunked equals whole",
    backends=("numpy", "torch", "cuda"),
    tag="chunks",
    applies=lambda spec: spec.chunks is not None,
)
def _chunked(item: Item) -> None:
    chunks = item.spec.chunks
    assert chunks is not None
    inputs = item.inputs()
    # A state of full precision carries over without a rounding of its own.
    names = (chunks.state_in,) if isinstance(chunks.state_in, str) else chunks.state_in
    if chunks.wide_state:
        inputs |= {name: item.inputs("float64")[name] for name in names}
    whole = outputs(item.spec.function(**inputs))
    length = chunks.length(inputs)
    for t in sorted({0, 1, length // 3, length - 1, length}):
        first, second = chunks.split(inputs, t)
        one = outputs(item.spec.function(**first))
        if chunks.carry is not None:
            carried = chunks.carry(first, one)
        else:
            carried = {names[0]: one[chunks.state_out or 0]}
        two = outputs(item.spec.function(**second | carried))
        joined = tuple(np.concatenate([to_numpy(one[k]), to_numpy(two[k])], axis=chunks.axis) for k in chunks.joined)
        last = () if chunks.state_out is None else (chunks.state_out,)
        _assert_agree(
            item,
            (*joined, *(two[k] for k in last)),
            tuple(whole[k] for k in (*chunks.joined, *last)),
            f"cut at step {t} of {length}",
        )


def _differentiated(spec: OpSpec, inputs: Inputs) -> list[str]:
    """The arguments with a gradient that are arrays in these inputs."""
    return [name for name in spec.differentiable if hasattr(inputs.get(name), "dtype")]


def _differentiable(spec: OpSpec) -> bool:
    return bool(spec.differentiable)


@_check("gradcheck", backends=("torch", "cuda"), tag="grad", dtypes=("float64",), applies=_differentiable)
def _gradcheck(item: Item) -> None:
    import torch

    inputs = item.inputs()
    names = _differentiated(item.spec, inputs)

    def function(*values: Any) -> Any:
        results = outputs(item.spec.function(**{**inputs, **dict(zip(names, values, strict=True))}))
        return tuple(r for r in results if r.dtype.is_floating_point or r.is_complex())

    torch.autograd.gradcheck(function, [inputs[name].requires_grad_(True) for name in names])


@_check("float32 gradients", backends=("torch", "cuda"), tag="grad", dtypes=("float32",), applies=_differentiable)
def _gradients(item: Item) -> None:
    single = _results_and_gradients(item)
    double = _results_and_gradients(item, dtype="float64")
    # Inputs, products and sums are rounded to float32: a few hundred roundings of 6e-8.
    assert_close(single, double, Tolerance(2e-5, 2e-5, ""), "float32 gradients against float64")


@_check("opcheck", backends=("torch", "cuda"), dtypes=("float64",), applies=lambda s: s.torch_calls is not None)
def _opcheck(item: Item) -> None:
    import torch

    from marey._runtime import torch_ops  # noqa: F401

    assert item.spec.torch_calls is not None
    calls = item.spec.torch_calls(item.inputs())
    if not calls:
        raise Skipped("its operators are those of another operation")
    for operator, arguments in calls:
        differentiable = item.spec.differentiable and not operator.name().endswith("_backward")
        leaves = tuple(
            a.detach().requires_grad_(True) if differentiable and torch.is_tensor(a) and a.is_floating_point() else a
            for a in arguments
        )
        with warnings.catch_warnings():  # opcheck reads .grad of tensors that are no leaves, which torch warns of
            warnings.filterwarnings("ignore", message="The .grad attribute")
            torch.library.opcheck(operator, leaves)


@_check("torch.compile", backends=("compile",), dtypes=("float32",))
def _compiled(item: Item) -> None:
    import torch

    torch.compiler.reset()
    compiled = torch.compile(item.spec.function, fullgraph=True, backend="aot_eager")
    _assert_compiled_agrees(item, compiled)


@_check("torch.compile with Inductor", backends=("compile",), tag="grad", dtypes=("float32",))
def _inductor(item: Item) -> None:
    import torch

    torch.compiler.reset()
    with warnings.catch_warnings():  # Inductor calls complex operators as they are, and warns that it does
        warnings.filterwarnings("ignore", message="Torchinductor does not support code generation for complex")
        _assert_compiled_agrees(item, torch.compile(item.spec.function, fullgraph=True))


def _assert_compiled_agrees(item: Item, compiled: Callable[..., Any]) -> None:
    eager = _results_and_gradients(item)
    assert_close(_results_and_gradients(item, compiled), eager, item.tolerance(), "compiled against eager")
