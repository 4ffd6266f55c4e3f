// A sparse matrix in compressed rows times a dense one: out[r][c] = sum over the row's arcs e of w[e] x[targets[e]][c].
//
// Layout: offsets[n_rows + 1], targets[arcs], weights[arcs] or null (each 1), x[n_columns][n_channels]. Sums are kept
// in double whatever the type of the values, in the order of the arcs. The gradient for x is the transposed matrix
// times the gradient of the output; that for a weight is the product of the two rows it joins. Cost: each arc reads a
// row of x.
#pragma once
#include <cstdint>
#include <memory>

#include "marey/core/isa.hpp"

namespace marey::graph {

template <typename T, typename I>
struct Spmm {
  std::int64_t n_rows, n_channels;
  const std::int64_t* offsets;
  const I* targets;
  const T* weights;            // null: each 1
  const std::int64_t* of_arc;  // null: weights[e]; else weights[of_arc[e]]
  const T* x;
  T* out;

  // One item for each arc and one for each row: rows of all lengths are cut fairly.
  std::int64_t items() const noexcept { return offsets[n_rows] + n_rows; }
  std::int64_t grain() const noexcept { return 1 + 32768 / (n_channels + 1); }

  // The first row that begins at or after this item.
  std::int64_t row_from(std::int64_t item) const noexcept {
    std::int64_t low = 0, high = n_rows;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      offsets[middle] + middle < item ? low = middle + 1 : high = middle;
    }
    return low;
  }
};

// The rows that begin in items [first, last); ranges in any order and on any threads give the same bits.
template <typename T, typename I>
void spmm(const Spmm<T, I>& a, std::int64_t first, std::int64_t last) noexcept;

// weights_grad[e] = the product of row r of `grad` (passed as a.out) and row targets[e] of x, e in row r.
template <typename T, typename I>
void spmm_weights_backward(const Spmm<T, I>& a, T* weights_grad, std::int64_t first, std::int64_t last) noexcept;

// True when every target is one of n_columns.
template <typename I>
bool targets_are_columns(const I* targets, std::int64_t arcs, std::int64_t n_columns) noexcept {
  bool good = true;
  for (std::int64_t e = 0; e < arcs; ++e) good &= targets[e] >= 0 && targets[e] < n_columns;
  return good;
}

// The transposed matrix: where the columns' arcs begin, their rows in order, and which arcs they were.
struct Transposed {
  std::unique_ptr<std::int64_t[]> offsets, rows, of_arc;

  template <typename I>
  Transposed(const std::int64_t* row_offsets, std::int64_t n_rows, const I* targets, std::int64_t n_columns)
      : offsets(new std::int64_t[n_columns + 1]()),
        rows(new std::int64_t[row_offsets[n_rows]]),
        of_arc(new std::int64_t[row_offsets[n_rows]]) {
    const std::int64_t arcs = row_offsets[n_rows];
    for (std::int64_t e = 0; e < arcs; ++e) ++offsets[targets[e] + 1];
    for (std::int64_t c = 0; c < n_columns; ++c) offsets[c + 1] += offsets[c];
    // offsets[c] runs to the column's end, which is the next one's beginning; the loop below sets it back.
    for (std::int64_t r = 0; r < n_rows; ++r) {
      for (std::int64_t e = row_offsets[r]; e < row_offsets[r + 1]; ++e) {
        const std::int64_t at = offsets[targets[e]]++;
        rows[at] = r;
        of_arc[at] = e;
      }
    }
    for (std::int64_t c = n_columns; c > 0; --c) offsets[c] = offsets[c - 1];
    offsets[0] = 0;
  }
};

template <typename T, typename I, typename Parallel>
void spmm_on(const Spmm<T, I>& a, Parallel&& parallel) {
  if (a.n_channels == 0) return;
  parallel(a.items(), a.grain(), [&](std::int64_t first, std::int64_t last) { spmm(a, first, last); });
}

// grad_x[n_columns][n_channels] and, unless null, grad_weights[arcs] from grad[n_rows][n_channels].
template <typename T, typename I, typename Parallel>
void spmm_backward_on(Spmm<T, I> a, const T* grad, std::int64_t n_columns, T* grad_x, T* grad_weights,
                      Parallel&& parallel) {
  const Transposed turned(a.offsets, a.n_rows, a.targets, n_columns);
  spmm_on(Spmm<T, std::int64_t>{n_columns, a.n_channels, turned.offsets.get(), turned.rows.get(), a.weights,
                                turned.of_arc.get(), grad, grad_x},
          parallel);
  if (grad_weights == nullptr) return;
  a.out = const_cast<T*>(grad);  // read alone
  parallel(a.items(), a.grain(),
           [&](std::int64_t first, std::int64_t last) { spmm_weights_backward(a, grad_weights, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename T, typename I>
                      void spmm_kernel(const Spmm<T, I>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T, typename I>
                      void spmm_weights_backward_kernel(const Spmm<T, I>&, T*, std::int64_t, std::int64_t) noexcept)

}  // namespace marey::graph
