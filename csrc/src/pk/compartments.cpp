#include "marey/pk/compartments.hpp"

namespace marey::pk {

// A record begins, ends and may set a steady state before; each opens a stretch.
std::int64_t work_size(const Simulation& s) noexcept {
  return (3 * s.most_records + 1) * (max_slots + doubles_of_happening);
}

void simulate(const Simulation& s, double* work, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(simulate_kernel, s, work, begin, end)
}

}  // namespace marey::pk
