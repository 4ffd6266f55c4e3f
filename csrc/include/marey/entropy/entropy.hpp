// Irregularity and self-similarity of one series of finite values; each function tells NaN where the series is too
// short or constant for the measure. The caller has sent NaN away.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::entropy {

double mean(const double* x, std::int64_t n) noexcept;
double population_std(const double* x, std::int64_t n) noexcept;

// Bandt and Pompe: Shannon entropy, in bits, of the orders of `order` values `delay` apart. Ties keep their places.
double permutation(const double* x, std::int64_t n, int order, std::int64_t delay, bool normalize);
// Lempel and Ziv 1976: the number of words in the exhaustive history of a string of zeros and ones, in O(n).
std::int64_t lempel_ziv_words(const std::uint8_t* symbols, std::int64_t n);
// Slope of log F(s) over log s, of the scales with at least `min_segments` segments; F, NaN at the others, is written
// to `fluctuation`.
double dfa(const double* x, std::int64_t n, const std::int64_t* scales, std::int64_t n_scales,
           std::int64_t min_segments, double* fluctuation);
double higuchi(const double* x, std::int64_t n, int k_max);
// Rescaled range over windows of n / 2^k, at least 8 values each.
double hurst(const double* x, std::int64_t n);

// Sums over pairs i < j of templates of m (sums[0]) and m + 1 (sums[1]) values, their own means taken off, of
// exp(-d^power / r); d is the Chebyshev distance.
struct Fuzzy {
  const double* x;
  std::int64_t n;
  int m;
  int power;
  double r;
  double* templates;  // (m + m + 1) rows of n - m values and 8 more: scratch
  double sums[2];
};
MAREY_DECLARE_PER_ISA(void fuzzy_kernel(Fuzzy& a) noexcept)
void fuzzy(Fuzzy& a) noexcept;

}  // namespace marey::entropy
