// One step of an explicit Runge-Kutta method for one problem; the method is its table. The twin of
// csrc/src/ode/explicit.hpp.
#pragma once
#include "scalar.cuh"
#include "tableaus.hpp"

namespace marey::ode {

template <typename Table, typename Model>
struct Explicit {
  static constexpr int order = Table::order, n = Model::n, second_last = Table::stages - 2;
  double k[Table::all_stages][n], stage[n], at_second_last[n];
  double error = 0;
  bool has_all = false;

  // y + h sum_j a_ij k_j
  template <int i>
  __device__ void state_at(const State<Model>& s, double* out) const {
    for (int r = 0; r < n; ++r) {
      double sum = 0;
      unroll<0, i>([&](auto index) {
        constexpr int j = decltype(index)::value;
        constexpr double a = Table::a[i][j];
        if constexpr (a != 0.0) sum = fma(a, k[j][r], sum);
      });
      out[r] = fma(s.h, sum, s.y[r]);
    }
  }

  template <int begin, int end>
  __device__ void stages(State<Model>& s) {
    unroll<begin, end>([&](auto index) {
      constexpr int i = decltype(index)::value;
      constexpr double c = Table::c[i];
      double* out = i == Table::stages - 1 ? s.next : i == second_last ? at_second_last : stage;
      state_at<i>(s, out);
      s.evaluate(fma(c, s.h, s.t), out, k[i]);
    });
  }

  // s.next and the error's norm, from s.first.
  __device__ void attempt(State<Model>& s) {
    for (int r = 0; r < n; ++r) k[0][r] = s.first[r];
    stages<1, Table::stages>(s);
    for (int r = 0; r < n; ++r) {
      double sum = 0;
      unroll<0, Table::stages>([&](auto index) {
        constexpr int j = decltype(index)::value;
        constexpr double e = Table::error[j];
        if constexpr (e != 0.0) sum = fma(e, k[j][r], sum);
      });
      stage[r] = s.h * sum;
    }
    error = s.norm(stage, s.y, s.next);
    has_all = Table::all_stages == Table::stages;
  }

  // f at the new y is known already.
  __device__ void take_first(State<Model>& s) {
    for (int r = 0; r < n; ++r) s.first[r] = k[Table::stages - 1][r];
  }

  // y(t + theta h)
  __device__ void interpolate(State<Model>& s, double theta, double* out) {
    if (!has_all) {
      stages<Table::stages, Table::all_stages>(s);
      has_all = true;
    }
    if (theta >= 1.0) {
      for (int r = 0; r < n; ++r) out[r] = s.next[r];
      return;
    }
    double sum[n];
    for (int r = 0; r < n; ++r) sum[r] = 0;
    unroll<0, Table::all_stages>([&](auto index) {
      constexpr int i = decltype(index)::value;
      double weight = 0;
      unroll<0, Table::degree>([&](auto power) {
        constexpr double d = Table::dense[i][Table::degree - 1 - decltype(power)::value];
        weight = fma(weight, theta, d);
      });
      weight *= theta;
      for (int r = 0; r < n; ++r) sum[r] = fma(weight, k[i][r], sum[r]);
    });
    for (int r = 0; r < n; ++r) out[r] = fma(s.h, sum[r], s.y[r]);
  }

  // Whether stability bounds the step: h |df| / |dy| between the last two stages, both at t + h, beyond 3.25.
  __device__ bool looks_stiff(const State<Model>& s) const {
    double df = 0, dy = 0;
    for (int r = 0; r < n; ++r) {
      const double f = k[Table::stages - 1][r] - k[second_last][r], y = s.next[r] - at_second_last[r];
      df = fma(f, f, df), dy = fma(y, y, dy);
    }
    return s.h * s.h * df > 3.25 * 3.25 * dy;
  }
};

}  // namespace marey::ode
