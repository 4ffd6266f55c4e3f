// Real and complex numbers in SIMD lanes, and tiles of them between memory and lane order.
//
// Included by kernel sources only, like simd.hpp. A Number<V, W> is one number a lane: V is Vec (a channel a lane) or
// double (a channel alone), W is 1 for real and 2 for complex. A tile holds part w of step j at [j * W + w].
#pragma once
#include "marey/core/simd.hpp"

namespace marey::scan::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

template <typename V, int W>
struct Number {
  V part[W];
};

// a h + x
template <typename V>
inline Number<V, 1> multiply_add(const Number<V, 1>& a, const Number<V, 1>& h, const Number<V, 1>& x) {
  return {madd(a.part[0], h.part[0], x.part[0])};
}
template <typename V>
inline Number<V, 2> multiply_add(const Number<V, 2>& a, const Number<V, 2>& h, const Number<V, 2>& x) {
  return {madd(a.part[0], h.part[0], madd(-a.part[1], h.part[1], x.part[0])),
          madd(a.part[0], h.part[1], madd(a.part[1], h.part[0], x.part[1]))};
}

// conj(a) b
template <typename V>
inline Number<V, 1> conj_times(const Number<V, 1>& a, const Number<V, 1>& b) {
  return {a.part[0] * b.part[0]};
}
template <typename V>
inline Number<V, 2> conj_times(const Number<V, 2>& a, const Number<V, 2>& b) {
  return {madd(a.part[0], b.part[0], a.part[1] * b.part[1]), madd(a.part[0], b.part[1], -(a.part[1] * b.part[0]))};
}

template <typename V, int W>
inline Number<V, W> plus(const Number<V, W>& a, const Number<V, W>& b) {
  Number<V, W> sum;
  for (int w = 0; w < W; ++w) sum.part[w] = a.part[w] + b.part[w];
  return sum;
}
template <int W>
inline Number<Vec, W> choose(Int condition, const Number<Vec, W>& yes, const Number<Vec, W>& no) {
  Number<Vec, W> chosen;
  for (int w = 0; w < W; ++w) chosen.part[w] = select(condition, yes.part[w], no.part[w]);
  return chosen;
}

template <int W, typename V>
inline Number<V, W> get(const V* tile, int64_t j) {
  Number<V, W> number;
  for (int w = 0; w < W; ++w) number.part[w] = tile[j * W + w];
  return number;
}
template <int W, typename V>
inline void put(V* tile, int64_t j, const Number<V, W>& number) {
  for (int w = 0; w < W; ++w) tile[j * W + w] = number.part[w];
}

// n numbers side by side in memory (a state, a coefficient a channel), one a lane; nullptr: zero.
template <int W, typename T>
inline Number<Vec, W> load_numbers(const T* p, int64_t n) {
  Number<Vec, W> number{};
  for (int64_t c = 0; p && c < n; ++c) {
    for (int w = 0; w < W; ++w) number.part[w][c] = p[c * W + w];
  }
  return number;
}
template <int W, typename T>
inline void store_numbers(T* p, int64_t n, const Number<Vec, W>& number) {
  for (int64_t c = 0; c < n; ++c) {
    for (int w = 0; w < W; ++w) p[c * W + w] = T(number.part[w][c]);
  }
}

// Pairs (re, im) of two vectors side by side, apart; and back.
inline void unzip(Vec& a, Vec& b) {
  const Vec first = a, second = b;
#if defined(__AVX512F__)
  a = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14);
  b = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15);
#elif defined(__AVX2__)
  a = __builtin_shufflevector(first, second, 0, 2, 4, 6);
  b = __builtin_shufflevector(first, second, 1, 3, 5, 7);
#else
  a = __builtin_shufflevector(first, second, 0, 2);
  b = __builtin_shufflevector(first, second, 1, 3);
#endif
}
inline void zip(Vec& a, Vec& b) {
  const Vec first = a, second = b;
#if defined(__AVX512F__)
  a = __builtin_shufflevector(first, second, 0, 8, 1, 9, 2, 10, 3, 11);
  b = __builtin_shufflevector(first, second, 4, 12, 5, 13, 6, 14, 7, 15);
#elif defined(__AVX2__)
  a = __builtin_shufflevector(first, second, 0, 4, 1, 5);
  b = __builtin_shufflevector(first, second, 2, 6, 3, 7);
#else
  a = __builtin_shufflevector(first, second, 0, 2);
  b = __builtin_shufflevector(first, second, 1, 3);
#endif
}

// Steps of a tile: a cache line of each channel, so that lines that fall on each other in the cache are used up at
// once.
template <typename T, int W>
inline constexpr int64_t tile_steps = 64 / sizeof(T) / W;

// One array's part in a block of n channels. Time last: `row` points to each channel's first number (idle lanes repeat
// the first). Channels last: row[0] points to the first channel at step 0, `stride` numbers lie between steps, none
// (shared by the channels) is told by `shared`.
template <typename T, int W, bool channels_last>
struct Signal {
  static constexpr int64_t steps = tile_steps<T, W>, tile_rows = steps * W;
  T* row[channels_last ? 1 : lanes];
  int64_t n, stride = 0;
  bool shared = false;

  [[gnu::always_inline]] void load(int64_t t, int64_t count, Vec* tile) const {
    if constexpr (!channels_last) {
#pragma GCC unroll 8
      for (int64_t k = 0; k < tile_rows; k += lanes) {
        Vec square[lanes];
        if (count == steps) {
#pragma GCC unroll 8
          for (int c = 0; c < lanes; ++c) square[c] = ::marey::MAREY_LEVEL::load(row[c] + t * W + k);
        } else {
          for (int c = 0; c < lanes; ++c) square[c] = load_first(row[c] + t * W + k, count * W - k);
        }
        transpose(square);
#pragma GCC unroll 8
        for (int j = 0; j < lanes; ++j) tile[k + j] = square[j];
      }
    } else if (shared) {
      for (int64_t i = 0; i < count * W; ++i) tile[i] = splat(double(row[0][t * W + i]));
    } else {
      for (int64_t j = 0; j < count; ++j) {
        const T* const p = row[0] + (t + j) * stride * W;
        Vec v[2] = {load_first(p, n * W), Vec{}};
        if constexpr (W == 2) {
          v[1] = load_first(p + lanes, n * W - lanes);
          unzip(v[0], v[1]);
        }
        for (int w = 0; w < W; ++w) tile[j * W + w] = v[w];
      }
    }
  }

  [[gnu::always_inline]] void store(int64_t t, int64_t count, const Vec* tile) const {
    if constexpr (!channels_last) {
#pragma GCC unroll 8
      for (int64_t k = 0; k < tile_rows; k += lanes) {
        Vec square[lanes];
#pragma GCC unroll 8
        for (int j = 0; j < lanes; ++j) square[j] = tile[k + j];
        transpose(square);
        if (count == steps && n == lanes) {
#pragma GCC unroll 8
          for (int c = 0; c < lanes; ++c) ::marey::MAREY_LEVEL::store(row[c] + t * W + k, square[c]);
        } else {
          for (int64_t c = 0; c < n; ++c) store_first(row[c] + t * W + k, square[c], count * W - k);
        }
      }
    } else {
      for (int64_t j = 0; j < count; ++j) {
        T* const p = row[0] + (t + j) * stride * W;
        Vec v[2] = {tile[j * W], tile[j * W + W - 1]};
        if constexpr (W == 2) {
          zip(v[0], v[1]);
          store_first(p + lanes, v[1], n * W - lanes);
        }
        store_first(p, v[0], n * W);
      }
    }
  }
};

// Steps at which the state is forgotten.
struct Marks {
  const std::uint8_t* row[lanes];
  int64_t n = 0;  // rows that differ; none: no marks at all

  // False if there are none in t .. t + count.
  bool load(int64_t t, int64_t count, Int* marks) const {
    std::uint8_t any = 0;
    for (int64_t c = 0; c < n; ++c) {
      for (int64_t j = 0; j < count; ++j) any |= row[c][t + j];
    }
    if (!any) return false;
    for (int64_t j = 0; j < count; ++j) {
      for (int c = 0; c < lanes; ++c) marks[j][c] = row[n == 1 ? 0 : c < n ? c : 0][t + j] ? -1 : 0;
    }
    return true;
  }
};

}  // namespace marey::scan::MAREY_LEVEL
