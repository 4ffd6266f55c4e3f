// Vectors of floats beside simd.hpp's vectors of doubles, and one set of names for kernels that take either:
// Lanes<float> is twice as wide as Lanes<double>. Included by kernel sources only, like simd.hpp.
#pragma once
#include <type_traits>

#include "marey/core/simd.hpp"

namespace marey::MAREY_LEVEL {

inline constexpr int float_lanes = 2 * lanes;
typedef float FloatVec __attribute__((vector_size(4 * float_lanes)));
typedef std::int32_t FloatInt __attribute__((vector_size(4 * float_lanes)));
typedef float FloatVecU __attribute__((vector_size(4 * float_lanes), aligned(4), may_alias));

template <typename T>
struct Lanes;
template <>
struct Lanes<float> {
  using V = FloatVec;
  using I = FloatInt;
  static constexpr int width = float_lanes;
};
template <>
struct Lanes<double> {
  using V = Vec;
  using I = Int;
  static constexpr int width = lanes;
};
template <typename T>
using VecOf = typename Lanes<T>::V;

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

template <typename T>
inline VecOf<T> broadcast(T value) {
  return VecOf<T>{} + value;
}

// The first n elements at p, the others zero; memory past n is not touched. n may be more than a vector holds.
inline FloatVec row(const float* p) { return *reinterpret_cast<const FloatVecU*>(p); }
inline Vec row(const double* p) { return load(p); }
inline FloatVec row_first(const float* p, std::int64_t n) {
  if (n >= float_lanes) return row(p);
#if defined(__AVX512F__)
  return (FloatVec)_mm512_maskz_loadu_ps(static_cast<__mmask16>(_bzhi_u32(0xffff, static_cast<unsigned>(n))), p);
#elif defined(__AVX2__)
  const FloatInt first = FloatInt{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<std::int32_t>(n);
  return (FloatVec)_mm256_maskload_ps(p, (__m256i)first);
#else
  FloatVec v{};
  for (std::int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
#endif
}
inline Vec row_first(const double* p, std::int64_t n) { return load_first(p, n); }
inline void store(float* p, FloatVec v) { *reinterpret_cast<FloatVecU*>(p) = v; }
inline void store_first(float* p, FloatVec v, std::int64_t n) {
  if (n >= float_lanes) return store(p, v);
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>(_bzhi_u32(0xffff, static_cast<unsigned>(n))), v);
#elif defined(__AVX2__)
  const FloatInt first = FloatInt{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<std::int32_t>(n);
  _mm256_maskstore_ps(p, (__m256i)first, v);
#else
  for (std::int64_t i = 0; i < n; ++i) p[i] = v[i];
#endif
}

// Two vectors of doubles rounded to one of floats.
inline FloatVec narrow(Vec low, Vec high) {
#if defined(__AVX512F__)
  const __m256 first = _mm512_cvtpd_ps((__m512d)low), second = _mm512_cvtpd_ps((__m512d)high);
  return (FloatVec)_mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(first)), _mm256_castps_pd(second), 1);
#else
  const HalfVec first = __builtin_convertvector(low, HalfVec), second = __builtin_convertvector(high, HalfVec);
  FloatVec both;
  __builtin_memcpy(&both, &first, sizeof first);
  __builtin_memcpy(reinterpret_cast<char*>(&both) + sizeof first, &second, sizeof second);
  return both;
#endif
}

inline float sum(FloatVec v) {
  float total = v[0];
  for (int i = 1; i < float_lanes; ++i) total += v[i];
  return total;
}

// rows[i][j] <-> rows[j][i], by log2(width) rounds of pairwise exchanges.
inline void transpose(FloatVec (&rows)[float_lanes]) {
#if defined(__AVX512F__)
  for (int i = 0; i < 16; i += 2) {
    const FloatVec a = rows[i], b = rows[i + 1];
    rows[i] = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    rows[i + 1] = __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
  for (int k = 0; k < 8; ++k) {
    const int i = k + (k & ~1);
    const FloatVec a = rows[i], b = rows[i + 2];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    rows[i + 2] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  for (int k = 0; k < 8; ++k) {
    const int i = k + (k & ~3);
    const FloatVec a = rows[i], b = rows[i + 4];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    rows[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  for (int i = 0; i < 8; ++i) {
    const FloatVec a = rows[i], b = rows[i + 8];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    rows[i + 8] = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
#elif defined(__AVX2__)
  for (int i = 0; i < 8; i += 2) {
    const FloatVec a = rows[i], b = rows[i + 1];
    rows[i] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    rows[i + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int k = 0; k < 4; ++k) {
    const int i = k + (k & ~1);
    const FloatVec a = rows[i], b = rows[i + 2];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    rows[i + 2] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; ++i) {
    const FloatVec a = rows[i], b = rows[i + 4];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    rows[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
#else
  for (int i = 0; i < 4; i += 2) {
    const FloatVec a = rows[i], b = rows[i + 1];
    rows[i] = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    rows[i + 1] = __builtin_shufflevector(a, b, 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    const FloatVec a = rows[i], b = rows[i + 2];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    rows[i + 2] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  }
#endif
}

// p 2^k for the whole number k = t rounded, p in [1/2, 2): 0 or nearly 0 where it would be subnormal, inf beyond the
// largest float, NaN where t is NaN.
inline __attribute__((always_inline)) FloatVec scale_by_power(FloatVec p, FloatVec k, FloatVec shifted, FloatVec t) {
#if defined(__AVX512F__)
  (void)shifted, (void)t;
  return (FloatVec)_mm512_scalef_ps(p, k);
#else
  (void)k;
  const FloatVec scaled = (FloatVec)((FloatInt)p + ((FloatInt)shifted << 23));
  const FloatVec finite = select(t < -126.0f, FloatVec{}, scaled);
  const FloatVec ended = select(t >= 128.0f, FloatVec{} + std::numeric_limits<float>::infinity(), finite);
  return select(t != t, t, ended);
#endif
}

// Adding it leaves the nearest whole number in the low bits.
inline constexpr float float_shifter = 0x1.8p23f;

// 2^f for |f| <= 1/2: minimax of degree 6 with 2^0 = 1 exactly, off by 2e-9 of itself before rounding.
inline __attribute__((always_inline)) FloatVec power_of_fraction(FloatVec f) {
  FloatVec p = FloatVec{} + 1.5353197e-4f;
  p = madd(p, f, FloatVec{} + 1.339887e-3f);
  p = madd(p, f, FloatVec{} + 9.618439e-3f);
  p = madd(p, f, FloatVec{} + 5.5503324e-2f);
  p = madd(p, f, FloatVec{} + 2.4022648e-1f);
  p = madd(p, f, FloatVec{} + 6.931472e-1f);
  return madd(p, f, FloatVec{} + 1.0f);
}

// 2^t, at most 1.5 ulp off.
inline __attribute__((always_inline)) FloatVec exp2(FloatVec t) {
#if defined(__AVX512F__)
  const FloatVec k = (FloatVec)_mm512_roundscale_ps(t, 8);  // to nearest, quiet
  return (FloatVec)_mm512_scalef_ps(power_of_fraction(t - k), k);
#else
  const FloatVec low = select(t < -127.0f, FloatVec{} - 127.0f, t);
  const FloatVec clamped = select(low > 128.0f, FloatVec{} + 128.0f, low);
  const FloatVec shifted = clamped + float_shifter;
  const FloatVec k = shifted - float_shifter;
  return scale_by_power(power_of_fraction(clamped - k), k, shifted, t);
#endif
}

// e^x, at most 1.5 ulp off where the result is normal.
inline __attribute__((always_inline)) FloatVec exp(FloatVec x) {
  constexpr float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  const FloatVec low = select(x < -88.0f, FloatVec{} - 88.0f, x);
  const FloatVec clamped = select(low > 89.0f, FloatVec{} + 89.0f, low);
  const FloatVec shifted = madd(clamped, FloatVec{} + log2_e, FloatVec{} + float_shifter);
  const FloatVec k = shifted - float_shifter;
  const FloatVec r = madd(k, FloatVec{} - ln2_low, madd(k, FloatVec{} - ln2_high, clamped));
  FloatVec p = FloatVec{} + 1.3814502e-3f;
  p = madd(p, r, FloatVec{} + 8.36877e-3f);
  p = madd(p, r, FloatVec{} + 4.1668393e-2f);
  p = madd(p, r, FloatVec{} + 1.666652e-1f);
  p = madd(p, r, FloatVec{} + 4.9999994e-1f);
  p = madd(p, r, FloatVec{} + 1.0f);
  p = madd(p, r, FloatVec{} + 1.0f);
  return scale_by_power(p, k, shifted, select(x != x, x, k));
}

// 2^t by exp's Taylor terms, (ln 2)^i / i!.
inline __attribute__((always_inline)) Vec exp2(Vec t) {
  constexpr double ln2 = 0.69314718055994530942;
  constexpr double inverse_factorials[] = {1.0 / 6227020800.0,
                                           1.0 / 479001600.0,
                                           1.0 / 39916800.0,
                                           1.0 / 3628800.0,
                                           1.0 / 362880.0,
                                           1.0 / 40320.0,
                                           1.0 / 5040.0,
                                           1.0 / 720.0,
                                           1.0 / 120.0,
                                           1.0 / 24.0,
                                           1.0 / 6.0,
                                           0.5,
                                           1.0,
                                           1.0};
  constexpr double shifter = 0x1.8p52;
  const Vec low = select(t < -1022.0, splat(-1022.0), t);
  const Vec clamped = select(low > 1024.0, splat(1024.0), low);
  const Vec shifted = clamped + shifter;
  const Vec k = shifted - shifter;
  const Vec r = (clamped - k) * ln2;
  Vec p = splat(inverse_factorials[0]);
#pragma GCC unroll 14
  for (int i = 1; i < 14; ++i) p = madd(p, r, splat(inverse_factorials[i]));
#if defined(__AVX512F__)
  return select(t < -1022.0, Vec{}, (Vec)_mm512_scalef_pd(p, k));
#else
  const Vec finite = select(t < -1022.0, Vec{}, (Vec)((Bits)p + ((Bits)shifted << 52)));
  const Vec ended = select(t >= 1024.0, splat(std::numeric_limits<double>::infinity()), finite);
  return select(t != t, t, ended);
#endif
}

// log(1 + e) for 0 <= e <= 1: 2 atanh(s), s = e / (2 + e) <= 1/3, Taylor as far as the type reads.
template <typename V>
inline __attribute__((always_inline)) V log1p_of_fraction(V e) {
  constexpr bool single = std::is_same_v<V, FloatVec>;
  using T = std::conditional_t<single, float, double>;
  const V s = e / (e + T(2)), s2 = s * s;
  constexpr int last = single ? 15 : 33;
  V p = V{} + T(1.0 / last);
#pragma GCC unroll 16
  for (int i = last - 2; i > 1; i -= 2) p = madd(p, s2, V{} + T(1.0 / i));
  return madd(s * s2, p + p, s + s);
}

// log(1 + e^x) without overflow; NaN stays NaN.
template <typename V>
inline __attribute__((always_inline)) V softplus(V x) {
  const V positive = select(x > 0, x, V{});
  return select(x != x, x, positive + log1p_of_fraction(exp(select(x > 0, -x, x))));
}

// 1 / (1 + e^-x).
inline __attribute__((always_inline)) Vec sigmoid(Vec x) { return 1 / (exp(-x) + 1); }
inline __attribute__((always_inline)) FloatVec sigmoid(FloatVec x) {
#if defined(__AVX512F__)
  // Division takes as long as all the rest: an estimate of 14 bits and a Newton step instead. e^-x stays finite, so
  // that the step does; the second operand of max and min is what comes of a NaN.
  const FloatVec minus_log2_e = FloatVec{} - 1.44269504f;
  const FloatVec clamped = (FloatVec)_mm512_min_ps(FloatVec{} + 87.0f, _mm512_max_ps(FloatVec{} - 87.0f, x));
  const FloatVec k = (FloatVec)_mm512_roundscale_ps(clamped * minus_log2_e, 8);
  const FloatVec d = (FloatVec)_mm512_scalef_ps(power_of_fraction(madd(clamped, minus_log2_e, -k)), k) + 1;
  const FloatVec r = (FloatVec)_mm512_rcp14_ps(d);
  return madd(r, (FloatVec)_mm512_fnmadd_ps(d, r, FloatVec{} + 1.0f), r);
#else
  return 1 / (exp(-x) + 1);
#endif
}

}  // namespace marey::MAREY_LEVEL
