// Series in the lanes of vectors, for kernels that compare one pair a lane. Included by kernel sources only.
#pragma once
#include <cmath>
#include <cstdint>
#include <memory>

#include "marey/core/simd_float.hpp"
#include "marey/distance/series.hpp"

namespace marey::distance::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

template <typename T>
inline constexpr std::int64_t width = Lanes<T>::width;

// The lesser and the greater; of a NaN nothing is promised.
inline Vec lesser(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_pd(0xff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_pd(a, b);
#else
  return select(a < b, a, b);
#endif
}
inline FloatVec lesser(FloatVec a, FloatVec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return select(a < b, a, b);
#endif
}

inline Vec greater(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_pd(0xff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_pd(a, b);
#else
  return select(a > b, a, b);
#endif
}
inline FloatVec greater(FloatVec a, FloatVec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return select(a > b, a, b);
#endif
}

// Bit l: a[l] < b[l].
inline unsigned below(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
#elif defined(__AVX2__)
  return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_LT_OQ));
#else
  unsigned bits = 0;
  for (std::int64_t l = 0; l < width<double>; ++l) bits |= unsigned(a[l] < b[l]) << l;
  return bits;
#endif
}
inline unsigned below(FloatVec a, FloatVec b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
#elif defined(__AVX2__)
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
#else
  unsigned bits = 0;
  for (std::int64_t l = 0; l < width<float>; ++l) bits |= unsigned(a[l] < b[l]) << l;
  return bits;
#endif
}

inline Vec magnitude(Vec v) { return (Vec)((Bits)v & 0x7fffffffffffffffu); }
inline FloatVec magnitude(FloatVec v) { return (FloatVec)((FloatInt)v & 0x7fffffff); }

inline Vec root(Vec v) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_pd(0xff, v);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(v);
#else
  return Vec{std::sqrt(v[0]), std::sqrt(v[1])};
#endif
}
inline FloatVec root(FloatVec v) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(0xffff, v);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(v);
#else
  return FloatVec{std::sqrt(v[0]), std::sqrt(v[1]), std::sqrt(v[2]), std::sqrt(v[3])};
#endif
}

// `width` series with their time steps side by side: values[t * channels + c], a lane each, zero past an end and in the
// step before the beginning. `gaps`: what it costs to leave a step out, where a rule has such a cost.
template <typename T>
struct Block {
  std::unique_ptr<VecOf<T>[]> memory, gaps;
  VecOf<T>* values;
  std::int64_t lengths[width<T>], longest = 0;

  Block(std::int64_t channels, std::int64_t most)
      : memory(new VecOf<T>[channels * (most + 1) + 1]()),
        gaps(new VecOf<T>[most + 1]()),
        values(memory.get() + channels) {}

  template <typename At>  // at(lane): which series, or -1 for an idle lane
  void fill(const Series<T>& s, At at) {
    fill(s, at, 0, s.channels);
  }
  template <typename At>  // channels first .. first + many - 1 alone
  void fill(const Series<T>& s, At at, std::int64_t first, std::int64_t many) {
    longest = 0;
    for (std::int64_t l = 0; l < width<T>; ++l) {
      lengths[l] = at(l) < 0 ? 0 : s.length_of(at(l));
      longest = lengths[l] > longest ? lengths[l] : longest;
    }
    for (std::int64_t t = 0; t < longest; ++t) {
      for (std::int64_t c = 0; c < many; ++c) {
        VecOf<T>& v = values[t * many + c];
        for (std::int64_t l = 0; l < width<T>; ++l) {
          v[l] = t < lengths[l] ? s.channel(at(l))[(first + c) * s.length + t] : T(0);
        }
      }
    }
  }
};

}  // namespace marey::distance::MAREY_LEVEL
