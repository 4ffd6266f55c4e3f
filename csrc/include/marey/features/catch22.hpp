// The 22 features of Lubba et al. (catch22: CAnonical Time-series CHaracteristics, Data Min Knowl Disc 33:1821, 2019)
// of a series that is standardised first (sample standard deviation).
//
// What features share is made once: the standardised series, its order, and the autocorrelations of the series and of
// the series less its spline, which are the real and the imaginary part of one transform. Cost: O(n log n), but for
// the fluctuation analyses, which pass over the series once for each of at most 50 scales.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "marey/core/isa.hpp"

namespace marey::features {

inline constexpr int kCatch22 = 22;

// Room of one thread, kept from series to series. What depends on the length alone is kept while the length stays.
struct Catch22Room {
  std::int64_t length = -1;
  std::vector<double> twiddle_re, twiddle_im, re, im, other_re, other_im;
  std::vector<double> spline;  // 5 orthonormal rows of n
  std::vector<double> z, sorted, acf, trend_free, trend_free_acf, residual, cumulated, distances, spectrum;
  std::vector<std::pair<double, std::int64_t>> ranked;
  std::vector<std::int64_t> order, before, after, scales;
  std::vector<std::uint8_t> letters;
};

// NaN all through if n < 10, if a value is not finite, or if all are equal.
void catch22(const double* x, std::int64_t n, double out[kCatch22], Catch22Room& room);

// Of windows of `scale` values of the profile: the sum of squared ranges, and of squared residuals, of what is left
// after a line is taken off each.
struct Fluctuation {
  const double* profile;
  std::int64_t n, scale;
  bool squares;  // the residuals', not the ranges'
  double total;
};
// Discrete Fourier transform of `size` = a power of two, real and imaginary parts apart, through `other_*` and back.
// `twiddle_*`[k * stride] = exp(-2 pi i k / size) for k < size / 2.
struct Transform {
  double *re, *im, *other_re, *other_im;
  const double *twiddle_re, *twiddle_im;
  std::int64_t size, stride;
};
MAREY_DECLARE_PER_ISA(void transform_kernel(const Transform& a) noexcept)
MAREY_DECLARE_PER_ISA(double dot_kernel(const double* x, const double* y, std::int64_t n) noexcept)
MAREY_DECLARE_PER_ISA(void fluctuation_kernel(Fluctuation& a) noexcept)

}  // namespace marey::features
