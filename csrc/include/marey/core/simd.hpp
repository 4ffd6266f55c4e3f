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
inline Vec load(const float* p) {
#if defined(__AVX512F__)
  return (Vec)_mm512_cvtps_pd(_mm256_loadu_ps(p));  // GCC 12 makes five instructions of the conversion below
#else
  return __builtin_convertvector(HalfVec(*reinterpret_cast<const HalfVecU*>(p)), Vec);
#endif
}
inline void store(double* p, Vec v) { *reinterpret_cast<VecU*>(p) = v; }
inline void store(float* p, Vec v) {
#if defined(__AVX512F__)
  _mm256_storeu_ps(p, _mm512_maskz_cvtpd_ps(0xff, (__m512d)v));  // likewise
#else
  *reinterpret_cast<HalfVecU*>(p) = __builtin_convertvector(v, HalfVec);
#endif
}

// Which lanes of a vector are meant: the first n, none below 1 and all from `lanes` on.
#if defined(__AVX512F__)
struct Some {
  __mmask8 first;
};
inline Some some(std::int64_t n) {
  const unsigned bounded = static_cast<unsigned>(n < 0 ? 0 : n > lanes ? lanes : n);
  return {static_cast<__mmask8>(_bzhi_u32(0xff, bounded))};
}
#elif defined(__AVX2__)
struct Some {
  Int first;
};
inline Some some(std::int64_t n) { return {Int{0, 1, 2, 3} < n}; }
#else
struct Some {
  std::int64_t n;
};
inline Some some(std::int64_t n) { return {n < lanes ? n : lanes}; }
#endif

// Those lanes; the others are `fill`, and memory there is not touched. Without a branch where the level has masks.
template <typename T>
inline Vec load_some(const T* p, Some lanes_of, double fill) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8) {
    return (Vec)_mm512_mask_loadu_pd((__m512d)splat(fill), lanes_of.first, p);
  } else {
    const __m256 values = _mm256_maskz_loadu_ps(lanes_of.first, p);
    return (Vec)_mm512_mask_cvtps_pd((__m512d)splat(fill), lanes_of.first, values);
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 8) {
    return select(lanes_of.first, (Vec)_mm256_maskload_pd(p, (__m256i)lanes_of.first), splat(fill));
  } else {
    const __m128 values = _mm_maskload_ps(p, (__m128i) __builtin_convertvector(lanes_of.first, HalfInt));
    return select(lanes_of.first, __builtin_convertvector((HalfVec)values, Vec), splat(fill));
  }
#else
  Vec v = splat(fill);
  for (std::int64_t i = 0; i < lanes_of.n; ++i) v[i] = p[i];
  return v;
#endif
}
template <typename T>
inline void store_some(T* p, Vec v, Some lanes_of) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8) {
    _mm512_mask_storeu_pd(p, lanes_of.first, (__m512d)v);
  } else {
    _mm256_mask_storeu_ps(p, lanes_of.first, (__m256) __builtin_convertvector(v, HalfVec));
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 8) {
    _mm256_maskstore_pd(p, (__m256i)lanes_of.first, (__m256d)v);
  } else {
    _mm_maskstore_ps(p, (__m128i) __builtin_convertvector(lanes_of.first, HalfInt),
                     (__m128) __builtin_convertvector(v, HalfVec));
  }
#else
  for (std::int64_t i = 0; i < lanes_of.n; ++i) p[i] = T(v[i]);
#endif
}

// The first n lanes, none below 1 and all from `lanes` on; quick where most vectors are whole.
template <typename T>
inline Vec load_first(const T* p, std::int64_t n, double fill = 0.0) {
  return n >= lanes ? load(p) : load_some(p, some(n), fill);
}
template <typename T>
inline void store_first(T* p, Vec v, std::int64_t n) {
  n >= lanes ? store(p, v) : store_some(p, v, some(n));
}

// All bits set where the byte is not zero.
inline Int load_mask_first(const std::uint8_t* p, std::int64_t n) {
  Int bits{};
  for (std::int64_t i = 0; i < lanes && i < n; ++i) bits[i] = p[i] ? -1 : 0;
  return bits;
}

typedef std::uint8_t Bytes __attribute__((vector_size(lanes), aligned(1), may_alias));

// `lanes` values, zero where their byte of `seen` is.
template <typename T>
inline Vec load_seen(const T* p, const std::uint8_t* seen) {
  const Int bytes = __builtin_convertvector(*reinterpret_cast<const Bytes*>(seen), Int);
  return select(bytes != 0, load(p), Vec{});
}

inline bool all_equal(Vec v, double value) {
#if defined(__AVX512F__)
  return _mm512_cmp_pd_mask((__m512d)v, (__m512d)splat(value), _CMP_EQ_OQ) == 0xff;
#else
  bool equal = true;
  for (int i = 0; i < lanes; ++i) equal &= v[i] == value;
  return equal;
#endif
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

#if defined(__AVX512F__)
// exp(x) = 2^k 2^(j/16) exp(r), |r| <= ln(2)/32: a table in two registers and half of the polynomial. Its coefficients
// are minimax for (exp(r) - 1 - r) / r^2, 3e-17 of the result off.
inline __attribute__((always_inline)) Vec exp_by_sixteenths(Vec x) {
  const __m512d low =
      _mm512_setr_pd(0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0, 0x1.306fe0a31b715p+0,
                     0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0);
  const __m512d high =
      _mm512_setr_pd(0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f09p+0,
                     0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0);
  constexpr double shifter = 0x1.8p48;  // adding it leaves the nearest sixteenth in the low bits
  // scalef saturates by itself; the second operand of max and min is what comes of a NaN.
  const Vec clamped = (Vec)_mm512_min_pd(splat(1100.0), _mm512_max_pd(splat(-1100.0), x));
  const Vec shifted = madd(clamped, splat(1.4426950408889634), splat(shifter));
  const Vec k = shifted - shifter;
  const Vec r = madd(k, splat(-1.90821492927058770002e-10), madd(k, splat(-6.93147180369123816490e-01), clamped));
  Vec p = splat(0x1.6c17bb51f236dp-10);
  p = madd(p, r, splat(0x1.11120af701debp-7));
  p = madd(p, r, splat(0x1.55555555194d2p-5));
  p = madd(p, r, splat(0x1.55555554dd44dp-3));
  p = madd(p, r, splat(0.5));
  const Vec beyond_one = madd(p, r, splat(1.0)) * r;
  const Vec root = (Vec)_mm512_permutex2var_pd(low, (__m512i)shifted, high);  // by the low four bits
  return (Vec)_mm512_scalef_pd(madd(root, beyond_one, root), k);
}
#endif

// exp, at most 1.5 ulp off where the result is normal; where it is not, 0 or the subnormal. NaN stays NaN.
// exp(x) = 2^k exp(r), |r| <= ln(2)/2, Taylor to r^13 (remainder < 5e-18); with 9 terms to r^8, 2e-10 of itself off,
// for what will be a float.
template <int terms = 14>
inline __attribute__((always_inline)) Vec exp(Vec x) {
#if defined(__AVX512F__)
  if constexpr (terms == 14) return exp_by_sixteenths(x);
#endif
  constexpr double log2_e = 1.4426950408889634, ln2_high = 6.93147180369123816490e-01,
                   ln2_low = 1.90821492927058770002e-10;
  constexpr double shifter = 0x1.8p52;  // adding it leaves the nearest integer in the low bits
#if defined(__AVX512F__)
  // 2^k saturates by itself; the second operand of max and min is what comes of a NaN.
  const Vec clamped = (Vec)_mm512_min_pd(splat(1100.0), _mm512_max_pd(splat(-1100.0), x));
#else
  constexpr double lowest = -708.0, highest = 709.782712893384;
  const Vec clamped = select(x < lowest, splat(lowest), select(x > highest, splat(highest), x));
#endif
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
  Vec p = splat(inverse_factorials[14 - terms]);
#pragma GCC unroll 14
  for (int i = 15 - terms; i < 14; ++i) p = madd(p, r, splat(inverse_factorials[i]));
#if defined(__AVX512F__)
  return (Vec)_mm512_scalef_pd(p, k);
#else
  const Vec scaled = (Vec)((Bits)p + ((Bits)shifted << 52));
  const Vec finite = select(x < lowest, splat(0.0), scaled);
  const Vec ended = select(x > highest, splat(std::numeric_limits<double>::infinity()), finite);
  return select(x != x, x, ended);
#endif
}

// log, at most 2 ulp off for normal positive x; log(0) = -inf, log(inf) = inf; NaN and x < 0 give NaN.
// x = 2^k m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), Taylor to s^23 (remainder < 1e-18).
inline Vec log(Vec x) {
  constexpr double inf = std::numeric_limits<double>::infinity(), ln2_high = 6.93147180369123816490e-01,
                   ln2_low = 1.90821492927058770002e-10;
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd, exponent = 0xfff0000000000000, shifter = 0x4338000000000000;
  const Bits above = (Bits)x - sqrt_half;
  const Vec m = (Vec)((Bits)x - (above & exponent));
  const Int k_bits = (Int)above >> 52;
  const Vec k = (Vec)((Bits)k_bits + shifter) - 0x1.8p52;
  const Vec s = (m - 1.0) / (m + 1.0);
  const Vec s2 = s * s;
  Vec p = splat(1.0 / 23.0);
#pragma GCC unroll 10
  for (int i = 21; i > 1; i -= 2) p = madd(p, s2, splat(1.0 / i));
  const Vec log_m = madd(s * s2, 2.0 * p, 2.0 * s);
  const Vec finite = madd(k, splat(ln2_high), madd(k, splat(ln2_low), log_m));
  const Vec positive = select(x == inf, x, select(x == 0.0, splat(-inf), finite));
  return select(x >= 0.0, positive, splat(std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace marey::MAREY_LEVEL
