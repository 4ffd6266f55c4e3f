// Elastic-net paths of Cox regression by coordinate descent.
//
// At each penalty lambda: minimise -loglik(beta) / n + lambda sum_j v_j (alpha |beta_j| + (1 - alpha) beta_j^2 / 2),
// v_j the factor of column j. The loglik (Breslow's ties) is replaced by its quadratic in eta with the diagonal of its
// Hessian, coordinate descent over the columns in play solves that, and both repeat until nothing moves. The strong
// rule chooses who is in play; the gradient of all columns at the end finds those it missed. Cost: O(n) a coordinate
// step, O(n p) a check. Simon et al., J Stat Softw 39(5), 2011; Tibshirani et al., J R Stat Soc B 74:245, 2012.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::survival {

struct CoxPathRows {
  std::int64_t n, p;
  const double *X, *time;  // [p][n] by column, [n] rising
  const std::uint8_t* event;
};

struct CoxPath {
  std::int64_t n_lambdas;
  const double *lambdas, *factors;  // [n_lambdas] falling, [p] >= 0
  double alpha, tol;                // tol: of a step, as a share of the null deviance
  std::int64_t max_sweeps;          // over all coordinates in play, for each lambda
  double* coef;                     // [n_lambdas][p]
  double* loglik;                   // [n_lambdas]
  std::uint8_t* converged;          // [n_lambdas]
};

void cox_path(const CoxPathRows& rows, const CoxPath& path);
// [p] |d loglik / d beta_j| / n at beta = 0: where the path begins.
void cox_path_start(const CoxPathRows& rows, double* gradient);

MAREY_DECLARE_PER_ISA(void cox_path_kernel(const CoxPathRows&, const CoxPath&);
                      void cox_path_start_kernel(const CoxPathRows&, double*))

}  // namespace marey::survival
