#include "marey/state_space/kalman.hpp"

namespace marey::state_space {

// Bounds of what the kernels take, in vectors of eight: a state per chunk, steps of one chunk (the adjoint's are the
// most), the filter's group of states, matrices and their adjoints.
std::int64_t kalman_workspace(const KalmanProblem& p) noexcept {
  constexpr std::int64_t group = 128;
  const std::int64_t chunk = kalman_span(p);
  const std::int64_t n = p.n_states, m = p.n_outputs, state = n + n * (n + 1) / 2;
  const std::int64_t chunks = p.length / 64 + 3;
  const std::int64_t steps = (chunk + 1) * (m * (state + 3 * n + 8 + m) + 2 * state + 3 * n * n + 4);
  const std::int64_t matrices = 8 * (n * n + m * n + m * m + n + m + 8);
  return 8 * (chunks * state + steps + matrices + (group + 1) * (n + 1) + (chunk + 1) * (n + m) + 8);
}

void kalman_filter(const KalmanFilter& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept {
  MAREY_DISPATCH(kalman_filter_kernel, a, begin, end, workspace)
}

void kalman_smoother(const KalmanSmoother& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept {
  MAREY_DISPATCH(kalman_smoother_kernel, a, begin, end, workspace)
}

void kalman_loglik_backward(const KalmanAdjoint& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept {
  MAREY_DISPATCH(kalman_loglik_backward_kernel, a, begin, end, workspace)
}

}  // namespace marey::state_space
