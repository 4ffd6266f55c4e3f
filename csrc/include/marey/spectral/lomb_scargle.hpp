// Lomb-Scargle periodograms of many series, each with its own times.
//
// Source: Zechmeister & Kuerster, A&A 496:577, 2009, eqs 5 to 11 (floating mean and weights); without the mean,
// Scargle, ApJ 263:835, 1982.
//
// Cost: O(points x frequencies) a series, ten vector instructions for a vector of frequencies and one point. On a
// regular grid sines and cosines come from cos(a + d) = 2 cos(d) cos(a) - cos(a - d), begun anew every few vectors, so
// that rounding stays below 1e-12 (float: 1e-5).
//
// Layout: lanes are frequencies. Points with NaN are left out. Threads take whole series.
#pragma once

#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::spectral {

struct LombScargle {
  std::int64_t n_series;
  const std::int64_t* offsets;  // n_series + 1
  const double *t, *y, *dy;     // dy may be null
  std::int64_t n_freqs;
  const double* freqs;
  double spacing;  // of a regular grid; 0 for any other
  bool fit_mean, center, fast;
  double *power, *variance, *total;  // n_series x n_freqs, of 0 to 1; the weighted variance; the sum of dy^-2
};

// What an objective grows by with each output and, found here, with each input. A point that is left out, and a series
// without a periodogram, has 0.
struct LombScargleBackward {
  LombScargle of;                                         // its outputs are not touched
  const double *grad_power, *grad_variance, *grad_total;  // shaped as those
  double *grad_t, *grad_y, *grad_dy, *grad_freqs;         // grad_dy where dy is; grad_freqs n_series x n_freqs
};

// The spacing of a regular grid, or 0.
double regular_spacing(const double* freqs, std::int64_t n) noexcept;

void lomb_scargle_range(const LombScargle& problem, std::int64_t begin, std::int64_t end);
void lomb_scargle_range(const LombScargleBackward& problem, std::int64_t begin, std::int64_t end);

// Series that are worth a thread.
std::int64_t lomb_scargle_grain(const LombScargle& problem) noexcept;

void lomb_scargle(const LombScargle& problem);

MAREY_DECLARE_PER_ISA(void lomb_scargle_kernel(const LombScargle& problem, std::int64_t begin, std::int64_t end))
MAREY_DECLARE_PER_ISA(void lomb_scargle_backward_kernel(const LombScargleBackward& problem, std::int64_t begin,
                                                        std::int64_t end))

}  // namespace marey::spectral
