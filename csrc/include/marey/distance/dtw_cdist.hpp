// Dynamic time warping between every series of one set and every one of another (Sakoe and Chiba 1978).
//
// d(x, y)^2 = the least sum of |x_i - y_j|^2 over paths from (0, 0) to the ends by steps (1, 0), (0, 1), (1, 1), within
// |i - j| <= window. One pair a lane, four vectors of pairs side by side: each cell waits for the one before it, and
// the others fill the time. Cost: 4 operations, 2 loads and a store a cell for one channel. Memory: a row of cells.
// A series with a value that is not finite has NaN to all; no path within the window is inf.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"
#include "marey/distance/series.hpp"

namespace marey::distance {

template <typename T>
struct DtwCdist {
  Series<T> x, y;
  std::int64_t window;
  bool symmetric;  // y is x: the half above the diagonal is computed and both are written
  const bool *x_finite, *y_finite;
  T* out;  // [x.n][y.n]

  // Pairs with a candidate before column j.
  std::int64_t pairs_before(std::int64_t j) const noexcept { return symmetric ? j * (j - 1) / 2 : j * x.n; }
  std::int64_t cells() const noexcept {
    const std::int64_t n = x.longest(), band = window < n ? 2 * window + 1 : n;
    return n * (band < n ? band : n) * x.channels + 1;
  }
};

// The groups of pairs that begin in [first, last) of pairs_before(y.n); any cut gives the same bits.
template <typename T>
void dtw_cdist(const DtwCdist<T>& a, std::int64_t first, std::int64_t last);

template <typename T, typename Parallel>
void dtw_cdist_on(DtwCdist<T> a, Parallel&& parallel) {
  const auto x_finite = finite_series(a.x);
  const auto y_finite = a.symmetric ? nullptr : finite_series(a.y);
  a.x_finite = x_finite.get();
  a.y_finite = a.symmetric ? x_finite.get() : y_finite.get();
  if (a.symmetric) {
    for (std::int64_t i = 0; i < a.x.n; ++i) a.out[i * a.x.n + i] = a.x_finite[i] ? T(0) : T(NAN);
  }
  parallel(a.pairs_before(a.y.n), 1 + (1 << 18) / a.cells(),
           [&](std::int64_t first, std::int64_t last) { dtw_cdist(a, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename T> void dtw_cdist_kernel(const DtwCdist<T>&, std::int64_t, std::int64_t))

}  // namespace marey::distance
