// A register of either type: 2 * lanes floats or lanes doubles. What a network's arithmetic asks of it: loads, stores,
// multiply-add, exp, sigmoid, tanh, and a small matrix product.
//
// Included by kernel sources only, like simd.hpp.
#pragma once
#include <cstring>

#include "marey/core/simd.hpp"

namespace marey::MAREY_LEVEL {

typedef float FloatVec __attribute__((vector_size(8 * lanes)));
typedef std::int32_t FloatInt __attribute__((vector_size(8 * lanes)));
typedef float FloatVecU __attribute__((vector_size(8 * lanes), aligned(4), may_alias));

template <typename T>
struct WideOf;
template <>
struct WideOf<float> {
  using V = FloatVec;
};
template <>
struct WideOf<double> {
  using V = Vec;
};
template <typename T>
using Wide = typename WideOf<T>::V;
template <typename T>
inline constexpr int width_of = 8 * lanes / int(sizeof(T));

inline FloatVec madd(FloatVec a, FloatVec b, FloatVec c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
inline FloatVec select(FloatInt condition, FloatVec yes, FloatVec no) { return condition ? yes : no; }

inline FloatVec load_wide(const float* p) { return *reinterpret_cast<const FloatVecU*>(p); }
inline Vec load_wide(const double* p) { return load(p); }
inline void store_wide(float* p, FloatVec v) { *reinterpret_cast<FloatVecU*>(p) = v; }
inline void store_wide(double* p, Vec v) { store(p, v); }
template <typename T>
inline Wide<T> spread(T value) {
  return Wide<T>{} + value;
}

// exp, at most 2 ulp off where the result is a normal float; 0 below, inf above, NaN of NaN. As the one for doubles,
// Taylor to r^7 (remainder < 2e-8 of the result at |r| = ln(2) / 2, halved by Horner's own roundings).
inline FloatVec exp(FloatVec x) {
  constexpr float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  constexpr float shifter = 0x1.8p23f, lowest = -87.3f, highest = 88.0f;
  const FloatVec clamped = select(x < lowest, spread(lowest), select(x > highest, spread(highest), x));
  const FloatVec shifted = madd(clamped, spread(log2_e), spread(shifter));
  const FloatVec k = shifted - shifter;
  const FloatVec r = madd(k, spread(-ln2_low), madd(k, spread(-ln2_high), clamped));
  FloatVec p = spread(1.0f / 5040.0f);
  p = madd(p, r, spread(1.0f / 720.0f));
  p = madd(p, r, spread(1.0f / 120.0f));
  p = madd(p, r, spread(1.0f / 24.0f));
  p = madd(p, r, spread(1.0f / 6.0f));
  p = madd(p, r, spread(0.5f));
  p = madd(p, r, spread(1.0f));
  p = madd(p, r, spread(1.0f));
  const FloatVec scaled = (FloatVec)((FloatInt)p + ((FloatInt)shifted << 23));
  const FloatVec finite = select(x < lowest, FloatVec{}, scaled);
  const FloatVec ended = select(x > highest, spread(std::numeric_limits<float>::infinity()), finite);
  return select(x != x, x, ended);
}

template <typename V>
inline V sigmoid(V x) {
  return 1 / (1 + exp(-x));
}
// Absolute error of a rounding of 1: near 0 not one of x, which a gate does not need.
template <typename V>
inline V tanh(V x) {
  return 1 - 2 / (1 + exp(x + x));
}
template <typename V>
inline V positive(V x) {  // max(0, x), NaN of NaN
  return select(x < V{}, V{}, x);
}

// c[i][0 .. C registers) += sum_k a[i * a_row + k * a_k] * b[k * b_row + ...] for R rows, kept in registers. Each
// element is one chain of multiply-adds over k: how many rows go together changes no bit.
template <typename T, int R, int C>
inline __attribute__((always_inline)) void product_block(std::int64_t n, const T* a, std::int64_t a_row,
                                                         std::int64_t a_k, const T* b, std::int64_t b_row, T* c,
                                                         std::int64_t c_row) {
  constexpr int w = width_of<T>;
  Wide<T> sums[R][C];
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < C; ++j) sums[i][j] = load_wide(c + i * c_row + j * w);
  }
  for (std::int64_t k = 0; k < n; ++k, a += a_k, b += b_row) {
    Wide<T> columns[C];
#pragma GCC unroll 4
    for (int j = 0; j < C; ++j) columns[j] = load_wide(b + j * w);
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
      const Wide<T> factor = spread(a[i * a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < C; ++j) sums[i][j] = madd(factor, columns[j], sums[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < C; ++j) store_wide(c + i * c_row + j * w, sums[i][j]);
  }
}

template <typename T, int C>
inline void product_columns(std::int64_t rows, std::int64_t n, const T* a, std::int64_t a_row, std::int64_t a_k,
                            const T* b, std::int64_t b_row, T* c, std::int64_t c_row) {
  std::int64_t i = 0;
#if defined(__AVX512F__)
  for (; i + 8 <= rows; i += 8) {
    product_block<T, 8, C>(n, a + i * a_row, a_row, a_k, b, b_row, c + i * c_row, c_row);
  }
#endif
  for (; i + 4 <= rows; i += 4) {
    product_block<T, 4, C>(n, a + i * a_row, a_row, a_k, b, b_row, c + i * c_row, c_row);
  }
  for (; i + 2 <= rows; i += 2) {
    product_block<T, 2, C>(n, a + i * a_row, a_row, a_k, b, b_row, c + i * c_row, c_row);
  }
  for (; i < rows; ++i) {
    product_block<T, 1, C>(n, a + i * a_row, a_row, a_k, b, b_row, c + i * c_row, c_row);
  }
}

// c (rows x columns) += a (rows x n, any strides) b (n x columns); columns a multiple of the register's width.
template <typename T>
inline void add_product(std::int64_t rows, std::int64_t columns, std::int64_t n, const T* a, std::int64_t a_row,
                        std::int64_t a_k, const T* b, std::int64_t b_row, T* c, std::int64_t c_row) {
  constexpr std::int64_t w = width_of<T>;
  std::int64_t j = 0;
  for (; j + 3 * w <= columns; j += 3 * w) {
    product_columns<T, 3>(rows, n, a, a_row, a_k, b + j, b_row, c + j, c_row);
  }
  if (columns - j == 2 * w) {
    product_columns<T, 2>(rows, n, a, a_row, a_k, b + j, b_row, c + j, c_row);
  } else if (columns - j == w) {
    product_columns<T, 1>(rows, n, a, a_row, a_k, b + j, b_row, c + j, c_row);
  }
}

}  // namespace marey::MAREY_LEVEL
