// Mammillary compartment models in closed form: 1, 2 or 3 compartments with linear elimination from the central one,
// given by bolus, infusion or first-order absorption, through any schedule of doses.
//
// In the eigenbasis of the model the amount in the central compartment is  sum_i c_i z_i  with
//
//   dz_i/dt = -lambda_i z_i + R_c + ka d,   dd/dt = -ka d + R_d,   c_i >= 0, sum c_i = 1,
//
// d the depot, R the infusion rates. A subject's state goes from event to event by one exponential a mode; the
// observations between two events are independent of each other and fill the SIMD lanes. Sensitivities ride along: by
// lambda_i and ka in the state, from there by the chain rule to the clearances and volumes.
//
// Gibaldi and Perrier, Pharmacokinetics, 2nd ed., 1982, appendix B. Time: (events + rows) * (compartments + 1)
// exponentials.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::pk {

enum Kind : std::int32_t { reset = 1, dose = 2 };

// What happens to each subject, rising in time and row; implied doses (ADDL) are records of their own.
struct Records {
  const std::int64_t* offsets;  // [subject + 1]
  const double *time, *amount, *rate;
  const double* interval;             // of a steady state
  const double *fraction, *lag;       // of the amount; in time
  const std::int32_t *kind, *steady;  // bits of Kind; 0, 1 (instead of what was) or 2 (added to it)
  const bool *depot, *implied;        // where the dose goes; whether it comes of ADDL
  const std::int64_t* row;            // of the table; a reset ends what came of the rows before it
};

struct Simulation {
  std::int64_t subjects;
  int compartments;  // 1 to 3
  bool depot;
  bool scaled;  // F and LAG among the parameters; they act on the depot's doses where there is one, else on all
  std::int64_t n_params;  // 2 compartments + depot + 2 scaled
  const double* params;   // [subject][n_params]: CL, V, then Q, V of each peripheral one, KA, F, LAG
  Records records;
  const std::int64_t* observed;      // [subject + 1]: whose the outputs are
  bool shared_times;                 // every subject has the same times
  const double* times;               // rising within a subject
  const std::int64_t* observed_row;  // doses of earlier rows come before it; nullptr: none of its time does
  double* y;                         // [observation] concentration in the central compartment
  double* sens;                      // [observation][n_params] or nullptr
};

// Something at a time: `what` is one of what a record makes.
struct Happening {
  double time;
  std::int64_t row;  // of the table
  std::int64_t record;
  std::int32_t what;
};

// The most happenings of one subject: the workspace of simulate.
std::int64_t most_happenings(const Simulation& s) noexcept;
void simulate(const Simulation& s, Happening* work, std::int64_t begin, std::int64_t end) noexcept;

MAREY_DECLARE_PER_ISA(void simulate_kernel(const Simulation&, Happening*, std::int64_t, std::int64_t) noexcept)

// F and LAG of a record of a subject.
struct Given {
  double amount, per_fraction, lag, per_lag;
};
static inline Given given(const Simulation& s, std::int64_t subject, std::int64_t record) {
  const Records& r = s.records;
  const double amount = r.amount[record] * r.fraction[record];
  if (!s.scaled || (s.depot && !r.depot[record])) return {amount, 0.0, r.lag[record], 0.0};
  const double* p = s.params + (subject + 1) * s.n_params - 2;
  return {amount * p[0], amount, r.lag[record] + p[1], 1.0};
}

}  // namespace marey::pk
