// Half precision as CUDA's header has it, as far as the kernels use it: what they store and load.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

struct __half {
  std::uint16_t bits;

  __half() = default;
  explicit __half(float value) {  // to the nearest, ties to even; overflow to infinity
    const std::uint32_t sign = std::bit_cast<std::uint32_t>(value) >> 16 & 0x8000;
    const float size = std::fabs(value);
    std::uint32_t rest;
    if (std::isnan(value)) {
      rest = 0x7e00;
    } else if (size >= 65520.0f) {
      rest = 0x7c00;
    } else if (size < 0x1p-14f) {
      rest = std::uint32_t(std::nearbyint(size * 0x1p24f));
    } else {
      const std::uint32_t wide = std::bit_cast<std::uint32_t>(size) - (112u << 23);
      rest = (wide + 0xfff + (wide >> 13 & 1)) >> 13;
    }
    bits = std::uint16_t(sign | rest);
  }
  operator float() const {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                       : exponent == 0 ? std::ldexp(float(fraction), -24)
                                       : std::ldexp(float(fraction + 1024), exponent - 25);
    return bits & 0x8000 ? -size : size;
  }
};
