// A round of DTW barycenter averaging (Petitjean, Ketterlin and Gancarski, Pattern Recognition 44:678, 2011): every
// series is aligned with the center by dtw_cdist's table, and each step of the center is told the sum of what was
// matched with it, over all series.
//
// Series lie in the lanes; two bits a cell of the band and series tell the way back. Of equal ways the diagonal one is
// taken, then that of the shorter center. Any number of threads gives the same bits: matched ranges are found a series
// a lane, and summed in the order of the series.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "marey/core/isa.hpp"
#include "marey/distance/series.hpp"

namespace marey::distance {

struct Matched {
  std::int64_t first, last;  // steps of a series that belong to a step of the center
};

template <typename T>
struct Dba {
  Series<T> x;
  const T* center;  // [channels][m]
  std::int64_t m, window;
  const double* weights;  // [x.n]
  const bool* x_finite;
  Matched* matched;       // [x.n][m]
  T* squares;             // [x.n]: squared distances; NaN where a value is not finite, inf where there is no path
  double *sums, *counts;  // [channels][m] and [m], weighted
};

// The ways of the series first .. last - 1.
template <typename T>
void dba_align(const Dba<T>& a, std::int64_t first, std::int64_t last);

template <typename T>
void dba_sum(const Dba<T>& a, std::int64_t first, std::int64_t last) {
  for (std::int64_t i = first; i < last; ++i) {
    a.counts[i] = 0;
    for (std::int64_t c = 0; c < a.x.channels; ++c) a.sums[c * a.m + i] = 0;
    for (std::int64_t k = 0; k < a.x.n; ++k) {
      const Matched range = a.matched[k * a.m + i];
      for (std::int64_t j = range.first; j <= range.last; ++j) {
        a.counts[i] += a.weights[k];
        for (std::int64_t c = 0; c < a.x.channels; ++c) {
          a.sums[c * a.m + i] += a.weights[k] * double(a.x.channel(k)[c * a.x.length + j]);
        }
      }
    }
  }
}

template <typename T, typename Parallel>
void dba_round_on(Dba<T> a, Parallel&& parallel) {
  const auto finite = finite_series(a.x);
  const Series<T> center{a.center, 1, a.x.channels, a.m, nullptr};
  if (!center.is_finite(0)) {
    for (std::int64_t k = 0; k < a.x.n; ++k) finite[k] = false;
  }
  const std::unique_ptr<Matched[]> matched(new Matched[a.x.n * a.m]);
  a.x_finite = finite.get();
  a.matched = matched.get();
  parallel(a.x.n, 16, [&](std::int64_t first, std::int64_t last) { dba_align(a, first, last); });
  parallel(a.m, 1 + (1 << 14) / (a.x.n + 1), [&](std::int64_t first, std::int64_t last) { dba_sum(a, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename T> void dba_align_kernel(const Dba<T>&, std::int64_t, std::int64_t))

}  // namespace marey::distance
