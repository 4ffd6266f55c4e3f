// One step of the Rosenbrock method Rodas5P for one problem: one matrix I / (gamma h) - J, factored with partial
// pivoting, and eight solves with it. The twin of csrc/src/ode/rodas5p.hpp.
#pragma once
#include "scalar.cuh"
#include "tableaus.hpp"

namespace marey::ode {

template <typename Table, typename Model>
struct Rosenbrock {
  static constexpr int order = Table::order, n = Model::n;
  static constexpr int rolled = n <= 6 ? n : 1;  // larger systems stay loops: unrolled they compile for half a minute
  double u[8][n], stage[n], value[n], jacobian[n * (n + 1)], lu[n * n], dense[3][n];
  int pivot[n];
  double error = 0;
  bool has_dense = false;

  __device__ void attempt(State<Model>& s) {
    Model::jacobian(&s.t, s.y, s.p, jacobian);
    factor(s);
    unroll<0, 8>([&](auto index) { solve_stage<decltype(index)::value>(s); });
    for (int r = 0; r < n; ++r) s.next[r] = stage[r] + u[7][r];
    error = s.norm(u[7], s.y, s.next);
    has_dense = false;
  }

  __device__ void take_first(State<Model>& s) { s.evaluate(s.t, s.y, s.first); }  // t and y have moved

  __device__ void interpolate(State<Model>& s, double theta, double* out) {
    if (!has_dense) {
      unroll<0, 3>([&](auto row) {
        constexpr int i = decltype(row)::value;
        for (int r = 0; r < n; ++r) {
          double sum = 0;
          unroll<0, 8>([&](auto index) {
            constexpr double d = Table::dense[i][decltype(index)::value];
            sum = fma(d, u[decltype(index)::value][r], sum);
          });
          dense[i][r] = sum;
        }
      });
      has_dense = true;
    }
    const double rest = 1.0 - theta;
    for (int r = 0; r < n; ++r) {
      double sum = fma(theta, dense[2][r], dense[1][r]);
      sum = fma(rest, fma(theta, sum, dense[0][r]), s.next[r]);
      out[r] = theta >= 1.0 ? s.next[r] : fma(theta, sum, rest * s.y[r]);
    }
  }

  __device__ bool looks_stiff(const State<Model>&) const { return false; }

 private:
  __device__ void factor(const State<Model>& s) {
    constexpr double gamma = Table::gamma;
#pragma unroll rolled
    for (int i = 0; i < n; ++i) {
#pragma unroll rolled
      for (int j = 0; j < n; ++j) lu[i * n + j] = (i == j ? 1.0 / (gamma * s.h) : 0.0) - jacobian[i * (n + 1) + j];
    }
#pragma unroll rolled
    for (int k = 0; k < n; ++k) {
      swap_rows(k);
      const double inverse = 1.0 / lu[k * n + k];
      lu[k * n + k] = inverse;
      for (int i = k + 1; i < n; ++i) {
        const double factor = lu[i * n + k] * inverse;
        lu[i * n + k] = factor;
        for (int j = k + 1; j < n; ++j) lu[i * n + j] = fma(-factor, lu[k * n + j], lu[i * n + j]);
      }
    }
  }

  // Where the diagonal is under a tenth of the largest below it; mostly it is not.
  __device__ void swap_rows(int k) {
    double best = 10.0 * fabs(lu[k * n + k]);
    int row = k;
    for (int i = k + 1; i < n; ++i) {
      const double size = fabs(lu[i * n + k]);
      if (size > best) row = i, best = size;
    }
    pivot[k] = row;
    if (row == k) return;
    for (int j = 0; j < n; ++j) exchange(lu[k * n + j], lu[row * n + j]);
  }

  __device__ static void exchange(double& a, double& b) {
    const double before = a;
    a = b, b = before;
  }

  template <int i>
  __device__ void solve_stage(State<Model>& s) {
    constexpr double c = Table::c[i], d = Table::d[i];
#pragma unroll rolled
    for (int r = 0; r < n; ++r) {
      double sum = s.y[r];
      unroll<0, i>([&](auto index) {
        constexpr int j = decltype(index)::value;
        constexpr double a = Table::a[i][j];
        sum = fma(a, u[j][r], sum);
      });
      stage[r] = sum;
    }
    double* rhs = u[i];
    if constexpr (i == 0) {
      for (int r = 0; r < n; ++r) rhs[r] = s.first[r];
    } else {
      s.evaluate(fma(c, s.h, s.t), stage, rhs);
    }
    const double inverse_h = 1.0 / s.h;
#pragma unroll rolled
    for (int r = 0; r < n; ++r) {
      double sum = 0;
      unroll<0, i>([&](auto index) {
        constexpr int j = decltype(index)::value;
        constexpr double of_stage = Table::C[i][j];
        sum = fma(of_stage, u[j][r], sum);
      });
      sum = fma(inverse_h, sum, rhs[r]);
      rhs[r] = fma(d * s.h, jacobian[r * (n + 1) + n], sum);
    }
#pragma unroll rolled
    for (int k = 0; k < n; ++k) {
      if (pivot[k] != k) exchange(rhs[k], rhs[pivot[k]]);
    }
#pragma unroll rolled
    for (int r = 1; r < n; ++r) {
      for (int k = 0; k < r; ++k) rhs[r] = fma(-lu[r * n + k], rhs[k], rhs[r]);
    }
#pragma unroll rolled
    for (int r = n - 1; r >= 0; --r) {
      double sum = rhs[r];
      for (int k = r + 1; k < n; ++k) sum = fma(-lu[r * n + k], rhs[k], sum);
      rhs[r] = sum * lu[r * n + r];
    }
  }
};

}  // namespace marey::ode
