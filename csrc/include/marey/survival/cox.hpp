// One pass of Newton's method for Cox's partial likelihood, and the residuals at its end.
//
// Rows lie stratum by stratum in rising time. With r = w exp(eta), S0 and S1 the sums of r and r x over the rows at
// risk, E0 and E1 those over the d events at one time, and phi_k = S0 - f_k E0 with Efron's f_k = k / d (Breslow's:
// 0), k = 0 .. d - 1:
//   loglik = sum w eta (events) - sum wbar log phi_k
//   hessian = sum_i r_i A_i x_i x_i' - sum wbar xbar_k xbar_k',  xbar_k = (S1 - f_k E1) / phi_k
// where A_i is the hazard that row i was exposed to. Both sums are symmetric updates of rank 8; the d outer products of
// a tied time collapse into two. Cost: O(n p^2 / 2) multiply-adds and nothing of size p^2 per row but that.
// Efron, J Am Stat Assoc 72:557, 1977; the rearrangement into weighted rows follows from exchanging the two sums.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::survival {

struct CoxRows {
  std::int64_t n, p, n_strata;
  const std::int64_t* offsets;  // [n_strata + 1]
  const double *X, *time;       // [n][p], [n]
  const std::uint8_t* event;
  const double *weights, *eta;   // [n]
  const double* entry;           // [n]; null without left truncation
  const std::int64_t* entering;  // [n] row numbers by rising entry in each stratum, with `entry`
  bool efron;
};

struct CoxPass {
  double* loglik;    // [1]
  double* gradient;  // [p]
  double* hessian;   // [p][p] of -loglik
  double* exposure;  // [n] A_i
  double* hazard;    // [n] increment of the baseline hazard at the row's time
};

// Residuals of each row by weight 1: score [n][p]; schoenfeld [events][p], in the order of the rows.
struct CoxResiduals {
  double *score, *schoenfeld;
};

void cox_pass(const CoxRows& rows, const CoxPass& out);
void cox_residuals(const CoxRows& rows, const CoxResiduals& out);

MAREY_DECLARE_PER_ISA(void cox_pass_kernel(const CoxRows&, const CoxPass&);
                      void cox_residuals_kernel(const CoxRows&, const CoxResiduals&))

}  // namespace marey::survival
