// bfloat16 as CUDA's header has it, as far as the kernels use it: conversion from float to the nearest, ties to even.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

struct __nv_bfloat16 {
  std::uint16_t bits;

  __nv_bfloat16() = default;
  explicit __nv_bfloat16(float value) {
    const std::uint32_t wide = std::bit_cast<std::uint32_t>(value);
    bits = std::uint16_t(std::isnan(value) ? (wide >> 16 | 0x40) : (wide + 0x7fff + (wide >> 16 & 1)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(std::uint32_t(bits) << 16); }
};
