// What the steppers share: one problem in one thread. The twin of csrc/src/ode/lanes.hpp, compiled at run time with the
// user's model, which gives `Model::n`, `n_params`, `n_roots` and the functions f, jacobian and roots. NVRTC has no
// standard headers, so none is included.
#pragma once

namespace marey::ode {

using Long = long long;

// Calls body(Index<i>{}) for i = begin .. end - 1, so that a table's entries are constants.
template <int i>
struct Index {
  static constexpr int value = i;
};

template <int begin, int end, typename Body>
__device__ inline void unroll(const Body& body) {
  if constexpr (begin < end) {
    body(Index<begin>{});
    unroll<begin + 1, end>(body);
  }
}

__device__ inline double infinite() { return 1e308 * 10; }
__device__ inline double not_a_number() { return infinite() - infinite(); }
__device__ inline double larger(double a, double b) { return a > b ? a : b; }

enum class DoseKind : int { add, rate, set };  // y += amount; rate += amount from here on; y = amount

enum class Outcome : int { finished, stopped, too_many_steps, step_too_small, not_finite, stiff };

// The batch, as the host fills it (marey.ode._cuda.Problems, field by field). Layout as in marey/ode/solve.hpp.
struct Problems {
  Long n, n_times, own_times, max_steps, notice_stiffness, only_stiff, most_roots;
  double rtol, first_step, max_step;
  const double *y0, *params, *times, *t0, *atol;
  const Long* dose_offsets;  // nullptr: none
  const double *dose_time, *dose_amount;
  const int* dose_kind;
  const Long* dose_state;
  const int* direction;
  const unsigned char* terminal;
  double* root_time;
  int* root_index;
  double* root_y;
  Long* root_count;
  double* y;
  int* outcome;
  Long *accepted, *rejected;
  unsigned char* stiff;
  unsigned long long* ticket;  // the next problem that no thread has taken
};

// What a stepper sees of its problem. `first` is f(t, y).
template <typename Model>
struct State {
  static constexpr int n = Model::n;
  double t, h, p[Model::n_params + 1], y[n], rate[n], first[n], next[n], between[n];
  const Problems* problems;

  __device__ void evaluate(double at, const double* state, double* out) const {
    Model::f(&at, state, p, out);
    if (problems->dose_offsets) {
      for (int i = 0; i < n; ++i) out[i] += rate[i];
    }
  }

  // Root mean square of `error` by the tolerances.
  __device__ double norm(const double* error, const double* before, const double* after) const {
    double total = 0;
    for (int i = 0; i < n; ++i) {
      const double size = larger(fabs(before[i]), fabs(after[i]));
      // At least something: a state that stays 0 has no error.
      const double e = error[i] / larger(fma(problems->rtol, size, problems->atol[i]), 1e-300);
      total = fma(e, e, total);
    }
    return sqrt(total / double(n));
  }
};

}  // namespace marey::ode
