// One pass of Newton's method for the subdistribution hazard of Fine and Gray, and what each row contributes.
//
// Rows lie in rising time. A row with a competing event stays at risk after it with weight G(t-) / G(T-), G the
// Kaplan-Meier curve of the time to censoring. With r = w exp(eta), B the sums over rows of a later or equal time and P
// those of r / G(T-) over rows with an earlier competing event: S0 = B0 + G P0, S1 = B1 + G P1, and as in cox.hpp
//   hessian = sum_i r_i A_i x_i x_i' - sum W xbar xbar',  A_i = Lambda(T_i) + [competing] (tail of G dLambda) / G(T_i-)
// so that no row is split at event times: O(n p^2 / 2) a pass, not O(n^2). Ties after Breslow.
// Fine and Gray, J Am Stat Assoc 94:496, 1999; sums in both directions after Kawaguchi et al., R Journal 13:1, 2021.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::survival {

enum class Outcome : std::uint8_t { censored = 0, event = 1, competing = 2 };

struct FineGrayRows {
  std::int64_t n, p;
  const double *X, *time;  // [n][p], [n] rising
  const std::uint8_t* outcome;
  const double *weights, *eta, *uncensored;  // [n]; uncensored: G(T-), > 0 for competing events and events
};

struct FineGrayPass {
  double* loglik;    // [1]
  double* gradient;  // [p]
  double* hessian;   // [p][p] of -loglik
  double* hazard;    // [n] increment of the baseline subdistribution hazard, at the first row of each time
};

void finegray_pass(const FineGrayRows& rows, const FineGrayPass& out);
// influence [n][p]: of each row on the score by weight 1, the estimate of G included.
void finegray_influence(const FineGrayRows& rows, double* influence);

MAREY_DECLARE_PER_ISA(void finegray_pass_kernel(const FineGrayRows&, const FineGrayPass&);
                      void finegray_influence_kernel(const FineGrayRows&, double*))

}  // namespace marey::survival
