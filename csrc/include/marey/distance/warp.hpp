// The table that all elastic distances fill, for several pairs in the lanes of several vectors: a cell waits for the
// one before it longer than it takes, and the other vectors fill the time. What a cell makes of its three predecessors
// is a rule's (warp_rules.hpp). Included by kernel sources only.
#pragma once
#include <limits>
#include <type_traits>

#include "marey/distance/lanes.hpp"

namespace marey::distance::MAREY_LEVEL {

inline constexpr int streams = 4;

// The x of a stream: one series for all lanes, or a series a lane.
template <typename T>
struct One {
  const T* values;
  std::int64_t n, channel;  // channel c begins at c * channel

  VecOf<T> at(std::int64_t i, std::int64_t c) const { return broadcast(values[c * channel + i]); }
  std::int64_t longest() const { return n; }
  std::int64_t length(std::int64_t) const { return n; }
};
template <typename T>
struct Many {
  const Block<T>* block;
  std::int64_t channels;

  VecOf<T> at(std::int64_t i, std::int64_t c) const { return block->values[i * channels + c]; }
  std::int64_t longest() const { return block->longest; }
  std::int64_t length(std::int64_t l) const { return block->lengths[l]; }
};

// What one vector works on, and what the last cell of each lane's pair holds afterwards: inf without a path.
template <typename T, typename X>
struct Stream {
  X x;
  const Block<T>* y;
  T ends[width<T>];
};

// Step i of a stream's x beside its y; `single`: of one channel. Steps before the beginnings are zero.
template <typename T, typename X, bool single>
struct Steps {
  using V = VecOf<T>;
  const X* x;
  std::int64_t i, channels;
  const V *y, *y_gaps;
  V now, before, gap;

  Steps() = default;
  Steps(const Stream<T, X>& s, std::int64_t row, std::int64_t channels)
      : x(&s.x),
        i(row < s.x.longest() ? row : 0),  // past the end any step does
        channels(s.x.longest() > 0 ? channels : 0),
        y(s.y->values),
        y_gaps(s.y->gaps.get()),
        now(this->channels > 0 ? x->at(i, 0) : V{}),
        before(this->channels > 0 && i > 0 ? x->at(i - 1, 0) : V{}),
        gap{} {}

  // Of a block alone.
  Steps(const Many<T>& block, std::int64_t i, std::int64_t channels)
      : x(&block), i(i), channels(channels), now(x->at(i, 0)), before(i > 0 ? x->at(i - 1, 0) : V{}) {}

  V square(std::int64_t j) const {
    if constexpr (single) return (now - y[j]) * (now - y[j]);
    V total{};
    for (std::int64_t c = 0; c < channels; ++c) {
      const V d = x->at(i, c) - y[j * channels + c];
      total = madd(d, d, total);
    }
    return total;
  }
  V distance(std::int64_t j) const {
    if constexpr (single) return magnitude(now - y[j]);
    return root(square(j));
  }
  V distance_before(std::int64_t j) const {  // of the steps before both
    if constexpr (single) return magnitude(before - y[j - 1]);
    return root(sum_of_squares([&](std::int64_t c) { return previous(c) - y[(j - 1) * channels + c]; }));
  }
  V step() const {  // how far x moved
    if constexpr (single) return magnitude(now - before);
    return root(sum_of_squares([&](std::int64_t c) { return x->at(i, c) - previous(c); }));
  }
  V from(const T* point) const {
    if constexpr (single) return magnitude(now - point[0]);
    return root(sum_of_squares([&](std::int64_t c) { return x->at(i, c) - point[c]; }));
  }

 private:
  V previous(std::int64_t c) const { return i > 0 ? x->at(i - 1, c) : V{}; }

  template <typename Difference>
  V sum_of_squares(Difference difference) const {
    V total{};
    for (std::int64_t c = 0; c < channels; ++c) total = madd(difference(c), difference(c), total);
    return total;
  }
};

// One row of cells of every stream, columns low .. high, row[column * streams + stream] in place. `above` and `beside`
// are the cells of the left border in the row before and in this one.
template <bool single, typename T, typename Rule, typename X>
inline void row_of_cells(const Rule& rule, const Steps<T, X, single> (&steps)[streams], std::int64_t low,
                         std::int64_t high, const VecOf<T> (&above)[streams], const VecOf<T> (&beside)[streams],
                         VecOf<T>* row) {
  using V = VecOf<T>;
  V diagonal[streams], left[streams];
#pragma GCC unroll 4
  for (int q = 0; q < streams; ++q) {
    diagonal[q] = low > 0 ? row[(low - 1) * streams + q] : above[q];
    left[q] = low > 0 ? broadcast(std::numeric_limits<T>::infinity()) : beside[q];
  }
  for (std::int64_t j = low; j <= high; ++j) {
#pragma GCC unroll 4
    for (int q = 0; q < streams; ++q) {
      const V up = row[j * streams + q];
      left[q] = rule.cell(steps[q], j, q, up, diagonal[q], left[q]);
      diagonal[q] = up;
      row[j * streams + q] = left[q];
    }
  }
}

template <bool single, typename T, typename Rule, typename X>
void warp_channels(const Rule& rule, Stream<T, X> (&s)[streams], std::int64_t channels, std::int64_t window,
                   VecOf<T>* row, T bound) {
  using V = VecOf<T>;
  constexpr T inf = std::numeric_limits<T>::infinity();
  constexpr std::int64_t rows_between_looks = 16, never = std::numeric_limits<std::int64_t>::max();
  std::int64_t m = 0, n = 0, first_end = never, end_row[streams][width<T>], end_column[streams][width<T>];
  for (int q = 0; q < streams; ++q) {
    m = s[q].y->longest > m ? s[q].y->longest : m;
    n = s[q].x.longest() > n ? s[q].x.longest() : n;
    for (std::int64_t l = 0; l < width<T>; ++l) {
      std::int64_t rows = s[q].x.length(l), columns = s[q].y->lengths[l];
      s[q].ends[l] = inf;
      if constexpr (Rule::clips) {  // what lies beyond the band of the other's end cannot be matched
        rows = rows - window < columns ? rows : columns + window;
        columns = columns - window < rows ? columns : rows + window;
      }
      const bool has_path = rows > 0 && columns > 0 && rows - columns <= window && columns - rows <= window;
      end_row[q][l] = has_path ? rows - 1 : never;
      end_column[q][l] = columns - 1;
      first_end = end_row[q][l] < first_end ? end_row[q][l] : first_end;
    }
  }
  V above[streams], beside[streams], border[streams];
  for (int q = 0; q < streams; ++q) {
    border[q] = V{};
    beside[q] = V{};
    for (std::int64_t j = 0; j < m; ++j) {
      V cell = broadcast(inf);
      if constexpr (Rule::bordered) {
        if (j < window) cell = border[q] = border[q] + rule.y_border(s[q], j);
      }
      row[j * streams + q] = cell;
    }
    border[q] = V{};
  }
  for (std::int64_t i = 0; i < n && i - window < m; ++i) {
    const std::int64_t low = i > window ? i - window : 0, high = m - 1 - i > window ? i + window : m - 1;
    Steps<T, X, single> steps[streams];
    for (int q = 0; q < streams; ++q) {
      steps[q] = Steps<T, X, single>(s[q], i, channels);
      steps[q].gap = rule.x_gap(steps[q]);
      above[q] = beside[q];
      beside[q] = broadcast(inf);
      if constexpr (Rule::bordered) {
        if (i < window) beside[q] = border[q] = border[q] + rule.x_border(steps[q]);
      }
    }
    row_of_cells<single>(rule, steps, low, high, above, beside, row);
    for (int q = 0; i >= first_end && q < streams; ++q) {
      for (std::int64_t l = 0; l < width<T>; ++l) {
        if (i == end_row[q][l]) s[q].ends[l] = row[end_column[q][l] * streams + q][l];
      }
    }
    if (bound < inf && i % rows_between_looks == rows_between_looks - 1) {
      V least = broadcast(inf);
      for (std::int64_t k = low * streams; k < (high + 1) * streams; ++k) least = lesser(least, row[k]);
      bool above_all = true;
      for (std::int64_t l = 0; l < width<T>; ++l) above_all &= least[l] > bound;
      if (above_all) return;
    }
  }
}

// Fills `ends` of every stream; blocks must have room for the longest among them, and `row` for streams * longest
// vectors. Stops where all of a row lies above `bound`, and leaves inf.
template <typename T, typename Rule, typename X>
void warp(const Rule& rule, Stream<T, X> (&s)[streams], std::int64_t channels, std::int64_t window, VecOf<T>* row,
          T bound = std::numeric_limits<T>::infinity()) {
  channels == 1 ? warp_channels<true>(rule, s, channels, window, row, bound)
                : warp_channels<false>(rule, s, channels, window, row, bound);
}

}  // namespace marey::distance::MAREY_LEVEL
