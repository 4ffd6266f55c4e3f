#include "marey/pk/simulate.hpp"

#include <algorithm>
#include <cmath>

namespace marey::pk {

// A record sets a steady state, starts and ends; infusions of a steady state may still run and end each.
std::int64_t most_happenings(const Simulation& s) noexcept {
  std::int64_t most = 0;

  for (std::int64_t i = 0; i < s.subjects; ++i) {
    std::int64_t count = 0;
    for (std::int64_t k = s.records.offsets[i]; k < s.records.offsets[i + 1]; ++k) {
      count += 3;
      if (s.records.steady[k] != 0 && s.records.rate[k] > 0.0) {
        count += 1 + std::int64_t(std::ceil(given(s, i, k).amount / s.records.rate[k] / s.records.interval[k]));
      }
    }
    most = std::max(most, count);
  }
  return most;
}

void simulate(const Simulation& s, Happening* work, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(simulate_kernel, s, work, begin, end)
}

}  // namespace marey::pk
