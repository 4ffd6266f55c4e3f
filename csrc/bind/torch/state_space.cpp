#include "state_space.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

using namespace marey::torch_ops;
using marey::state_space::KalmanAdjoint;
using marey::state_space::KalmanFilter;
using marey::state_space::KalmanSmoother;

namespace {

using Three = std::tuple<Tensor, Tensor, Tensor>;
using Seven = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>;

// Items of eight series to a thread so that it has work for more than its start costs.
template <typename Run>
void run_in_parallel(const KalmanProblem& p, Run run) {
  const std::int64_t items = marey::state_space::kalman_items(p), size = marey::state_space::kalman_workspace(p);
  const std::int64_t grain = 1 + 8192 / std::max<std::int64_t>(1, p.length * p.n_states);
  torch::stable::parallel_for(0, items, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> workspace(size);
    run(begin, end, workspace.data());
  });
}

template <typename Arguments, auto function, bool shared_covs>
Three estimate(const KalmanProblem& p, const Tensor& x0, bool mean, bool cov) {
  const ScalarType type = x0.scalar_type();
  const std::int64_t B = p.n_series, n = p.n_states, T = p.length;
  const std::int64_t covs_of = shared_covs && B > 0 && marey::state_space::covariances_are_shared(p) ? 1 : B;
  Tensor means = mean ? make_reals(x0, type, {B, n, T}) : make_reals(x0, type, {0});
  Tensor covs = cov ? make_reals(x0, type, {covs_of, n, n, T}) : make_reals(x0, type, {0});
  Tensor loglik = make_reals(x0, type, {B});
  const Arguments a{p, mean ? means.mutable_data_ptr() : nullptr, cov ? covs.mutable_data_ptr() : nullptr,
                    loglik.mutable_data_ptr(), type == ScalarType::Float};
  run_in_parallel(p, [&](std::int64_t begin, std::int64_t end, double* w) { function(a, begin, end, w); });
  return {means, covs, loglik};
}

Three kalman_filter(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                    const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                    const OptionalTensor parameters, std::int64_t model, bool continued, bool cov) {
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  return estimate<KalmanFilter, marey::state_space::kalman_filter, true>(p, x0, true, cov);
}

Three kalman_smoother(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                      const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                      const OptionalTensor parameters, std::int64_t model, bool continued, bool cov) {
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  return estimate<KalmanSmoother, marey::state_space::kalman_smoother, false>(p, x0, true, cov);
}

Tensor kalman_loglik(const Tensor y, const OptionalTensor F, const Tensor H, const OptionalTensor Q, const Tensor R,
                     const Tensor x0, const Tensor P0, const OptionalTensor mask, const OptionalTensor dt,
                     const OptionalTensor parameters, std::int64_t model, bool continued) {
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, dt, parameters, model, continued);
  return std::get<2>(estimate<KalmanFilter, marey::state_space::kalman_filter, true>(p, x0, false, false));
}

// A gradient for each series, and what the caller of the op sees of it: summed over the series that shared the matrix,
// in their order.
struct SeriesGradient {
  std::int64_t series, shared, size;
  std::vector<double> values;
  Tensor out;

  SeriesGradient(const Tensor& of, std::int64_t n_series)
      : series(n_series),
        shared(of.size(0) != n_series),
        size(of.numel() / std::max<std::int64_t>(1, of.size(0))),
        values(series * size),
        out(torch::stable::new_empty(of, of.sizes(), of.scalar_type())) {}

  template <typename T>
  void write() {
    T* to = mutable_data<T>(out);
    if (!shared) {
      std::transform(values.begin(), values.end(), to, [](double v) { return T(v); });
      return;
    }
    std::vector<double> sum(size);
    for (std::int64_t s = 0; s < series; ++s) {
      for (std::int64_t k = 0; k < size; ++k) sum[k] += values[s * size + k];
    }
    std::transform(sum.begin(), sum.end(), to, [](double v) { return T(v); });
  }
  Tensor finish() {
    out.scalar_type() == ScalarType::Float ? write<float>() : write<double>();
    return out;
  }
};

Seven kalman_loglik_backward(const OptionalTensor grad_mean, const OptionalTensor grad_cov,
                             const OptionalTensor grad_loglik, const Tensor y, const Tensor F, const Tensor H,
                             const Tensor Q, const Tensor R, const Tensor x0, const Tensor P0,
                             const OptionalTensor mask, bool continued) {
  const KalmanProblem p = kalman_problem(y, F, H, Q, R, x0, P0, mask, {}, {}, 0, continued);
  const std::int64_t B = p.n_series;
  const Incoming incoming(grad_mean, grad_cov, grad_loglik, p);
  Tensor gy = make_reals(y, y.scalar_type(), {B, p.n_outputs, p.length});
  SeriesGradient gF(F, B), gH(H, B), gQ(Q, B), gR(R, B), gx0(x0, B), gP0(P0, B);
  const KalmanAdjoint a{p,
                        incoming.mean,
                        incoming.cov,
                        incoming.loglik,
                        gy.mutable_data_ptr(),
                        y.scalar_type() == ScalarType::Float,
                        gF.values.data(),
                        gH.values.data(),
                        gQ.values.data(),
                        gR.values.data(),
                        gx0.values.data(),
                        gP0.values.data()};
  run_in_parallel(p, [&](std::int64_t begin, std::int64_t end, double* w) {
    marey::state_space::kalman_loglik_backward(a, begin, end, w);
  });
  return {gy, gF.finish(), gH.finish(), gQ.finish(), gR.finish(), gx0.finish(), gP0.finish()};
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
#define MAREY_KALMAN                                                                                              \
  "(Tensor y, Tensor? F, Tensor H, Tensor? Q, Tensor R, Tensor x0, Tensor P0, Tensor? mask, Tensor? dt, Tensor? " \
  "parameters, int model, bool continued"
  m.def("kalman_filter" MAREY_KALMAN ", bool cov) -> (Tensor mean, Tensor cov, Tensor loglik)");
  m.def("kalman_smoother" MAREY_KALMAN ", bool cov) -> (Tensor mean, Tensor cov, Tensor loglik)");
  m.def("kalman_loglik" MAREY_KALMAN ") -> Tensor loglik");
  m.def(
      "kalman_loglik_backward(Tensor? grad_mean, Tensor? grad_cov, Tensor? grad_loglik, Tensor y, Tensor F, Tensor H, "
      "Tensor Q, Tensor R, Tensor x0, Tensor P0, Tensor? mask, bool continued) -> (Tensor grad_y, Tensor grad_F, "
      "Tensor grad_H, Tensor grad_Q, Tensor grad_R, Tensor grad_x0, Tensor grad_P0)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("kalman_filter", TORCH_BOX(&kalman_filter));
  m.impl("kalman_smoother", TORCH_BOX(&kalman_smoother));
  m.impl("kalman_loglik", TORCH_BOX(&kalman_loglik));
  m.impl("kalman_loglik_backward", TORCH_BOX(&kalman_loglik_backward));
}
