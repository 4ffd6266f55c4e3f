// bfloat16 in memory: the upper half of a float, rounded to nearest even. Arithmetic is done in float.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

namespace marey::cuda {

struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;
  __host__ __device__ explicit bfloat16(float value) {
    std::uint32_t whole;
    std::memcpy(&whole, &value, sizeof whole);
    const bool nan = (whole & 0x7fffffffu) > 0x7f800000u;
    bits = std::uint16_t(nan ? (whole >> 16) | 0x40u : (whole + 0x7fffu + ((whole >> 16) & 1u)) >> 16);
  }
  __host__ __device__ explicit operator float() const {
    const std::uint32_t whole = std::uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &whole, sizeof value);
    return value;
  }
};

// What an array in memory is computed with.
template <typename IO>
struct Arithmetic {
  using type = IO;
};
template <>
struct Arithmetic<bfloat16> {
  using type = float;
};

}  // namespace marey::cuda
