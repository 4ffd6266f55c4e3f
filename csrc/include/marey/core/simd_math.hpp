// fma and log on vectors of doubles; see simd.hpp.
//
// Kernels that must give the same bits along two code paths write every multiply-add as fma, so that no compiler
// decides which product is rounded.
#pragma once
#include "marey/core/simd.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace marey::MAREY_LEVEL {

// a * b + c, rounded once where the machine can.
inline Vec fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return (Vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  return (Vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
  return (Vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

// x = 2^k m with 1 <= m < 2, for positive normal x; k is added to `exponent`, m returned.
inline Vec take_exponent(Vec x, Int& exponent) {
  exponent += (Int)((Bits)x >> 52) - 1023;
  return (Vec)(((Bits)x & 0x000fffffffffffffu) | 0x3ff0000000000000u);
}

// log of a positive normal number, at most 2 ulp off away from 1.
// log(x) = k ln 2 + 2 atanh((m - 1) / (m + 1)), sqrt(1/2) <= m < sqrt(2), |s| < 0.172: Taylor to s^21.
inline Vec log(Vec x) {
  constexpr double ln2 = 0.6931471805599453;
  Int k{};
  Vec m = take_exponent(x, k);
  const Int above = m > 1.4142135623730951;
  m = select(above, m * 0.5, m);
  k -= above;
  const Vec s = (m - 1.0) / (m + 1.0), z = s * s;
  Vec p{};
  for (int j = 21; j >= 3; j -= 2) p = fma(p, z, splat(1.0 / j));
  return fma(__builtin_convertvector(k, Vec), splat(ln2), fma(p * z, 2.0 * s, 2.0 * s));
}

}  // namespace marey::MAREY_LEVEL
