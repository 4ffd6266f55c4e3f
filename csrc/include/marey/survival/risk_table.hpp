// Who is at risk and what happens at every distinct time, and the curves that follow from it.
//
// A row is at risk on (entry, time]. Layout: the times of group g lie at offsets[g] .. offsets[g + 1], rising. Cost:
// one sort (two with entries) and one pass over the rows.
#pragma once
#include <cstdint>

#include "marey/survival/order.hpp"

namespace marey::survival {

struct Survival {
  std::int64_t n;
  const double* time;
  const std::uint8_t* event;
  const double* entry;    // null: at risk from the beginning
  const double* weights;  // null: 1 each
  Groups groups;
};

// Arrays of n each, of which offsets[n_groups] are written.
struct RiskTable {
  std::int64_t* offsets;                               // [n_groups + 1]
  double *time, *at_risk, *events, *censored, *count;  // sums of weights; count: how many rows are at risk
};

void risk_table(const Survival& s, const RiskTable& out);

// Product limit and Greenwood's sum, d / (r (r - d)) up to each time; the sum is inf once the curve is 0.
struct Curve {
  std::int64_t n_groups;
  const std::int64_t* offsets;
  const double *at_risk, *events;
  double *value, *variance;
};
void kaplan_meier(const Curve& c) noexcept;
// Sum of d / r and of its variance d / r^2.
void nelson_aalen(const Curve& c) noexcept;

}  // namespace marey::survival
