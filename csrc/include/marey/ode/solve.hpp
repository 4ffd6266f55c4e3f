// Many initial value problems of one system, each with its own adaptive steps:  dy/dt = f(t, y, p) + rate.
//
// Sixteen problems go side by side, one a SIMD lane; a lane takes the next problem as soon as its own has ended, so
// that nobody waits for the slowest. A lane computes from its own numbers alone: results depend neither on its place
// nor on its neighbours, threads or order. Layout: y0 [problem][state], params [problem][parameter], times [time] or
// [problem][time], y [problem][state][time]. What a problem did not reach is NaN in y.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::ode {

inline constexpr int block_lanes = 16;

// Sixteen problems at once: entry i of problem l at [i * block_lanes + l].
using Function = void (*)(const double* t, const double* y, const double* p, double* out);

enum class Method : std::int32_t { tsit5, vern7, rodas5p };

enum class Outcome : std::int32_t {
  finished,
  stopped,  // at a terminal event
  too_many_steps,
  step_too_small,  // at a singularity, or tolerances below rounding
  not_finite,      // the right-hand side, down to the smallest step
  stiff            // for an explicit method that was asked to notice
};

// What happens to a state at a fixed time, in rising order of time within a problem.
enum class DoseKind : std::int32_t { add, rate, set };  // y += amount; rate += amount from here on; y = amount

struct Doses {
  const std::int64_t* offsets = nullptr;  // [problem + 1]; nullptr: none
  const double *time = nullptr, *amount = nullptr;
  const std::int32_t* kind = nullptr;
  const std::int64_t* state = nullptr;
};

struct Roots {
  Function function = nullptr;              // n values; a root where one changes sign
  std::int64_t n = 0, most = 0;             // most: roots kept of a problem
  const std::int32_t* direction = nullptr;  // [n]: 1 rising, -1 falling, 0 both
  const std::uint8_t* terminal = nullptr;   // [n]
  double* time = nullptr;                   // [problem][most]
  std::int32_t* index = nullptr;            // [problem][most]
  double* y = nullptr;                      // [problem][most][state]
  std::int64_t* count = nullptr;            // [problem], those beyond `most` counted too
};

struct Problems {
  std::int64_t n_states, n_params, n_times;
  Function f;
  Function jacobian;  // [state][state + 1]: d f / d y and, last, d f / d t; nullptr: by differences
  const double *y0, *params, *times, *t0;  // t0 [problem]
  bool own_times;
  double rtol;
  const double* atol;           // [state]
  double first_step, max_step;  // 0: chosen; infinity: free
  std::int64_t max_steps;
  Method method;
  bool notice_stiffness;
  Doses doses;
  Roots roots;
  double* y;
  std::int32_t* outcome;
  std::int64_t *accepted, *rejected;
};

// Solves the problems which[begin .. end). `work` holds work_size() doubles, aligned to 64 bytes.
std::int64_t work_size(const Problems& problems) noexcept;
void solve(const Problems& problems, const std::int64_t* which, std::int64_t begin, std::int64_t end,
           double* work) noexcept;

MAREY_DECLARE_PER_ISA(void solve_kernel(const Problems&, const std::int64_t*, std::int64_t, std::int64_t,
                                        double*) noexcept;)

}  // namespace marey::ode
