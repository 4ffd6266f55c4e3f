// The k nearest candidates of each query under dynamic time warping, without the matrix of all distances.
//
// A candidate's lower bound is the greater of LB_Keogh (Keogh and Ratanamahatana 2005: each of its values against the
// envelope of the query) and of what its ends must cost. Candidates go through the lanes in the order of their bounds,
// until a bound lies above the k-th distance found; a vector group stops where all of a row lies above it. Equal to a
// stable sort of dtw_cdist's row: of equal distances the first candidate. A query or candidate with a value that is not
// finite has NaN distances, which come last.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"
#include "marey/distance/series.hpp"

namespace marey::distance {

template <typename T>
struct DtwNn {
  Series<T> x, y;
  std::int64_t window;
  bool without_self;  // y is x, and a query is no candidate of its own
  std::int64_t k;
  const bool *x_finite, *y_finite;
  std::int64_t* index;  // [x.n][k]
  T* distance;          // [x.n][k]
};

template <typename T>
void dtw_nn(const DtwNn<T>& a, std::int64_t first, std::int64_t last);

template <typename T, typename Parallel>
void dtw_nn_on(DtwNn<T> a, Parallel&& parallel) {
  const auto x_finite = finite_series(a.x), y_finite = finite_series(a.y);
  a.x_finite = x_finite.get();
  a.y_finite = y_finite.get();
  parallel(a.x.n, 1, [&](std::int64_t first, std::int64_t last) { dtw_nn(a, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename T> void dtw_nn_kernel(const DtwNn<T>&, std::int64_t, std::int64_t))

}  // namespace marey::distance
