// How vectors lie over the values of a ragged row. For kernel sources, in the namespace of their level.
//
// A group is N vectors that step through a row together, every lane staying with its channel:
//   flat  the row is one run of values; lane i of the group is channel i % n_channels, which holds in every step
//         because the group's width is a multiple of n_channels. For one channel and all small and round numbers of
//         them.
//   wide  the group is a block of channels of one step.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <utility>

#include "marey/core/simd.hpp"
#include "marey/ragged/rows.hpp"

namespace marey::ragged::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

struct Full {};  // a whole vector, where a count of lanes may stand

template <typename T>
inline Vec load_or(const T* p, Full, double) {
  return load(p);
}
template <typename T>
inline Vec load_or(const T* p, int64_t n, double fill) {
  return load_first(p, n, fill);
}
template <typename T>
inline void store_to(T* p, Vec v, Full) {
  store(p, v);
}
template <typename T>
inline void store_to(T* p, Vec v, int64_t n) {
  store_first(p, v, n);
}

// exp as precise as T; a function call where vectors are not whole, which is seldom.
template <typename T>
inline Vec exp_for(Vec x, Full) {
  return exp<sizeof(T) == 4 ? 9 : 14>(x);
}
template <typename T>
__attribute__((noinline)) Vec exp_for(Vec x, int64_t) {
  return exp_for<T>(x, Full{});
}

template <int K, int... I>
inline Vec swap_lanes(Vec x, std::integer_sequence<int, I...>) {  // lane i <-> lane i ^ K
  return __builtin_shufflevector(x, x, (I ^ K) % lanes...);
}

template <int N, bool flat>
struct Group {
  static constexpr int n = N;
  int64_t n_channels;
  int64_t first = 0;  // wide: the block's first channel
  int64_t stride() const { return flat ? N * lanes : n_channels; }
  int64_t distinct() const { return flat ? n_channels : N * lanes; }  // lanes, from the first, that hold all channels

  // Calls visit(v, at, count) for every vector of `steps` steps: vector v of the group, its values at `at` from the
  // first, count Full or, at the end of a flat row, how many of them there are.
  template <typename Visit>
  inline __attribute__((always_inline)) void walk(int64_t steps, Visit&& visit) const {
    const int64_t values = steps * n_channels;
    int64_t at = 0;
    for (; at + stride() <= values; at += stride()) {
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) visit(v, at + v * lanes, Full{});
    }
    if (!flat || at == values) return;
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) {
      const int64_t left = values - at - v * lanes;
      if (left >= lanes) {
        visit(v, at + v * lanes, Full{});
      } else if (left > 0) {
        visit(v, at + v * lanes, left);
      }
    }
  }

  // Every lane gets the combination of all lanes of its channel.
  template <typename Op>
  inline __attribute__((always_inline)) void all_reduce(Vec (&x)[N]) const {
    if (!flat) return;
    int left = N;
    while (left % 2 == 0 && left / 2 * lanes % n_channels == 0) {
      left /= 2;
      for (int v = 0; v < left; ++v) x[v] = Op::add(x[v], x[v + left]);
    }
    if (left == 1) {
      constexpr auto order = std::make_integer_sequence<int, lanes>{};
      if (lanes > 4 && n_channels <= 4) x[0] = Op::add(x[0], swap_lanes<4>(x[0], order));
      if (lanes > 2 && n_channels <= 2) x[0] = Op::add(x[0], swap_lanes<2>(x[0], order));
      if (n_channels == 1) x[0] = Op::add(x[0], swap_lanes<1>(x[0], order));
    } else if (left * lanes != n_channels) {
      double flat_lanes[N * lanes] = {};
      for (int v = 0; v < left; ++v) store(flat_lanes + v * lanes, x[v]);
      int64_t channel = 0;
      for (int64_t i = n_channels; i < left * lanes; ++i) {
        flat_lanes[channel] = Op::add(splat(flat_lanes[channel]), splat(flat_lanes[i]))[0];
        if (++channel == n_channels) channel = 0;
      }
      repeat(flat_lanes, x);
    }
    for (int v = left; v < N; ++v) x[v] = x[v % left];
  }

  // One value a channel, in memory from the group's first channel on, to the lanes.
  template <typename S>
  inline void load_channels(const S* p, Vec (&x)[N]) const {
    if (!flat) {
      for (int v = 0; v < N; ++v) x[v] = load(p + v * lanes);
    } else if (n_channels == 1) {
      for (int v = 0; v < N; ++v) x[v] = splat(double(p[0]));
    } else {
      double flat_lanes[N * lanes] = {};
      for (int64_t c = 0; c < n_channels; ++c) flat_lanes[c] = double(p[c]);
      repeat(flat_lanes, x);
    }
  }
  template <typename S>
  inline void store_channels(S* p, const Vec (&x)[N]) const {
    if (!flat) {
      for (int v = 0; v < N; ++v) store(p + v * lanes, x[v]);
    } else if (n_channels == 1) {
      p[0] = S(x[0][0]);
    } else {
      for (int v = 0; v < N && v * lanes < n_channels; ++v) store_first(p + v * lanes, x[v], n_channels - v * lanes);
    }
  }

 private:
  void repeat(double (&flat_lanes)[N * lanes], Vec (&x)[N]) const {
    for (int64_t i = n_channels; i < N * lanes; ++i) flat_lanes[i] = flat_lanes[i - n_channels];
    for (int v = 0; v < N; ++v) x[v] = load(flat_lanes + v * lanes);
  }
};

// The groups for rows of n_channels.
struct Groups {
  int64_t n_channels, period;  // a flat group's vectors are a multiple of the period

  explicit Groups(int64_t channels) : n_channels(channels), period(channels / std::gcd(channels, int64_t{lanes})) {}

  // Calls visit(group) for the groups that together hold every channel once or, with the same outcome, twice.
  template <typename Visit>
  inline void each(Visit&& visit) const {
    switch (period) {
      case 1:
      case 2:
      case 4:
        if (n_channels <= 4 * lanes) return visit(Group<4, true>{n_channels});
        break;
      case 3: return visit(Group<3, true>{n_channels});
      case 5: return visit(Group<5, true>{n_channels});
      case 7: return visit(Group<7, true>{n_channels});
      default: break;
    }
    int64_t first = 0;
    wide<8>(first, visit);
    wide<4>(first, visit);
    wide<2>(first, visit);
    wide<1>(first, visit);
  }

 private:
  // Blocks of N vectors from channel `first` on. What is left over is one more if that is worth it, pulled back to end
  // with the last channel: the channels that it shares with the block before are computed twice and come out the same.
  template <int N, typename Visit>
  inline void wide(int64_t& first, Visit&& visit) const {
    constexpr int64_t width = N * lanes;
    for (; n_channels - first >= width; first += width) visit(Group<N, false>{n_channels, first});
    if (n_channels >= width && n_channels - first > (N == 1 ? 0 : width / 2)) {
      visit(Group<N, false>{n_channels, n_channels - width});
      first = n_channels;
    }
  }
};

struct Sum {
  static constexpr double identity = 0.0;
  static Vec add(Vec a, Vec b) { return a + b; }
};
// A NaN, once met, stays.
struct Min {
  static constexpr double identity = std::numeric_limits<double>::infinity();
  static Vec add(Vec a, Vec b) { return select((b < a) | (b != b), b, a); }
};
struct Max {
  static constexpr double identity = -std::numeric_limits<double>::infinity();
  static Vec add(Vec a, Vec b) { return select((b > a) | (b != b), b, a); }
};

// Combines what `term(v, at, count)` gives for the vectors of a walk, channel by channel.
template <typename Op, int N, bool flat, typename Term>
inline __attribute__((always_inline)) void combine(const Group<N, flat>& group, int64_t steps, Vec (&x)[N],
                                                   Term&& term) {
  Vec local[N];  // not x itself, whose stores the compiler could not keep apart from the values
  for (int v = 0; v < N; ++v) local[v] = splat(Op::identity);
  group.walk(steps, [&](int v, int64_t at, auto count)
                        __attribute__((always_inline)) { local[v] = Op::add(local[v], term(v, at, count)); });
  group.template all_reduce<Op>(local);
  for (int v = 0; v < N; ++v) x[v] = local[v];
}

// The same of the values at p.
template <typename Op, int N, bool flat, typename T>
inline __attribute__((always_inline)) void combine_values(const Group<N, flat>& group, const T* p, int64_t steps,
                                                          Vec (&x)[N]) {
  combine<Op>(group, steps, x, [&](int, int64_t at, auto count) { return load_or(p + at, count, Op::identity); });
}

// What exponentials are taken relative to: the largest value, or 0 where that is infinite or NaN.
inline Vec finite_or_zero(Vec x) { return select(x - x == 0.0, x, Vec{}); }

// Rows of one channel that are short enough to be worked on `lanes` at a time, each in the lanes of its own vector.
inline constexpr int64_t short_steps = 4 * lanes;

struct ShortRows {
  int64_t n = 0, rounds = 0;  // rounds: vectors to the longest row
  int64_t begin[lanes], steps[lanes];

  // As many as there are from `row` on, rows of items before `last` only.
  ShortRows(const Rows& rows, int64_t row, int64_t last) {
    int64_t longest = 0;
    for (; n < lanes && row + n < rows.n_rows && rows.offsets[row + n] + row + n < last; ++n) {
      begin[n] = rows.offsets[row + n];
      steps[n] = rows.offsets[row + n + 1] - begin[n];
      if (steps[n] > short_steps) break;
      longest = std::max(longest, steps[n]);
    }
    for (int64_t i = n; i < lanes; ++i) begin[i] = steps[i] = 0;
    rounds = (longest + lanes - 1) / lanes;
  }

  Vec lengths() const {
    Int all;
    __builtin_memcpy(&all, steps, sizeof all);
    return __builtin_convertvector(all, Vec);
  }

  // Asks for what the rows after these will read. Rows are too short and too uneven for the hardware to see them
  // coming.
  template <typename T>
  void prefetch(const T* values) const {
    constexpr int64_t line = 64 / sizeof(T), ahead = 32 * line;
    for (int64_t at = begin[0]; at < begin[n - 1] + steps[n - 1]; at += line) __builtin_prefetch(values + at + ahead);
  }

  // Calls visit(i, at, some) for every vector: row i, where its values lie, which lanes they are.
  template <typename Visit>
  inline __attribute__((always_inline)) void walk(Visit&& visit) const {
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 8
      for (int i = 0; i < lanes; ++i) visit(i, begin[i] + round * lanes, part(i, round));
    }
  }

 private:
  Some part(int i, int64_t round) const {
#if defined(__AVX512F__)
    return {static_cast<__mmask8>(_bzhi_u64(~0ull, steps[i]) >> (round * lanes))};
#else
    return some(steps[i] - round * lanes);
#endif
  }
};

// Lane i of what merge_pairs makes of (a, b): of neighbouring runs of 2 K lanes the first or, with `upper`, the second
// halves, a's and b's in turn.
template <int K, bool upper, int... I>
inline Vec halves(Vec a, Vec b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (I % (2 * K) < K ? I + upper * K : I - K + upper * K + lanes)...);
}
template <typename Op, int K>
inline __attribute__((always_inline)) void merge_pairs(Vec (&x)[lanes]) {
  constexpr auto order = std::make_integer_sequence<int, lanes>{};
#pragma GCC unroll 8
  for (int i = 0; i < K; ++i)
    x[i] = Op::add(halves<K, false>(x[i], x[i + K], order), halves<K, true>(x[i], x[i + K], order));
}

// Combines what `term(i, at, some)` gives for the vectors of each row: lane i is row i's.
template <typename Op, typename Term>
inline __attribute__((always_inline)) Vec combine_rows(const ShortRows& rows, Term&& term) {
  Vec x[lanes];
#pragma GCC unroll 8
  for (int i = 0; i < lanes; ++i) x[i] = splat(Op::identity);
  rows.walk([&](int i, int64_t at, Some part)
                __attribute__((always_inline)) { x[i] = Op::add(x[i], term(i, at, part)); });
  if constexpr (lanes > 4) merge_pairs<Op, 4>(x);
  if constexpr (lanes > 2) merge_pairs<Op, 2>(x);
  merge_pairs<Op, 1>(x);
  return x[0];
}

// for_pieces that takes short rows of one channel together: batch(row, rows) for neighbours from `row` on.
template <typename Batch, typename Visit>
inline void for_rows_and_pieces(const Rows& rows, int64_t first, int64_t last, Batch&& batch, Visit&& visit) {
  if (rows.n_channels != 1) return for_pieces(rows, first, last, visit);
  int64_t row = rows.row_of(first);
  if (row < rows.n_rows && rows.offsets[row] + row < first) for_pieces_of(rows, row++, first, last, visit);
  while (row < rows.n_rows && rows.offsets[row] + row < last) {
    const ShortRows together(rows, row, last);
    if (together.n > 0) {
      batch(row, together);
      row += together.n;
    } else {
      for_pieces_of(rows, row++, first, last, visit);
    }
  }
}

// Values of n pieces, in order: piece(i) has those of some channels in its first lanes.
template <typename Op, typename Load>
inline Vec join(int64_t n, Load&& piece) {
  Vec joined = splat(Op::identity);
  for (int64_t i = 0; i < n; ++i) joined = Op::add(joined, piece(i));
  return joined;
}

struct ExpSum {
  Vec sum, shift;  // sum of exp(value - shift)
};

// Sums of exponentials, each around its own top, as one.
template <typename Sums, typename Tops>
inline ExpSum join_exp_sums(int64_t n, Sums&& sum, Tops&& top) {
  ExpSum all{Vec{}, finite_or_zero(join<Max>(n, top))};
  for (int64_t i = 0; i < n; ++i) {
    const Vec rescaled = sum(i) * exp(finite_or_zero(top(i)) - all.shift);
    all.sum += select(sum(i) == 0.0, Vec{}, rescaled);
  }
  return all;
}

}  // namespace marey::ragged::MAREY_LEVEL
