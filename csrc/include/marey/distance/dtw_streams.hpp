// Dynamic time warping of several pairs in the lanes of several vectors. Included by kernel sources only.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "marey/core/simd_float.hpp"
#include "marey/distance/series.hpp"

namespace marey::distance::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

template <typename T>
inline constexpr std::int64_t width = Lanes<T>::width;
inline constexpr int streams = 4;  // the latency of a cell, min and multiply-add, over what they take

// The lesser; of a NaN nothing is promised.
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

// `width` candidates with their time steps side by side: values[(t * channels + c) * width + lane], zero past an end.
template <typename T>
struct Block {
  std::unique_ptr<VecOf<T>[]> values;
  std::int64_t lengths[width<T>], longest = 0;

  Block(std::int64_t channels, std::int64_t most) : values(new VecOf<T>[channels * most + 1]()) {}

  template <typename At>  // at(lane): which series, or -1 for an idle lane
  void fill(const Series<T>& s, At at) {
    longest = 0;
    for (std::int64_t l = 0; l < width<T>; ++l) {
      lengths[l] = at(l) < 0 ? 0 : s.length_of(at(l));
      longest = lengths[l] > longest ? lengths[l] : longest;
    }
    for (std::int64_t t = 0; t < longest; ++t) {
      for (std::int64_t c = 0; c < s.channels; ++c) {
        VecOf<T>& v = values[t * s.channels + c];
        for (std::int64_t l = 0; l < width<T>; ++l) {
          v[l] = t < lengths[l] ? s.channel(at(l))[c * s.length + t] : T(0);
        }
      }
    }
  }
};

// What one vector works on: a query of n steps against a block.
template <typename T>
struct Stream {
  const T* x;
  std::int64_t n;
  const Block<T>* y;
  T squares[width<T>];  // out
};

// One row of cells of every stream, columns low .. high, row[column * streams + stream] in place.
template <typename T, bool single>
inline void dtw_row(const Stream<T> (&s)[streams], std::int64_t i, std::int64_t channels, std::int64_t x_channel,
                    std::int64_t low, std::int64_t high, VecOf<T>* row) {
  using V = VecOf<T>;
  const V inf = broadcast(std::numeric_limits<T>::infinity());
  V x[streams], diagonal[streams], left[streams];
  const V* y[streams];
  const T* steps[streams];
#pragma GCC unroll 4
  for (int q = 0; q < streams; ++q) {
    steps[q] = i < s[q].n ? s[q].x + i : s[q].x;  // past the end any step does
    x[q] = s[q].n > 0 ? broadcast(*steps[q]) : V{};
    y[q] = s[q].y->values.get();
    diagonal[q] = low > 0 ? row[(low - 1) * streams + q] : i == 0 ? V{} : inf;
    left[q] = inf;
  }
  for (std::int64_t j = low; j <= high; ++j) {
#pragma GCC unroll 4
    for (int q = 0; q < streams; ++q) {
      const V up = row[j * streams + q];
      const V best = lesser(lesser(up, diagonal[q]), left[q]);
      if constexpr (single) {
        const V d = x[q] - y[q][j];
        left[q] = madd(d, d, best);
      } else {
        V cost{};
        for (std::int64_t c = 0; c < (s[q].n > 0 ? channels : 0); ++c) {
          const V d = broadcast(steps[q][c * x_channel]) - y[q][j * channels + c];
          cost = madd(d, d, cost);
        }
        left[q] = cost + best;
      }
      diagonal[q] = up;
      row[j * streams + q] = left[q];
    }
  }
}

// Fills `squares` of every stream; blocks must have room for the longest among them. Stops where all of a row lies
// above `bound`, and leaves inf. `row` holds streams * longest vectors.
template <typename T>
void dtw_streams(Stream<T> (&s)[streams], std::int64_t channels, std::int64_t x_channel, std::int64_t window,
                 VecOf<T>* row, T bound = std::numeric_limits<T>::infinity()) {
  constexpr T inf = std::numeric_limits<T>::infinity();
  constexpr std::int64_t rows_between_looks = 16;
  std::int64_t m = 0, n = 0;
  for (auto& stream : s) {
    m = stream.y->longest > m ? stream.y->longest : m;
    n = stream.n > n ? stream.n : n;
    for (T& square : stream.squares) square = inf;
  }
  for (std::int64_t k = 0; k < m * streams; ++k) row[k] = broadcast(inf);
  for (std::int64_t i = 0; i < n && i - window < m; ++i) {
    const std::int64_t low = i > window ? i - window : 0, high = m - 1 - i > window ? i + window : m - 1;
    channels == 1 ? dtw_row<T, true>(s, i, channels, x_channel, low, high, row)
                  : dtw_row<T, false>(s, i, channels, x_channel, low, high, row);
    for (int q = 0; q < streams; ++q) {
      if (i != s[q].n - 1) continue;
      for (std::int64_t l = 0; l < width<T>; ++l) {
        const std::int64_t end = s[q].y->lengths[l] - 1;
        if (end >= low && end <= high) s[q].squares[l] = row[end * streams + q][l];
      }
    }
    if (bound < inf && i % rows_between_looks == rows_between_looks - 1) {
      VecOf<T> least = broadcast(inf);
      for (std::int64_t k = low * streams; k < (high + 1) * streams; ++k) least = lesser(least, row[k]);
      bool above = true;
      for (std::int64_t l = 0; l < width<T>; ++l) above &= least[l] > bound;
      if (above) return;
    }
  }
}

}  // namespace marey::distance::MAREY_LEVEL
