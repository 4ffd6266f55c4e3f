// Vectors of doubles by the compiler's vector extensions, as wide as the level that this file is compiled
// for.
//
// Included by kernel sources only, each compiled once per level with -DMAREY_LEVEL=<base|v3|v4>. Everything
// here lives in that level's namespace: the linker must never merge an AVX-512 instance with one for an older
// machine.
#pragma once
#include <cstdint>
#include <limits>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__FMA__)
#include <immintrin.h>
#endif

#if !defined(MAREY_LEVEL)
#error "simd.hpp belongs in sources compiled per instruction-set level"
#endif

namespace marey::MAREY_LEVEL {

#if defined(__AVX512F__)
inline constexpr int lanes = 8;
#elif defined(__AVX2__)
inline constexpr int lanes = 4;
#else
inline constexpr int lanes = 2;
#endif

typedef double Vec __attribute__((vector_size(8 * lanes)));
typedef std::int64_t Int __attribute__((vector_size(8 * lanes)));
typedef std::uint64_t Bits __attribute__((vector_size(8 * lanes)));
typedef float HalfVec __attribute__((vector_size(4 * lanes)));
typedef std::int32_t HalfInt __attribute__((vector_size(4 * lanes)));

// a * b + c: one rounding where the level has the instruction, two where not. Contraction by the compiler is off: it
// may fuse in one loop and not in another, and then the same element gets other bits in another place.
inline Vec madd(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#else
  return a * b + c;
#endif
}
inline double madd(double a, double b, double c) {
#if defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// Unaligned views for loads and stores.
typedef double VecU __attribute__((vector_size(8 * lanes), aligned(8), may_alias));
typedef float HalfVecU __attribute__((vector_size(4 * lanes), aligned(4), may_alias));

inline Vec splat(double value) { return Vec{} + value; }
inline Vec select(Int condition, Vec yes, Vec no) { return condition ? yes : no; }

inline Vec load(const double* p) { return *reinterpret_cast<const VecU*>(p); }
inline Vec load(const float* p) { return __builtin_convertvector(HalfVec(*reinterpret_cast<const HalfVecU*>(p)), Vec); }
inline void store(double* p, Vec v) { *reinterpret_cast<VecU*>(p) = v; }
inline void store(float* p, Vec v) { *reinterpret_cast<HalfVecU*>(p) = __builtin_convertvector(v, HalfVec); }

// The first n lanes, 0 <= n <= lanes; the others are `fill`, and memory past them is not touched.
template <typename T>
inline Vec load_first_or(const T* p, std::int64_t n, double fill) {
  if (n >= lanes) return load(p);
#if defined(__AVX512F__)
  const auto first = static_cast<__mmask8>((1u << n) - 1);
  if constexpr (sizeof(T) == 8) {
    return (Vec)_mm512_mask_loadu_pd((__m512d)splat(fill), first, p);
  } else {
    return (Vec)_mm512_mask_cvtps_pd((__m512d)splat(fill), first, _mm256_maskz_loadu_ps(first, p));
  }
#elif defined(__AVX2__)
  const Int first = Int{0, 1, 2, 3} < n;
  if constexpr (sizeof(T) == 8) {
    return select(first, (Vec)_mm256_maskload_pd(p, (__m256i)first), splat(fill));
  } else {
    const __m128 some = _mm_maskload_ps(p, (__m128i) __builtin_convertvector(first, HalfInt));
    return select(first, __builtin_convertvector((HalfVec)some, Vec), splat(fill));
  }
#else
  Vec v = splat(fill);
  for (std::int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
#endif
}
template <typename T>
inline Vec load_first(const T* p, std::int64_t n) {
  return load_first_or(p, n, 0.0);
}
template <typename T>
inline void store_first(T* p, Vec v, std::int64_t n) {
  if (n >= lanes) return store(p, v);
#if defined(__AVX512F__)
  const auto first = static_cast<__mmask8>((1u << n) - 1);
  if constexpr (sizeof(T) == 8) {
    _mm512_mask_storeu_pd(p, first, (__m512d)v);
  } else {
    _mm256_mask_storeu_ps(p, first, (__m256) __builtin_convertvector(v, HalfVec));
  }
#elif defined(__AVX2__)
  const Int first = Int{0, 1, 2, 3} < n;
  if constexpr (sizeof(T) == 8) {
    _mm256_maskstore_pd(p, (__m256i)first, (__m256d)v);
  } else {
    _mm_maskstore_ps(p, (__m128i) __builtin_convertvector(first, HalfInt),
                     (__m128) __builtin_convertvector(v, HalfVec));
  }
#else
  for (std::int64_t i = 0; i < n; ++i) p[i] = T(v[i]);
#endif
}

// All bits set where the byte is not zero.
inline Int load_mask_first(const std::uint8_t* p, std::int64_t n) {
  Int bits{};
  for (std::int64_t i = 0; i < lanes && i < n; ++i) bits[i] = p[i] ? -1 : 0;
  return bits;
}

inline double sum(Vec v) {
  double total = v[0];
  for (int i = 1; i < lanes; ++i) total += v[i];
  return total;
}

// rows[i][j] <-> rows[j][i], by log2(lanes) rounds of pairwise exchanges.
inline void transpose(Vec (&rows)[lanes]) {
#if defined(__AVX512F__)
  for (int i = 0; i < 8; i += 2) {
    const Vec a = rows[i], b = rows[i + 1];
    rows[i] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    rows[i + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int k = 0; k < 4; ++k) {
    const int i = k + (k & 2);
    const Vec a = rows[i], b = rows[i + 2];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    rows[i + 2] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; ++i) {
    const Vec a = rows[i], b = rows[i + 4];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    rows[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
#elif defined(__AVX2__)
  for (int i = 0; i < 4; i += 2) {
    const Vec a = rows[i], b = rows[i + 1];
    rows[i] = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    rows[i + 1] = __builtin_shufflevector(a, b, 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    const Vec a = rows[i], b = rows[i + 2];
    rows[i] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    rows[i + 2] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  }
#else
  const Vec a = rows[0], b = rows[1];
  rows[0] = __builtin_shufflevector(a, b, 0, 2);
  rows[1] = __builtin_shufflevector(a, b, 1, 3);
#endif
}

// exp, at most 1.5 ulp off where the result is normal; subnormal results are flushed to zero, NaN stays NaN.
// exp(x) = 2^k exp(r), |r| <= ln(2)/2, Taylor to r^13 (remainder < 5e-18).
inline Vec exp(Vec x) {
  constexpr double log2_e = 1.4426950408889634, ln2_high = 6.93147180369123816490e-01,
                   ln2_low = 1.90821492927058770002e-10;
  constexpr double shifter = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
  constexpr double lowest = -708.0, highest = 709.782712893384;
  const Vec clamped = select(x < lowest, splat(lowest), select(x > highest, splat(highest), x));
  const Vec shifted = madd(clamped, splat(log2_e), splat(shifter));
  const Vec k = shifted - shifter;
  const Vec r = madd(k, splat(-ln2_low), madd(k, splat(-ln2_high), clamped));
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
  Vec p{};
  for (double c : inverse_factorials) p = madd(p, r, splat(c));
  const Vec scaled = (Vec)((Bits)p + ((Bits)shifted << 52));
  const Vec finite = select(x < lowest, splat(0.0), scaled);
  const Vec ended = select(x > highest, splat(std::numeric_limits<double>::infinity()), finite);
  return select(x != x, x, ended);
}

}  // namespace marey::MAREY_LEVEL
