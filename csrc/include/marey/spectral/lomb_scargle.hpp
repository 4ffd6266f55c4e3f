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

void lomb_scargle(const LombScargle& problem);
void lomb_scargle_here(const LombScargle& problem);  // on the caller's thread

MAREY_DECLARE_PER_ISA(void lomb_scargle_kernel(const LombScargle& problem, std::int64_t begin, std::int64_t end))

}  // namespace marey::spectral
