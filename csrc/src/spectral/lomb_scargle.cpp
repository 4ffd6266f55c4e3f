#include "marey/spectral/lomb_scargle.hpp"

#include <algorithm>

#include "marey/core/parallel.hpp"

namespace marey::spectral {

namespace {

void range(const LombScargle& problem, std::int64_t begin, std::int64_t end) {
  MAREY_DISPATCH(lomb_scargle_kernel, problem, begin, end)
}

}  // namespace

void lomb_scargle_here(const LombScargle& problem) { range(problem, 0, problem.n_series); }

void lomb_scargle(const LombScargle& problem) {
  const std::int64_t points = problem.offsets[problem.n_series];
  const std::int64_t each = points * problem.n_freqs / std::max<std::int64_t>(1, problem.n_series);
  const std::int64_t grain = std::max<std::int64_t>(1, 400'000 / std::max<std::int64_t>(1, each));
  parallel_for(problem.n_series, grain, [&](std::int64_t begin, std::int64_t end) { range(problem, begin, end); });
}

}  // namespace marey::spectral
