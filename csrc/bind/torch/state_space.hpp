// Tensors to a KalmanProblem, for the CPU and the CUDA library alike.
#pragma once
#include "marey/state_space/kalman.hpp"
#include "tensors.hpp"

namespace marey::torch_ops {

using marey::state_space::KalmanProblem;
using marey::state_space::Model;
using marey::state_space::Reals;

inline Reals reals(const Tensor& a, const char* name) {
  const bool single = a.scalar_type() == ScalarType::Float;
  STD_TORCH_CHECK(single || a.scalar_type() == ScalarType::Double, "`", name, "` must be float32 or float64");
  STD_TORCH_CHECK(a.is_contiguous(), "`", name, "` must be contiguous");
  return {a.const_data_ptr(), single, 0, 0};
}

// (1 or B, 1 or T, rows, columns)
inline Reals matrices(const Tensor& a, const KalmanProblem& p, std::int64_t rows, std::int64_t columns,
                      const char* name) {
  STD_TORCH_CHECK(a.dim() == 4 && (a.size(0) == 1 || a.size(0) == p.n_series) &&
                      (a.size(1) == 1 || a.size(1) == p.length) && a.size(2) == rows && a.size(3) == columns,
                  "`", name, "` must be (1 or B, 1 or T, ", rows, ", ", columns, ")");
  Reals r = reals(a, name);
  r.step = a.size(1) == 1 ? 0 : rows * columns;
  r.series = a.size(0) == 1 ? 0 : rows * columns * a.size(1);
  return r;
}

// (1 or B, ...) of `size` values in a row
inline Reals rows(const Tensor& a, const KalmanProblem& p, std::int64_t size, const char* name) {
  STD_TORCH_CHECK(a.dim() > 1 && (a.size(0) == 1 || a.size(0) == p.n_series) && a.numel() == a.size(0) * size, "`",
                  name, "` must be (1 or B, ...) with ", size, " values a series");
  Reals r = reals(a, name);
  r.series = a.size(0) == 1 ? 0 : size;
  return r;
}

inline KalmanProblem kalman_problem(const Tensor& y, const OptionalTensor& F, const Tensor& H, const OptionalTensor& Q,
                                    const Tensor& R, const Tensor& x0, const Tensor& P0, const OptionalTensor& mask,
                                    const OptionalTensor& dt, const OptionalTensor& parameters, std::int64_t model,
                                    bool continued) {
  STD_TORCH_CHECK(y.dim() == 3, "`y` must have three axes");
  STD_TORCH_CHECK(x0.dim() == 2 && x0.size(1) > 0, "`x0` must be (1 or B, n)");
  KalmanProblem p;
  p.n_series = y.size(0);
  p.n_outputs = y.size(1);
  p.length = y.size(2);
  p.n_states = x0.size(1);
  const std::int64_t n = p.n_states, m = p.n_outputs;
  STD_TORCH_CHECK(model >= 0 && model <= std::int64_t(Model::matern52), "`model` is unknown");
  p.model = Model(model);
  p.continued = continued;
  p.y = reals(y, "y");
  p.y.series = m * p.length;
  if (p.model == Model::given) {
    STD_TORCH_CHECK(F && Q, "`F` and `Q` are missing, and no model is named");
    p.F = matrices(*F, p, n, n, "F");
    p.Q = matrices(*Q, p, n, n, "Q");
  } else {
    STD_TORCH_CHECK(dt && parameters, "a model needs `dt` and `parameters`");
    STD_TORCH_CHECK(n == marey::state_space::states_of(p.model), "`model` has another number of states");
    p.dt = rows(*dt, p, p.length, "dt");
    p.parameters = rows(*parameters, p, 2, "parameters");
  }
  p.H = matrices(H, p, m, n, "H");
  p.R = matrices(R, p, m, m, "R");
  p.x0 = rows(x0, p, n, "x0");
  p.P0 = rows(P0, p, n * n, "P0");
  if (mask) {
    p.mask_per_output = mask->dim() == 3;
    STD_TORCH_CHECK(mask->numel() == p.n_series * p.length * (p.mask_per_output ? m : 1),
                    "`mask` must be (B, T) or (B, m, T)");
    p.mask = reinterpret_cast<const std::uint8_t*>(data<bool>(*mask, "mask"));
  }
  return p;
}

// Gradients with respect to the filter's results.
struct Incoming {
  Reals mean, cov, loglik;

  Incoming(const OptionalTensor& grad_mean, const OptionalTensor& grad_cov, const OptionalTensor& grad_loglik,
           const KalmanProblem& p) {
    const std::int64_t B = p.n_series, n = p.n_states, T = p.length;
    STD_TORCH_CHECK(!grad_mean || grad_mean->numel() == B * n * T, "`grad_mean` must be (B, n, T)");
    STD_TORCH_CHECK(!grad_cov || (grad_cov->dim() == 4 && (grad_cov->size(0) == 1 || grad_cov->size(0) == B) &&
                                  grad_cov->numel() == grad_cov->size(0) * n * n * T),
                    "`grad_cov` must be (1 or B, n, n, T)");
    STD_TORCH_CHECK(!grad_loglik || grad_loglik->numel() == B, "`grad_loglik` must be (B,)");
    if (grad_mean) mean = reals(*grad_mean, "grad_mean");
    if (grad_cov) cov = reals(*grad_cov, "grad_cov");
    if (grad_loglik) loglik = reals(*grad_loglik, "grad_loglik");
    mean.series = n * T;
    cov.series = grad_cov && grad_cov->size(0) == 1 ? 0 : n * n * T;
    loglik.series = 1;
  }
};

inline Tensor make_reals(const Tensor& like, ScalarType type, std::initializer_list<std::int64_t> shape) {
  return torch::stable::new_empty(like, shape, type);
}

}  // namespace marey::torch_ops
