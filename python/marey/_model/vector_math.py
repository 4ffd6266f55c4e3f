"""exp, log and power on vectors of doubles, in LLVM's language: what the processor has no instruction for.

Each is one function of the module it is put into, inlined where it is called. Errors stated are for normal results;
`tests/model/test_lanes.py` measures them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["VectorMath"]

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # their sum is log 2 to 2^-86


class VectorMath:
    """Adds its functions to a module at their first use."""

    def __init__(self, module: Any, lanes: int) -> None:
        from llvmlite import ir

        self.ir, self.module, self.lanes = ir, module, lanes
        self.double = ir.VectorType(ir.DoubleType(), lanes)
        self.integer = ir.VectorType(ir.IntType(64), lanes)
        self._made: dict[str, Any] = {}

    def constant(self, value: float) -> Any:
        return self.ir.Constant(self.double, [float(value)] * self.lanes)

    def whole(self, value: int) -> Any:
        return self.ir.Constant(self.integer, [value] * self.lanes)

    def call(self, name: str, builder: Any, *operands: Any) -> Any:
        """``name`` of ir vectors: one of ours, or the C library's, lane by lane."""
        if name in ("exp", "log", "power"):
            return builder.call(self._own(name, len(operands)), operands)
        if name in ("sqrt", "floor", "fabs"):
            return builder.call(self._declared(f"llvm.{name}.v{self.lanes}f64", self.double, 1), operands)
        return self._each(name, builder, operands)

    def _own(self, name: str, operands: int) -> Any:
        if name not in self._made:
            function = self.ir.Function(
                self.module, self.ir.FunctionType(self.double, [self.double] * operands), f"marey_{name}"
            )
            function.linkage = "internal"
            function.attributes.add("alwaysinline")
            self._made[name] = function
            builder = self.ir.IRBuilder(function.append_basic_block())
            builder.ret(getattr(self, f"_{name}")(builder, *function.args))
        return self._made[name]

    def _each(self, name: str, builder: Any, operands: tuple[Any, ...]) -> Any:
        function = self._declared(name, self.ir.DoubleType(), len(operands))
        result = self.ir.Constant(self.double, self.ir.Undefined)
        for lane in range(self.lanes):
            index = self.ir.Constant(self.ir.IntType(32), lane)
            value = builder.call(function, [builder.extract_element(x, index) for x in operands])
            result = builder.insert_element(result, value, index)
        return result

    def _declared(self, name: str, kind: Any, operands: int) -> Any:
        found = self.module.globals.get(name)
        return found or self.ir.Function(self.module, self.ir.FunctionType(kind, [kind] * operands), name)

    def _fma(self, builder: Any, a: Any, b: Any, c: Any) -> Any:
        return builder.call(self._declared(f"llvm.fma.v{self.lanes}f64", self.double, 3), [a, b, c])

    def _horner(self, builder: Any, coefficients: list[float], x: Any) -> Any:
        """Highest power first."""
        total = self.constant(coefficients[0])
        for c in coefficients[1:]:
            total = self._fma(builder, total, x, self.constant(c))
        return total

    def _select(self, builder: Any, how: str, a: Any, b: Any, yes: Any, no: Any) -> Any:
        return builder.select(builder.fcmp_ordered(how, a, b), yes, no)

    def _exp(self, b: Any, x: Any) -> Any:
        """2^k exp(r), |r| <= log(2) / 2, Taylor to r^13; 1.5 ulp. Subnormal results and NaN are right."""
        return self._exp_of_sum(b, x, None)

    def _exp_of_sum(self, b: Any, x: Any, low: Any) -> Any:
        clamped = self._select(b, "<", x, self.constant(-746.0), self.constant(-746.0), x)
        clamped = self._select(b, ">", x, self.constant(710.0), self.constant(710.0), clamped)
        shifted = self._fma(b, clamped, self.constant(1.0 / np.log(2.0)), self.constant(1.5 * 2.0**52))
        k = b.fsub(shifted, self.constant(1.5 * 2.0**52))
        r = self._fma(b, k, self.constant(-_LN2_HIGH), clamped)
        r = self._fma(b, k, self.constant(-_LN2_LOW), r)
        if low is not None:
            r = b.fadd(r, low)
        factorials = np.cumprod([1.0, 1.0, *range(2, 14)])
        p = self._horner(b, [float(1.0 / f) for f in factorials[::-1]], r)
        # Two factors, each a normal power of two: results down to the subnormal ones and up to the largest.
        whole = b.fptosi(k, self.integer)
        half = b.ashr(whole, self.whole(1))
        for part in (half, b.sub(whole, half)):
            p = b.fmul(p, b.bitcast(b.shl(b.add(part, self.whole(1023)), self.whole(52)), self.double))
        return b.select(b.fcmp_unordered("uno", x, x), x, p)

    def _parts(self, b: Any, x: Any) -> tuple[Any, Any]:
        """x = 2^k m, m in [sqrt(1/2), sqrt(2)), for positive x."""
        small = b.fcmp_ordered("<", x, self.constant(2.0**-1022))
        scaled = b.select(small, b.fmul(x, self.constant(2.0**54)), x)
        bits = b.bitcast(scaled, self.integer)
        above = b.sub(bits, self.whole(0x3FE6A09E667F3BCD))
        m = b.bitcast(b.sub(bits, b.and_(above, self.whole(-(1 << 52)))), self.double)
        k = b.sitofp(b.ashr(above, self.whole(52)), self.double)
        return b.fsub(k, b.select(small, self.constant(54.0), self.constant(0.0))), m

    def _log_sum(self, b: Any, x: Any) -> tuple[Any, Any]:
        """log x for positive finite x, as a sum of two: log m = 2 atanh(s), s = (m - 1) / (m + 1), s with its
        remainder."""
        one, two = self.constant(1.0), self.constant(2.0)
        k, m = self._parts(b, x)
        f = b.fsub(m, one)
        u = b.fadd(m, one)
        u_low = b.fsub(m, b.fsub(u, one))
        s = b.fdiv(f, u)
        s_low = b.fdiv(b.fsub(self._fma(b, b.fneg(s), u, f), b.fmul(s, u_low)), u)
        s2 = b.fmul(s, s)
        series = self._horner(b, [1.0 / i for i in range(23, 1, -2)], s2)
        tail = b.fmul(two, self._fma(b, b.fmul(s, s2), series, s_low))
        big, k_low = b.fmul(k, self.constant(_LN2_HIGH)), b.fmul(k, self.constant(_LN2_LOW))
        high = b.fmul(two, s)
        total = b.fadd(big, high)
        behind = b.fsub(total, big)
        error = b.fadd(b.fsub(big, b.fsub(total, behind)), b.fsub(high, behind))
        low = b.fadd(b.fadd(error, k_low), tail)
        final = b.fadd(total, low)
        return final, b.fadd(b.fsub(total, final), low)

    def _log(self, b: Any, x: Any) -> Any:
        """Under 1 ulp; log 0 = -inf, negative and NaN give NaN."""
        result, _ = self._log_sum(b, x)
        result = self._select(b, "==", x, self.constant(np.inf), x, result)
        result = self._select(b, "==", x, self.constant(0.0), self.constant(-np.inf), result)
        valid = b.fcmp_ordered(">=", x, self.constant(0.0))
        return b.select(valid, result, self.constant(np.nan))

    def _power(self, b: Any, x: Any, y: Any) -> Any:
        """exp(y log |x|), the logarithm to twice the digits; 2 ulp. A negative x needs a whole y."""
        zero, one = self.constant(0.0), self.constant(1.0)
        magnitude = self.call("fabs", b, x)
        high, low = self._log_sum(b, magnitude)
        product = b.fmul(y, high)
        rest = self._fma(b, y, low, self._fma(b, y, high, b.fneg(product)))
        out_of_range = b.fcmp_unordered(">", self.call("fabs", b, product), self.constant(1e4))
        rest = b.select(out_of_range, zero, rest)
        result = self._exp_of_sum(b, product, rest)
        inverse = self._select(b, ">", y, zero, zero, self.constant(np.inf))
        result = self._select(b, "==", magnitude, zero, inverse, result)
        opposite = self._select(b, ">", y, zero, self.constant(np.inf), zero)
        result = self._select(b, "==", magnitude, self.constant(np.inf), opposite, result)
        floor = self.call("floor", b, y)
        halved = b.fmul(y, self.constant(0.5))
        odd = b.and_(b.fcmp_ordered("==", floor, y), b.fcmp_ordered("!=", self.call("floor", b, halved), halved))
        negative = b.fcmp_ordered("<", x, zero)
        result = self._select(b, "==", magnitude, one, one, result)  # also to an infinite power
        signed = b.select(odd, b.fneg(result), result)
        broken = self._select(b, "==", magnitude, self.constant(np.inf), result, self.constant(np.nan))
        whole = b.select(b.fcmp_ordered("==", floor, y), signed, broken)
        result = b.select(negative, whole, result)
        result = b.select(b.fcmp_unordered("uno", x, y), b.fadd(x, y), result)
        result = self._select(b, "==", x, one, one, result)
        return self._select(b, "==", y, zero, one, result)
