// Weighted log-rank statistics of several groups: observed and expected events and the covariance of their difference.
//
// At each event time of each stratum, with n at risk (n_g of group g) and d events (d_g): u_g += W (d_g - d n_g / n),
// V_gh += W^2 d (n - d) / (n - 1) (n_g / n) ([g = h] - n_h / n), with W by the scheme (Fleming and Harrington,
// Counting Processes and Survival Analysis, 1991, section 7.2). Cost: one sort, one pass, n_groups^2 an event time.
#pragma once
#include <cstdint>

#include "marey/survival/risk_table.hpp"

namespace marey::survival {

enum class TestWeight : std::int32_t { fleming_harrington, gehan, tarone_ware };

struct LogRank {
  Survival rows;              // its groups are the strata; its weights are not read
  const std::int64_t* group;  // [n] 0 .. n_groups - 1: what is compared
  std::int64_t n_groups;
  TestWeight weight;
  double rho, gamma;                         // W = S(t-)^rho (1 - S(t-))^gamma with the pooled curve of the stratum
  double *observed, *expected, *difference;  // [n_groups]; difference is weighted, the others are not
  double* covariance;                        // [n_groups][n_groups] of the difference
};

void logrank(const LogRank& a);

}  // namespace marey::survival
