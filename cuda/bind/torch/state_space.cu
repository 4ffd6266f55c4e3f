#include <tuple>

#include "device.cuh"
#include "marey/cuda/kalman.cuh"
#include "state_space.hpp"

using namespace marey::torch_ops;
using marey::state_space::KalmanFilter;

namespace {

using Three = std::tuple<Tensor, Tensor, Tensor>;

Three estimate(const Tensor& y, const OptionalTensor& F, const Tensor& H, const OptionalTensor& Q, const Tensor& R,
               const Tensor& x0, const Tensor& P0, const OptionalTensor& mask, const OptionalTensor& dt,
               const OptionalTensor& parameters, std::int64_t model, bool continued, bool mean, bool cov) {
  const OnDevice device(y);
  device.check(F, "F");
  device.check(H, "H");
  device.check(Q, "Q");
  device.check(R, "R");
  device.check(x0, "x0");
  device.check(P0, "P0");
  device.check(mask, "mask");
  device.check(dt, "dt");
  device.check(parameters, "parameters");
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  STD_TORCH_CHECK(p.n_states <= marey::cuda::kalman_most_states && p.n_outputs <= marey::cuda::kalman_most_outputs,
                  "a GPU takes at most ", marey::cuda::kalman_most_states, " states and ",
                  marey::cuda::kalman_most_outputs, " outputs; this problem has ", p.n_states, " and ", p.n_outputs,
                  ": move it to the CPU");
  const ScalarType type = x0.scalar_type();
  const std::int64_t B = p.n_series, n = p.n_states, T = p.length;
  const std::int64_t covs_of = B > 0 && marey::state_space::covariances_are_shared(p) ? 1 : B;
  Tensor means = mean ? make_reals(x0, type, {B, n, T}) : make_reals(x0, type, {0});
  Tensor covs = cov ? make_reals(x0, type, {covs_of, n, n, T}) : make_reals(x0, type, {0});
  Tensor loglik = make_reals(x0, type, {B});
  const KalmanFilter a{p, mean ? means.mutable_data_ptr() : nullptr, cov ? covs.mutable_data_ptr() : nullptr,
                       loglik.mutable_data_ptr(), type == ScalarType::Float};
  STD_CUDA_CHECK(marey::cuda::kalman_filter(a, device.stream()));
  return {means, covs, loglik};
}

Three kalman_filter(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                    const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                    const OptionalTensor parameters, std::int64_t model, bool continued, bool cov) {
  return estimate(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued, true, cov);
}

Tensor kalman_loglik(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                     const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                     const OptionalTensor parameters, std::int64_t model, bool continued) {
  return std::get<2>(estimate(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued, false, false));
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("kalman_filter", TORCH_BOX(&kalman_filter));
  m.impl("kalman_loglik", TORCH_BOX(&kalman_loglik));
}
