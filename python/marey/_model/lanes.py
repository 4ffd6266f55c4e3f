"""Programs as SIMD code for the processor at hand, through LLVM: one problem a lane.

The compiled function is ``void f(const double* a, ..., double* out)``. Each pointer holds `LANES` problems side
by side: entry i of problem l lies at ``i * LANES + l``. C++ and Rust call its address with the GIL released.
"""

from __future__ import annotations

import ctypes
import functools
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from marey._model.graph import Node, fold
from marey._model.program import Program
from marey._model.vector_math import VectorMath
from marey.errors import BackendError

__all__ = ["LANES", "Compiled", "compile_program"]

LANES = 16
_WIDTH = 8  # doubles handled together: one AVX-512 register, two AVX2 or four SSE registers
_LIBRARY = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "absolute": "fabs"}


class Compiled:
    """Machine code of a program; it lives as long as this object."""

    def __init__(self, program: Program, engine: Any, address: int) -> None:
        self.program, self._engine, self.address = program, engine, address

    def __call__(self, *values: Any) -> np.ndarray[Any, Any]:
        """As `Program.evaluate`, by the compiled code."""
        shape = self.program.shape(*values)
        n = int(np.prod(shape, dtype=np.int64))
        blocks = -(-n // LANES)
        packed = []
        for argument, value in zip(self.program.arguments, values, strict=True):
            lanes = np.ones((argument.width, blocks * LANES))
            whole = np.broadcast_to(value, shape if argument.size is None else (argument.size, *shape))
            lanes[:, :n] = whole.reshape(argument.width, n)
            packed.append(np.ascontiguousarray(lanes.reshape(argument.width, blocks, LANES).swapaxes(0, 1)))
        out = np.empty((blocks, len(self.program.outputs), LANES))
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(packed) + 1))(self.address)
        for i in range(blocks):
            function(*(x[i].ctypes.data for x in packed), out[i].ctypes.data)
        return out.swapaxes(0, 1).reshape(len(self.program.outputs), -1)[:, :n].reshape(-1, *shape)

    def __repr__(self) -> str:
        return f"<machine code of {self.program.name} at {self.address:#x}>"


# Without these LLVM splits 512-bit vectors on processors that it thinks slow with them.
_WIDE = '"prefer-vector-width"="512" "min-legal-vector-width"="512"'
_COMPILING = threading.Lock()


def _machine() -> Any:
    """A target machine of its own for every engine: an engine owns its machine and frees it with itself."""
    import llvmlite.binding as llvm

    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


@functools.cache
def _start() -> None:
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise BackendError(
            f"compiling a model needs llvmlite ({error}); install it: pip install 'marey[model]', or give a compiled "
            "function's address or a batched Python callable instead"
        ) from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@functools.lru_cache(maxsize=256)
def compile_program(program: Program) -> Compiled:
    """Machine code of the program, made once."""
    with _COMPILING:
        _start()
        import llvmlite.binding as llvm

        machine = _machine()
        module = llvm.parse_assembly(re.sub(r"^(define .*\))", rf"\1 {_WIDE}", llvm_text(program), flags=re.MULTILINE))
        module.triple = llvm.get_process_triple()
        module.verify()
        passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
        passes.getModulePassManager().run(module, passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        return Compiled(program, engine, engine.get_function_address(program.name))


def llvm_text(program: Program) -> str:
    """The program in LLVM's language."""
    from llvmlite import ir

    module = ir.Module(program.name)
    pointer, long = ir.PointerType(), ir.IntType(64)
    maths = VectorMath(module, _WIDTH)
    function = ir.Function(
        module, ir.FunctionType(ir.VoidType(), [pointer] * (len(program.arguments) + 1)), program.name
    )
    for argument in function.args:
        argument.add_attribute("noalias")
    entry, body, done = (function.append_basic_block(name) for name in ("entry", "body", "done"))
    builder = ir.IRBuilder(entry)
    builder.branch(body)
    builder.position_at_end(body)
    first = builder.phi(long)
    first.add_incoming(ir.Constant(long, 0), entry)

    def place(base: Any, index: int) -> Any:
        at = builder.add(first, ir.Constant(long, index * LANES))
        return builder.gep(base, [at], source_etype=ir.DoubleType())

    bases = {a.name: p for a, p in zip(program.arguments, function.args, strict=False)}

    def leaf(node: Node) -> Any:
        if node.op == "constant":
            return maths.constant(node.value)
        name, index = node.value
        return builder.load(place(bases[name], index or 0), align=8, typ=maths.double)

    results = fold(program.outputs, leaf, lambda node, operands: _emit(maths, builder, node, operands))
    for i, value in enumerate(results):
        builder.store(value, place(function.args[-1], i), align=8)
    following = builder.add(first, ir.Constant(long, _WIDTH))
    first.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, ir.Constant(long, LANES)), body, done)
    ir.IRBuilder(done).ret_void()
    return str(module)


_EMIT: dict[str, Callable[..., Any]] = {
    "add": lambda m, b, x, y: b.fadd(x, y),
    "subtract": lambda m, b, x, y: b.fsub(x, y),
    "multiply": lambda m, b, x, y: b.fmul(x, y),
    "divide": lambda m, b, x, y: b.fdiv(x, y),
    "negative": lambda m, b, x: b.fneg(x),
    "less": lambda m, b, x, y: b.fcmp_ordered("<", x, y),
    "less_equal": lambda m, b, x, y: b.fcmp_ordered("<=", x, y),
    "equal": lambda m, b, x, y: b.fcmp_ordered("==", x, y),
    "logical_and": lambda m, b, x, y: b.and_(x, y),
    "logical_or": lambda m, b, x, y: b.or_(x, y),
    "logical_not": lambda m, b, x: b.not_(x),
    "where": lambda m, b, c, x, y: b.select(c, x, y),
    "minimum": lambda m, b, x, y: b.select(b.or_(b.fcmp_ordered("<", x, y), b.fcmp_unordered("uno", x, x)), x, y),
    "maximum": lambda m, b, x, y: b.select(b.or_(b.fcmp_ordered(">", x, y), b.fcmp_unordered("uno", x, x)), x, y),
}


def _emit(maths: VectorMath, builder: Any, node: Node, operands: list[Any]) -> Any:
    if node.op in _EMIT:
        return _EMIT[node.op](maths, builder, *operands)
    return maths.call(_LIBRARY.get(node.op, node.op), builder, *operands)
