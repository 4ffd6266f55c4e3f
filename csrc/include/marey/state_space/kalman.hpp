// Linear Gaussian state-space models, many series at once:
//   x_t = F_t x_{t-1} + N(0, Q_t),   y_t = H_t x_t + N(0, R_t);   x0, P0 precede the first observation's update.
//
// Filter, log-likelihood, smoother and the filter's adjoint. Observations are decorrelated by R = L D L^T and then
// enter one scalar at a time (Koopman and Durbin 2000), each in Joseph's form, so that no matrix is inverted and a
// missing one is left out. All arithmetic is in double. A series whose innovation variance is not positive and finite
// is NaN from that step on; the others do not notice.
// Layout: y [series][output][step], mean [series][state][step], cov [series][state][state][step]; series lie in SIMD
// lanes. Cost a step: O(n^3) to predict, O(n^2) for each scalar observed.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::state_space {

// Which F(dt), Q(dt) are evaluated in the kernel; `given`: F and Q are arrays.
enum class Model : std::int32_t { given = 0, ou, integrated_ou, constant_velocity, matern32, matern52 };

constexpr int states_of(Model model) { return model == Model::ou ? 1 : model == Model::matern52 ? 3 : 2; }

// Real arrays of either precision, one for each series and step; strides in elements, 0 where one serves all.
struct Reals {
  const void* data = nullptr;
  bool single = false;
  std::int64_t series = 0, step = 0;
};

struct KalmanProblem {
  std::int64_t n_series = 0, n_states = 0, n_outputs = 0, length = 0;
  Reals y, F, H, Q, R, x0, P0;
  const std::uint8_t* mask = nullptr;  // [series][step] or [series][output][step]; nullptr: all observed
  bool mask_per_output = false;
  bool continued = false;  // x0, P0 belong to the step before the first: predict before the first update too
  Model model = Model::given;
  Reals dt, parameters;  // of a model: [series][step] and [series][2]
};

// Whether the covariances are those of every series; the filter's `cov` is then [1][state][state][step].
inline bool covariances_are_shared(const KalmanProblem& p) noexcept {
  return !p.F.series && !p.Q.series && !p.H.series && !p.R.series && !p.P0.series && !p.mask && p.model == Model::given;
}

struct KalmanFilter {
  KalmanProblem problem;
  void *mean, *cov, *loglik;  // each may be nullptr: not wanted
  bool single;                // their precision
};

struct KalmanSmoother {
  KalmanProblem problem;
  void *mean, *cov, *loglik;
  bool single;
};

// Gradients of sum(grad_mean * mean) + sum(grad_cov * cov) + sum(grad_loglik * loglik). A failed series passes on
// zero where all that comes in after its failure is zero, NaN otherwise.
struct KalmanAdjoint {
  KalmanProblem problem;    // without a model
  Reals mean, cov, loglik;  // incoming; data may be nullptr: zero; one cov for all series: of the first
  void* y;                  // like y; nullptr: not wanted
  bool single;              // precision of `y`
  double *F, *H, *Q, *R, *x0,
      *P0;  // of each series: [series][...], or [series][step][...] where the matrix varies by step
};

// Steps that the adjoint keeps at a time: what fits a cache, for short series all of them.
inline constexpr std::int64_t kalman_longest_span = 512;
inline std::int64_t kalman_span(const KalmanProblem& p) noexcept {
  const std::int64_t n = p.n_states, m = p.n_outputs, state = n + n * (n + 1) / 2;
  const std::int64_t fitting = 12288 / (m * (state + 2 * n + 5) + state + n + n * n);
  return fitting < 64 ? 64 : fitting > kalman_longest_span ? kalman_longest_span : fitting;
}

// Work comes in items of 8 series: ranges in any order and on any threads give the same bits. Each call needs its own
// workspace of so many doubles, whatever its range.
inline std::int64_t kalman_items(const KalmanProblem& p) noexcept { return (p.n_series + 7) / 8; }
std::int64_t kalman_workspace(const KalmanProblem& p) noexcept;

void kalman_filter(const KalmanFilter& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept;
void kalman_smoother(const KalmanSmoother& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept;
void kalman_loglik_backward(const KalmanAdjoint& a, std::int64_t begin, std::int64_t end, double* workspace) noexcept;

MAREY_DECLARE_PER_ISA(void kalman_filter_kernel(const KalmanFilter&, std::int64_t, std::int64_t, double*) noexcept;
                      void kalman_smoother_kernel(const KalmanSmoother&, std::int64_t, std::int64_t, double*) noexcept;
                      void kalman_loglik_backward_kernel(const KalmanAdjoint&, std::int64_t, std::int64_t,
                                                         double*) noexcept)

}  // namespace marey::state_space
