// One step of an explicit Runge-Kutta method, sixteen problems at once; the method is its table.
#pragma once
#include "lanes.hpp"
#include "tableaus.hpp"

namespace marey::MAREY_LEVEL {

namespace ode_lanes {

template <typename Table>
struct Explicit {
  static constexpr int order = Table::order;
  static constexpr int second_last = Table::stages - 2;
  Row *k[Table::all_stages], *stage, *at_second_last;
  Row error;
  bool has_all = false;

  Explicit(const Block& b, Workspace& w) {
    for (Row*& rows : k) rows = w.take(b.n);
    stage = w.take(b.n), at_second_last = w.take(b.n);
  }

  // y + h sum_j a_ij k_j
  template <int i>
  void state_at(const Block& b, Row* out) const {
    for (std::int64_t r = 0; r < b.n; ++r) {
      for (int v = 0; v < parts; ++v) {
        Vec sum{};
#pragma GCC unroll 16
        for (int j = 0; j < i; ++j) {
          if (Table::a[i][j] != 0.0) sum = madd(splat(Table::a[i][j]), k[j][r][v], sum);
        }
        out[r][v] = madd(b.h[v], sum, b.y[r][v]);
      }
    }
  }

  template <int i, int end>
  void stages(Block& b) {
    if constexpr (i < end) {
      Row* out = i == Table::stages - 1 ? b.next : i == second_last ? at_second_last : stage;
      state_at<i>(b, out);
      Row at;
      for (int v = 0; v < parts; ++v) at[v] = madd(splat(Table::c[i]), b.h[v], b.t[v]);
      b.evaluate(at, out, k[i]);
      stages<i + 1, end>(b);
    }
  }

  // b.next and the error's norm, from b.first.
  void attempt(Block& b) {
    for (std::int64_t r = 0; r < b.n; ++r) k[0][r] = b.first[r];
    stages<1, Table::stages>(b);
    for (std::int64_t r = 0; r < b.n; ++r) {
      for (int v = 0; v < parts; ++v) {
        Vec sum{};
#pragma GCC unroll 16
        for (int j = 0; j < Table::stages; ++j) {
          if (Table::error[j] != 0.0) sum = madd(splat(Table::error[j]), k[j][r][v], sum);
        }
        stage[r][v] = b.h[v] * sum;
      }
    }
    error = b.norm(stage, b.y, b.next);
    has_all = Table::all_stages == Table::stages;
  }

  // f at b.next is known already.
  void take_first(Block& b, Mask accepted) { copy_lanes(b.first, k[Table::stages - 1], b.n, accepted); }

  // y(t + theta h)
  void interpolate(Block& b, const Row& theta, Row* out) {
    if (!has_all) {
      stages<Table::stages, Table::all_stages>(b);
      has_all = true;
    }
    Row weight[Table::all_stages];
    for (int v = 0; v < parts; ++v) {
      for (int i = 0; i < Table::all_stages; ++i) {
        Vec w = splat(Table::dense[i][Table::degree - 1]);
        for (int d = Table::degree - 2; d >= 0; --d) w = madd(w, theta[v], splat(Table::dense[i][d]));
        weight[i][v] = w * theta[v];
      }
    }
    for (std::int64_t r = 0; r < b.n; ++r) {
      for (int v = 0; v < parts; ++v) {
        Vec sum{};
        for (int i = 0; i < Table::all_stages; ++i) sum = madd(weight[i][v], k[i][r][v], sum);
        out[r][v] = select(theta[v] >= 1.0, b.next[r][v], madd(b.h[v], sum, b.y[r][v]));
      }
    }
  }

  // Of the problems in which f changes so fast along the step that its stability bounds the step: h |df| / |dy| between
  // the last two stages, both at t + h, beyond 3.25 (Hairer and Wanner, Solving ODEs II, IV.2).
  Mask looks_stiff(const Block& b) const {
    Mask found = 0;
    for (int v = 0; v < parts; ++v) {
      Vec df{}, dy{};
      for (std::int64_t r = 0; r < b.n; ++r) {
        const Vec f = k[Table::stages - 1][r][v] - k[second_last][r][v];
        const Vec y = b.next[r][v] - at_second_last[r][v];
        df = madd(f, f, df), dy = madd(y, y, dy);
      }
      found |= bits(b.h[v] * b.h[v] * df > 3.25 * 3.25 * dy, v);
    }
    return found;
  }
};

}  // namespace ode_lanes

}  // namespace marey::MAREY_LEVEL
