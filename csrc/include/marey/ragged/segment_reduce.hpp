// Each row of ragged values to one value a channel: sum, mean, min, max, log of the sum of exponentials.
//
// Layout: rows.hpp; result[n_rows][n_channels]. Sums are kept in double whatever the type of the values. NaN
// propagates. Empty rows: sum 0, mean NaN, min inf, max -inf, logsumexp -inf. Cost: one read of the values; logsumexp
// one exp each, around the largest of its piece.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "marey/core/isa.hpp"
#include "marey/ragged/rows.hpp"

namespace marey::ragged {

enum class Reduction : std::int32_t { sum, mean, min, max, logsumexp, unknown };

constexpr Reduction reduction(std::string_view name) noexcept {
  constexpr std::string_view names[] = {"sum", "mean", "min", "max", "logsumexp"};
  for (std::int32_t i = 0; i < 5; ++i) {
    if (name == names[i]) return Reduction(i);
  }
  return Reduction::unknown;
}

template <typename T>
struct SegmentReduce {
  Rows rows;
  Reduction op;
  const T* values;
  T* result;
  double* pieces;  // [slots][2][n_channels], where a row is longer than a piece: value, shift of a logsumexp

  double* piece(std::int64_t row_begin, std::int64_t begin) const noexcept {
    return pieces + rows.slot(row_begin, begin) * 2 * rows.n_channels;
  }
};

template <typename T>
struct SegmentReduceBackward {
  Rows rows;
  Reduction op;
  const T *grad, *values, *result;  // values and result are read for min, max and logsumexp alone
  T* grad_values;
};

// Items [first, last) of rows.items(); ranges in any order and on any threads give the same bits.
template <typename T>
void segment_reduce(const SegmentReduce<T>& a, std::int64_t first, std::int64_t last) noexcept;

// Joins the pieces of long rows, once every item is done.
template <typename T>
void segment_reduce_join(const SegmentReduce<T>& a) noexcept;

template <typename T>
void segment_reduce_backward(const SegmentReduceBackward<T>& a, std::int64_t first, std::int64_t last) noexcept;

// For min and max, once every item is done: the gradient of each row goes to its first extreme value. Rows
// [first, last) of n_rows.
template <typename T>
void segment_reduce_backward_extreme(const SegmentReduceBackward<T>& a, std::int64_t first, std::int64_t last) noexcept;

// The whole operation on the threads of `parallel(n, grain, function of a range)`.
template <typename T, typename Parallel>
void segment_reduce_on(SegmentReduce<T> a, Parallel&& parallel) {
  std::unique_ptr<double[]> pieces;
  const bool cut = a.rows.any_long();
  if (cut) {
    pieces.reset(new double[a.rows.slots() * 2 * a.rows.n_channels]);
    a.pieces = pieces.get();
  }
  parallel(a.rows.items(), a.rows.grain(),
           [&](std::int64_t first, std::int64_t last) { segment_reduce(a, first, last); });
  if (cut) segment_reduce_join(a);
}

template <typename T, typename Parallel>
void segment_reduce_backward_on(const SegmentReduceBackward<T>& a, Parallel&& parallel) {
  parallel(a.rows.items(), a.rows.grain(),
           [&](std::int64_t first, std::int64_t last) { segment_reduce_backward(a, first, last); });
  if (a.op != Reduction::min && a.op != Reduction::max) return;
  const std::int64_t n_rows = a.rows.n_rows;
  const std::int64_t grain =
      std::max<std::int64_t>(1, a.rows.grain() * n_rows / std::max<std::int64_t>(1, a.rows.items()));
  parallel(n_rows, grain,
           [&](std::int64_t first, std::int64_t last) { segment_reduce_backward_extreme(a, first, last); });
}

MAREY_DECLARE_PER_ISA(
    template <typename T> void segment_reduce_kernel(const SegmentReduce<T>&, std::int64_t, std::int64_t) noexcept;
    template <typename T> void segment_reduce_join_kernel(const SegmentReduce<T>&) noexcept; template <typename T>
    void segment_reduce_backward_kernel(const SegmentReduceBackward<T>&, std::int64_t, std::int64_t) noexcept;
    template <typename T>
    void segment_reduce_backward_extreme_kernel(const SegmentReduceBackward<T>&, std::int64_t, std::int64_t) noexcept)

}  // namespace marey::ragged
