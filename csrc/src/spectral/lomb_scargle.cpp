#include "marey/spectral/lomb_scargle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "marey/core/parallel.hpp"

namespace marey::spectral {

double regular_spacing(const double* freqs, std::int64_t n) noexcept {
  if (n < 3) return 0;
  const double spacing = (freqs[n - 1] - freqs[0]) / static_cast<double>(n - 1);
  const double room = 8 * std::numeric_limits<double>::epsilon() * freqs[n - 1];
  for (std::int64_t k = 0; k < n; ++k) {
    if (!(std::abs(freqs[k] - (freqs[0] + spacing * static_cast<double>(k))) <= room)) return 0;
  }
  return spacing > 0 ? spacing : 0;
}

void lomb_scargle_range(const LombScargle& problem, std::int64_t begin, std::int64_t end) {
  MAREY_DISPATCH(lomb_scargle_kernel, problem, begin, end)
}

void lomb_scargle_range(const LombScargleBackward& problem, std::int64_t begin,
                        std::int64_t end){MAREY_DISPATCH(lomb_scargle_backward_kernel, problem, begin, end)}

std::int64_t lomb_scargle_grain(const LombScargle& problem) noexcept {
  const std::int64_t points = problem.offsets[problem.n_series];
  const std::int64_t each = points * problem.n_freqs / std::max<std::int64_t>(1, problem.n_series);
  return std::max<std::int64_t>(1, 400'000 / std::max<std::int64_t>(1, each));
}

void lomb_scargle(const LombScargle& problem) {
  parallel_for(problem.n_series, lomb_scargle_grain(problem),
               [&](std::int64_t begin, std::int64_t end) { lomb_scargle_range(problem, begin, end); });
}

}  // namespace marey::spectral
