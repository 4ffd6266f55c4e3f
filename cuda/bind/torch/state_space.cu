#include <tuple>

#include "device.cuh"
#include "marey/cuda/kalman.cuh"
#include "state_space.hpp"

using namespace marey::torch_ops;
using marey::cuda::KalmanGradient;
using marey::state_space::KalmanFilter;
using marey::state_space::KalmanSmoother;

namespace {

using Three = std::tuple<Tensor, Tensor, Tensor>;
using Seven = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>;

void check(const OnDevice& device, const OptionalTensor& F, const Tensor& H, const OptionalTensor& Q, const Tensor& R,
           const Tensor& x0, const Tensor& P0, const OptionalTensor& mask) {
  device.check(F, "F");
  device.check(H, "H");
  device.check(Q, "Q");
  device.check(R, "R");
  device.check(x0, "x0");
  device.check(P0, "P0");
  device.check(mask, "mask");
}

template <typename Arguments, auto function, auto workspace_of, bool shared_covs>
Three estimate(const Tensor& y, const OptionalTensor& F, const Tensor& H, const OptionalTensor& Q, const Tensor& R,
               const Tensor& x0, const Tensor& P0, const OptionalTensor& mask, const OptionalTensor& dt,
               const OptionalTensor& parameters, std::int64_t model, bool continued, bool mean, bool cov) {
  const OnDevice device(y);
  check(device, F, H, Q, R, x0, P0, mask);
  device.check(dt, "dt");
  device.check(parameters, "parameters");
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  const ScalarType type = x0.scalar_type();
  const std::int64_t B = p.n_series, n = p.n_states, T = p.length;
  const std::int64_t covs_of = shared_covs && B > 0 && marey::state_space::covariances_are_shared(p) ? 1 : B;
  Tensor means = mean ? make_reals(x0, type, {B, n, T}) : make_reals(x0, type, {0});
  Tensor covs = cov ? make_reals(x0, type, {covs_of, n, n, T}) : make_reals(x0, type, {0});
  Tensor loglik = make_reals(x0, type, {B});
  const Arguments a{p, mean ? means.mutable_data_ptr() : nullptr, cov ? covs.mutable_data_ptr() : nullptr,
                    loglik.mutable_data_ptr(), type == ScalarType::Float};
  Tensor workspace = make_workspace(y, workspace_of(p));
  STD_CUDA_CHECK(function(a, workspace.mutable_data_ptr(), device.stream()));
  return {means, covs, loglik};
}

constexpr auto& filtered =
    estimate<KalmanFilter, marey::cuda::kalman_filter, marey::cuda::kalman_filter_workspace, true>;
constexpr auto& smoothed =
    estimate<KalmanSmoother, marey::cuda::kalman_smoother, marey::cuda::kalman_smoother_workspace, false>;

Three kalman_filter(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                    const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                    const OptionalTensor parameters, std::int64_t model, bool continued, bool cov) {
  return filtered(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued, true, cov);
}

Three kalman_smoother(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                      const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                      const OptionalTensor parameters, std::int64_t model, bool continued, bool cov) {
  return smoothed(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued, true, cov);
}

Tensor kalman_loglik(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                     const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                     const OptionalTensor parameters, std::int64_t model, bool continued) {
  return std::get<2>(filtered(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued, false, false));
}

Seven kalman_loglik_backward(const OptionalTensor grad_mean, const OptionalTensor grad_cov,
                             const OptionalTensor grad_loglik, const Tensor y, const Tensor F, const Tensor H,
                             const Tensor Q, const Tensor R, const Tensor x0, const Tensor P0,
                             const OptionalTensor mask, bool continued) {
  const OnDevice device(y);
  check(device, F, H, Q, R, x0, P0, mask);
  device.check(grad_mean, "grad_mean");
  device.check(grad_cov, "grad_cov");
  device.check(grad_loglik, "grad_loglik");
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, {}, {}, 0, continued);
  const Incoming incoming(grad_mean, grad_cov, grad_loglik, p);
  const auto like = [](const Tensor& a) { return torch::stable::new_empty(a, a.sizes(), a.scalar_type()); };
  Tensor gy = like(y), gF = like(F), gH = like(H), gQ = like(Q), gR = like(R), gx0 = like(x0), gP0 = like(P0);
  const KalmanGradient a{p,
                         incoming.mean,
                         incoming.cov,
                         incoming.loglik,
                         gy.mutable_data_ptr(),
                         gF.mutable_data_ptr(),
                         gH.mutable_data_ptr(),
                         gQ.mutable_data_ptr(),
                         gR.mutable_data_ptr(),
                         gx0.mutable_data_ptr(),
                         gP0.mutable_data_ptr()};
  Tensor workspace = make_workspace(y, marey::cuda::kalman_loglik_backward_workspace(p));
  STD_CUDA_CHECK(marey::cuda::kalman_loglik_backward(a, workspace.mutable_data_ptr(), device.stream()));
  return {gy, gF, gH, gQ, gR, gx0, gP0};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("kalman_filter", TORCH_BOX(&kalman_filter));
  m.impl("kalman_smoother", TORCH_BOX(&kalman_smoother));
  m.impl("kalman_loglik", TORCH_BOX(&kalman_loglik));
  m.impl("kalman_loglik_backward", TORCH_BOX(&kalman_loglik_backward));
}
