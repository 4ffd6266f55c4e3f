// Mammillary compartment models in closed form: 1, 2 or 3 compartments with linear elimination from the central one,
// given by bolus, infusion or first-order absorption, through any schedule of doses.
//
// In the eigenbasis of the model the amount in the central compartment is  sum_i c_i z_i  with
//
//   dz_i/dt = -lambda_i z_i + R_c + ka d,   dd/dt = -ka d + R_d,   c_i >= 0, sum c_i = 1,
//
// d the depot, R the infusion rates. A subject's state goes from dose to dose by one exponential a mode; between doses
// every observation is independent of the others, and they fill the SIMD lanes. Sensitivities ride along: by lambda_i
// and ka in the state, from there by the chain rule to the clearances and volumes.
//
// Gibaldi and Perrier, Pharmacokinetics, 2nd ed., 1982, appendix B. Time: records + rows * (compartments + 1)
// exponentials.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::pk {

enum Kind : std::int32_t { reset = 1, dose = 2 };

// What happens to a subject, in the order of the table; implied doses (ADDL) are records of their own.
struct Records {
  const std::int64_t* offsets;    // [subject + 1]
  const double *time, *amount, *rate;
  const double* interval;         // of a steady state
  const double *fraction, *lag;   // of the amount; in time
  const std::int32_t *kind, *steady;  // bits of Kind; 0, 1 (instead of what was) or 2 (added to it)
  const bool *depot, *implied;    // where the dose goes; whether it comes after an observation of the same time
  const std::int64_t* row;        // of the table; a reset ends what came of the rows before it
};

struct Simulation {
  int compartments;           // 1 to 3
  bool depot, has_fraction, has_lag;
  std::int64_t n_params;      // 2 compartments + depot + has_fraction + has_lag
  const double* params;       // [subject][n_params]: CL, V, then Q, V of each peripheral one, KA, F, LAG
  Records records;
  std::int64_t most_records;  // of one subject
  const std::int64_t* observed;  // [subject + 1] offsets of the observations; nullptr: n_times each
  std::int64_t n_times;
  const double* times;        // rising within a subject
  bool own_times;             // where not, the n_times are shared
  const std::int64_t* observed_row;  // [observation]: doses of earlier rows come before it; nullptr: none of its time
  double* y;                  // [observation] concentration in the central compartment
  double* sens;               // [observation][n_params] or nullptr
};

// Doubles of workspace for one call of simulate.
std::int64_t work_size(const Simulation& s) noexcept;
void simulate(const Simulation& s, double* work, std::int64_t begin, std::int64_t end) noexcept;

MAREY_DECLARE_PER_ISA(void simulate_kernel(const Simulation&, double*, std::int64_t, std::int64_t) noexcept;)

// What a subject's observations need of each stretch between two events.
inline constexpr std::int64_t max_slots = 24;
// One thing that happens: a start, an end, a reset.
struct Happening {
  double time;
  std::int64_t order;   // among those of one time
  std::int64_t record;  // of the subject
  std::int32_t what;
};
inline constexpr std::int64_t doubles_of_happening = sizeof(Happening) / sizeof(double);

}  // namespace marey::pk
