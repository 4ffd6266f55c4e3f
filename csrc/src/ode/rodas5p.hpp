// One step of the Rosenbrock method Rodas5P, sixteen problems at once: one matrix I / (gamma h) - J, factored with
// partial pivoting lane by lane, and eight solves with it. No Newton iteration, so that no lane waits for another's. N:
// number of states, 0 for any.
#pragma once
#include "lanes.hpp"
#include "tableaus.hpp"

namespace marey::MAREY_LEVEL {

namespace ode_lanes {

template <int N>
struct Rodas5P {
  using Table = ode::Rodas5P;
  static constexpr int order = Table::order;
  Row *u[8], *stage, *value, *jacobian, *lu, *pivot, *dense[3];
  Row error;
  bool has_dense = false;

  Rodas5P(const Block& b, Workspace& w) {
    for (Row*& rows : u) rows = w.take(b.n);
    for (Row*& rows : dense) rows = w.take(b.n);
    stage = w.take(b.n), value = w.take(b.n);
    jacobian = w.take(b.n * (b.n + 1)), lu = w.take(b.n * b.n), pivot = w.take(b.n);
  }

  void attempt(Block& b) {
    differentiate(b);
    factor(b);
    stages<0>(b);
    for (std::int64_t r = 0; r < size(b); ++r) {
      for (int v = 0; v < parts; ++v) b.next[r][v] = stage[r][v] + u[7][r][v];
    }
    error = b.norm(u[7], b.y, b.next);
    has_dense = false;
  }

  void take_first(Block& b, Mask accepted) {
    b.evaluate(b.t, b.y, value);  // t and y have moved
    copy_lanes(b.first, value, b.n, accepted);
  }

  void interpolate(Block& b, const Row& theta, Row* out) {
    if (!has_dense) {
      for (int i = 0; i < 3; ++i) {
        for (std::int64_t r = 0; r < b.n; ++r) {
          for (int v = 0; v < parts; ++v) {
            Vec sum{};
            for (int j = 0; j < 8; ++j) sum = madd(splat(Table::dense[i][j]), u[j][r][v], sum);
            dense[i][r][v] = sum;
          }
        }
      }
      has_dense = true;
    }
    for (std::int64_t r = 0; r < b.n; ++r) {
      for (int v = 0; v < parts; ++v) {
        const Vec rest = 1.0 - theta[v];
        Vec sum = madd(theta[v], dense[2][r][v], dense[1][r][v]);
        sum = madd(rest, madd(theta[v], sum, dense[0][r][v]), b.next[r][v]);
        const Vec inside = madd(theta[v], sum, rest * b.y[r][v]);
        out[r][v] = select(theta[v] >= 1.0, b.next[r][v], inside);
      }
    }
  }

  Mask looks_stiff(const Block&) const { return 0; }

 private:
  static std::int64_t size(const Block& b) { return N ? N : b.n; }

  template <int i>
  void stages(Block& b) {
    if constexpr (i < 8) {
      solve_stage<i>(b);
      stages<i + 1>(b);
    }
  }

  void differentiate(Block& b) {
    if (b.problems.jacobian) {
      b.problems.jacobian(b.t.data(), b.y->data(), b.p->data(), jacobian->data());
      return;
    }
    constexpr double root_eps = 1.4901161193847656e-08;
    for (std::int64_t j = 0; j <= b.n; ++j) {  // column by column, time last
      Row step, at = b.t;
      for (std::int64_t r = 0; r < b.n; ++r) stage[r] = b.y[r];
      for (int v = 0; v < parts; ++v) {
        Vec& moved = j < b.n ? stage[j][v] : at[v];
        const Vec floor = j < b.n ? splat(b.problems.atol[j]) : splat(1e-6);
        const Vec before = moved;
        moved = before + root_eps * maximum(absolute(before), floor + 1e-5);
        step[v] = moved - before;
      }
      b.evaluate(at, stage, value);
      for (std::int64_t i = 0; i < b.n; ++i) {
        for (int v = 0; v < parts; ++v) {
          jacobian[i * (b.n + 1) + j][v] = (value[i][v] - b.first[i][v]) / step[v];
        }
      }
    }
  }

  void factor(const Block& b) {
    const std::int64_t n = size(b);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        for (int v = 0; v < parts; ++v) {
          const Vec diagonal = i == j ? 1.0 / (Table::gamma * b.h[v]) : Vec{};
          lu[i * n + j][v] = diagonal - jacobian[i * (n + 1) + j][v];
        }
      }
    }
    for (std::int64_t k = 0; k < n; ++k) {
      swap_rows(n, k);
      for (int v = 0; v < parts; ++v) {
        const Vec inverse = 1.0 / lu[k * n + k][v];
        lu[k * n + k][v] = inverse;
        for (std::int64_t i = k + 1; i < n; ++i) {
          const Vec factor = lu[i * n + k][v] * inverse;
          lu[i * n + k][v] = factor;
          for (std::int64_t j = k + 1; j < n; ++j) {
            lu[i * n + j][v] = madd(-factor, lu[k * n + j][v], lu[i * n + j][v]);
          }
        }
      }
    }
  }

  // A lane swaps where its diagonal is under a tenth of the largest below it; mostly none does.
  void swap_rows(std::int64_t n, std::int64_t k) {
    for (int v = 0; v < parts; ++v) {
      const Vec here = absolute(lu[k * n + k][v]);
      Vec best = 10.0 * here, row = splat(double(k));
      for (std::int64_t i = k + 1; i < n; ++i) {
        const Vec size = absolute(lu[i * n + k][v]);
        row = select(size > best, splat(double(i)), row);
        best = maximum(size, best);
      }
      pivot[k][v] = row;
      if (!bits(row != double(k), 0)) continue;
      for (std::int64_t i = k + 1; i < n; ++i) {
        const Int chosen = row == double(i);
        if (!bits(chosen, 0)) continue;
        for (std::int64_t j = 0; j < n; ++j) exchange(chosen, lu[k * n + j][v], lu[i * n + j][v]);
      }
    }
  }

  static void exchange(Int chosen, Vec& a, Vec& b) {
    const Vec before = a;
    a = select(chosen, b, a);
    b = select(chosen, before, b);
  }

  template <int i>
  void solve_stage(Block& b) {
    const std::int64_t n = size(b);
    for (std::int64_t r = 0; r < n; ++r) {
      for (int v = 0; v < parts; ++v) {
        Vec sum = b.y[r][v];
#pragma GCC unroll 8
        for (int j = 0; j < i; ++j) sum = madd(splat(Table::a[i][j]), u[j][r][v], sum);
        stage[r][v] = sum;
      }
    }
    Row* rhs = u[i];
    if constexpr (i == 0) {
      for (std::int64_t r = 0; r < n; ++r) rhs[r] = b.first[r];
    } else {
      Row at;
      for (int v = 0; v < parts; ++v) at[v] = madd(splat(Table::c[i]), b.h[v], b.t[v]);
      b.evaluate(at, stage, rhs);
    }
    for (int v = 0; v < parts; ++v) {
      const Vec inverse_h = 1.0 / b.h[v];
      for (std::int64_t r = 0; r < n; ++r) {
        Vec sum{};
#pragma GCC unroll 8
        for (int j = 0; j < i; ++j) sum = madd(splat(Table::C[i][j]), u[j][r][v], sum);
        sum = madd(inverse_h, sum, rhs[r][v]);
        rhs[r][v] = madd(splat(Table::d[i]) * b.h[v], jacobian[r * (n + 1) + n][v], sum);
      }
      for (std::int64_t k = 0; k < n; ++k) {
        if (!bits(pivot[k][v] != double(k), 0)) continue;
        for (std::int64_t r = k + 1; r < n; ++r) exchange(pivot[k][v] == double(r), rhs[k][v], rhs[r][v]);
      }
      for (std::int64_t r = 1; r < n; ++r) {
        for (std::int64_t k = 0; k < r; ++k) rhs[r][v] = madd(-lu[r * n + k][v], rhs[k][v], rhs[r][v]);
      }
      for (std::int64_t r = n - 1; r >= 0; --r) {
        Vec sum = rhs[r][v];
        for (std::int64_t k = r + 1; k < n; ++k) sum = madd(-lu[r * n + k][v], rhs[k][v], sum);
        rhs[r][v] = sum * lu[r * n + r][v];
      }
    }
  }
};

}  // namespace ode_lanes

}  // namespace marey::MAREY_LEVEL
