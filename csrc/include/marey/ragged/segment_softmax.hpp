// Softmax within each row of ragged values, channel by channel: y = exp(value - top) / sum of exp(value - top).
//
// Layout: rows.hpp; result shaped like values. Sums are kept in double whatever the type. A row with NaN or inf in it,
// or of -inf alone, is NaN throughout. Cost: three passes over a row, of which two find it in the cache; one exp for
// each value, two in rows longer than a piece.
#pragma once
#include <cstdint>
#include <memory>

#include "marey/core/isa.hpp"
#include "marey/ragged/rows.hpp"

namespace marey::ragged {

template <typename T>
struct SegmentSoftmax {
  Rows rows;
  const T* values;
  T* result;
  double* pieces;  // [slots][2][n_channels] for long rows: sum, top; once joined, the first piece's: 1 / sum, shift
};

template <typename T>
struct SegmentSoftmaxBackward {
  Rows rows;
  const T *grad, *result;
  T* grad_values;
  double* pieces;  // sum of grad * result; once joined, the first piece's is the row's
};

// Three stages, the first and the last over ranges of rows.items() in any order and on any threads: rows of one piece
// are finished in the first; for long rows the pieces' sums are joined and the last writes them.
template <typename A>
void segment_softmax_first(const A& a, std::int64_t first, std::int64_t last) noexcept;
template <typename A>
void segment_softmax_join(const A& a) noexcept;
template <typename A>
void segment_softmax_last(const A& a, std::int64_t first, std::int64_t last) noexcept;

// The whole operation, A either way, on the threads of `parallel(n, grain, function of a range)`.
template <typename A, typename Parallel>
void segment_softmax_on(A a, Parallel&& parallel) {
  std::unique_ptr<double[]> pieces;
  const bool cut = a.rows.any_long();
  if (cut) {
    pieces.reset(new double[a.rows.slots() * 2 * a.rows.n_channels]);
    a.pieces = pieces.get();
  }
  parallel(a.rows.items(), a.rows.grain(),
           [&](std::int64_t first, std::int64_t last) { segment_softmax_first(a, first, last); });
  if (!cut) return;
  segment_softmax_join(a);
  parallel(a.rows.items(), a.rows.grain(),
           [&](std::int64_t first, std::int64_t last) { segment_softmax_last(a, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename A>
                      void segment_softmax_first_kernel(const A&, std::int64_t, std::int64_t) noexcept;
                      template <typename A> void segment_softmax_join_kernel(const A&) noexcept; template <typename A>
                      void segment_softmax_last_kernel(const A&, std::int64_t, std::int64_t) noexcept)

}  // namespace marey::ragged
