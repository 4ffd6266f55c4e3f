// A distance between every series of one set and every one of another: how the pairs are cut for threads.
#pragma once
#include <cstdint>

#include "marey/distance/series.hpp"

namespace marey::distance {

template <typename T>
struct Cdist {
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

// Calls kernel(plan, first, last) for ranges of pairs, with a set's distance to itself 0. A kernel takes the groups of
// pairs that begin in [first, last) of pairs_before(y.n); any cut gives the same bits.
template <typename T, typename Parallel, typename Kernel>
void cdist_on(Cdist<T> a, Parallel&& parallel, Kernel kernel) {
  const auto x_finite = finite_series(a.x);
  const auto y_finite = a.symmetric ? nullptr : finite_series(a.y);
  a.x_finite = x_finite.get();
  a.y_finite = a.symmetric ? x_finite.get() : y_finite.get();
  if (a.symmetric) {
    for (std::int64_t i = 0; i < a.x.n; ++i) a.out[i * a.x.n + i] = a.x_finite[i] ? T(0) : T(NAN);
  }
  parallel(a.pairs_before(a.y.n), 1 + (1 << 18) / a.cells(),
           [&](std::int64_t first, std::int64_t last) { kernel(a, first, last); });
}

}  // namespace marey::distance
