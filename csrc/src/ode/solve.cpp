#include "marey/ode/solve.hpp"

namespace marey::ode {

// Rows of sixteen: stages of the largest method, what the loop keeps, the matrix, the roots.
std::int64_t work_size(const Problems& p) noexcept {
  const std::int64_t n = p.n_states;
  std::int64_t rows = 28 * n + p.n_params + 16;
  if (p.method == Method::rodas5p) rows += 2 * n * (n + 1) + n;
  if (p.roots.function) rows += p.roots.n * (n + 4);
  return rows * block_lanes;
}

void solve(const Problems& problems, const std::int64_t* which, std::int64_t begin, std::int64_t end,
           double* work) noexcept {
  MAREY_DISPATCH(solve_kernel, problems, which, begin, end, work)
}

}  // namespace marey::ode
