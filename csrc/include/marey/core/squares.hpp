// Squares of `lanes` rows by `lanes` steps between memory, where a row is contiguous, and registers, where a step is.
//
// Filters and scans spend as much on this as on their arithmetic. With AVX-512 the halves of two rows come into one
// register by the load itself, which saves a third of the exchanges, and floats are exchanged before they are widened.
// Conversions are elementwise: every element has the same bits in whatever way it came.
//
// Included by kernel sources only, like simd.hpp.
#pragma once
#include "marey/core/simd.hpp"

namespace marey::MAREY_LEVEL {

#if defined(__AVX512F__)

// Four steps of rows 0 .. 7: tile[j] = step j. `at(c)` is where row c begins.
template <typename At>
[[gnu::always_inline]] inline void load_four(const double*, At at, Vec* tile) {
  const auto pair = [&](int low, int high) {  // four steps of two rows
    return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(at(low))), _mm256_loadu_pd(at(high)), 1);
  };
  const __m512d a = pair(0, 2), b = pair(1, 3), c = pair(4, 6), d = pair(5, 7);
  const __m512d even_low = _mm512_unpacklo_pd(a, b), odd_low = _mm512_unpackhi_pd(a, b);
  const __m512d even_high = _mm512_unpacklo_pd(c, d), odd_high = _mm512_unpackhi_pd(c, d);
  tile[0] = (Vec)_mm512_shuffle_f64x2(even_low, even_high, 0x88);
  tile[1] = (Vec)_mm512_shuffle_f64x2(odd_low, odd_high, 0x88);
  tile[2] = (Vec)_mm512_shuffle_f64x2(even_low, even_high, 0xdd);
  tile[3] = (Vec)_mm512_shuffle_f64x2(odd_low, odd_high, 0xdd);
}

template <typename At>
[[gnu::always_inline]] inline void load_four(const float*, At at, Vec* tile) {
  const auto pair = [&](int low, int high) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at(low))), _mm_loadu_ps(at(high)), 1);
  };
  const __m256 a = pair(0, 4), b = pair(1, 5), c = pair(2, 6), d = pair(3, 7);
  const __m256d t0 = (__m256d)_mm256_unpacklo_ps(a, b), t1 = (__m256d)_mm256_unpackhi_ps(a, b);
  const __m256d t2 = (__m256d)_mm256_unpacklo_ps(c, d), t3 = (__m256d)_mm256_unpackhi_ps(c, d);
  tile[0] = (Vec)_mm512_cvtps_pd((__m256)_mm256_unpacklo_pd(t0, t2));
  tile[1] = (Vec)_mm512_cvtps_pd((__m256)_mm256_unpackhi_pd(t0, t2));
  tile[2] = (Vec)_mm512_cvtps_pd((__m256)_mm256_unpacklo_pd(t1, t3));
  tile[3] = (Vec)_mm512_cvtps_pd((__m256)_mm256_unpackhi_pd(t1, t3));
}

template <typename At>
[[gnu::always_inline]] inline void store_four(double*, At at, const Vec* tile) {
  const __m512i first_rows = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i last_rows = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  const __m512d t0 = (__m512d)tile[0], t1 = (__m512d)tile[1], t2 = (__m512d)tile[2], t3 = (__m512d)tile[3];
  const __m512d even01 = _mm512_unpacklo_pd(t0, t1), odd01 = _mm512_unpackhi_pd(t0, t1);
  const __m512d even23 = _mm512_unpacklo_pd(t2, t3), odd23 = _mm512_unpackhi_pd(t2, t3);
  const auto pair = [&](int low, int high, __m512d rows) {
    _mm256_storeu_pd(at(low), _mm512_castpd512_pd256(rows));
    _mm256_storeu_pd(at(high), _mm512_extractf64x4_pd(rows, 1));
  };
  pair(0, 2, _mm512_permutex2var_pd(even01, first_rows, even23));
  pair(1, 3, _mm512_permutex2var_pd(odd01, first_rows, odd23));
  pair(4, 6, _mm512_permutex2var_pd(even01, last_rows, even23));
  pair(5, 7, _mm512_permutex2var_pd(odd01, last_rows, odd23));
}

template <typename At>
[[gnu::always_inline]] inline void store_four(float*, At at, const Vec* tile) {
  const auto narrow = [](Vec v) { return _mm512_maskz_cvtpd_ps(0xff, (__m512d)v); };
  const __m256 f0 = narrow(tile[0]), f1 = narrow(tile[1]), f2 = narrow(tile[2]), f3 = narrow(tile[3]);
  const __m256d t0 = (__m256d)_mm256_unpacklo_ps(f0, f1), t1 = (__m256d)_mm256_unpackhi_ps(f0, f1);
  const __m256d t2 = (__m256d)_mm256_unpacklo_ps(f2, f3), t3 = (__m256d)_mm256_unpackhi_ps(f2, f3);
  const auto pair = [&](int low, int high, __m256d rows) {
    _mm_storeu_ps(at(low), _mm256_castps256_ps128((__m256)rows));
    _mm_storeu_ps(at(high), _mm256_extractf128_ps((__m256)rows, 1));
  };
  pair(0, 4, _mm256_unpacklo_pd(t0, t2));
  pair(1, 5, _mm256_unpackhi_pd(t0, t2));
  pair(2, 6, _mm256_unpacklo_pd(t1, t3));
  pair(3, 7, _mm256_unpackhi_pd(t1, t3));
}

#endif

// tile[j] = step j of n rows, `row` apart; idle lanes repeat the first row.
template <typename T>
[[gnu::always_inline]] inline void load_square(const T* p, std::int64_t row, std::int64_t n, Vec (&tile)[lanes]) {
#if defined(__AVX512F__)
  const auto first = [=](int c) { return p + (c < n ? c * row : 0); };
  const auto second = [=](int c) { return p + (c < n ? c * row : 0) + 4; };
  load_four(p, first, tile);
  load_four(p, second, tile + 4);
#else
#pragma GCC unroll 8
  for (int c = 0; c < lanes; ++c) tile[c] = load(p + (c < n ? c : 0) * row);
  transpose(tile);
#endif
}

// The tile is indexed by constants alone where all rows are there, so that it stays in registers.
template <typename T>
[[gnu::always_inline]] inline void store_square(T* p, std::int64_t row, std::int64_t n, const Vec (&tile)[lanes]) {
  if (n == lanes) {
#if defined(__AVX512F__)
    store_four(p, [=](int c) { return p + c * row; }, tile);
    store_four(p, [=](int c) { return p + c * row + 4; }, tile + 4);
    return;
#endif
  }
  Vec rows[lanes];
#pragma GCC unroll 8
  for (int j = 0; j < lanes; ++j) rows[j] = tile[j];
  transpose(rows);
  if (n == lanes) {
#pragma GCC unroll 8
    for (int c = 0; c < lanes; ++c) store(p + c * row, rows[c]);
  } else {
    for (std::int64_t c = 0; c < n; ++c) store(p + c * row, rows[c]);
  }
}

}  // namespace marey::MAREY_LEVEL
