// Rows of sixteen problems as vectors of this level: parts of a row, bits of a mask, workspace.
#pragma once
#include "marey/core/simd.hpp"
#include "marey/ode/solve.hpp"

namespace marey::MAREY_LEVEL {

namespace ode_lanes {

inline constexpr int parts = ode::block_lanes / lanes;

// One number of each problem.
struct Row {
  Vec part[parts];
  Vec& operator[](int i) { return part[i]; }
  const Vec& operator[](int i) const { return part[i]; }
  double lane(int l) const { return reinterpret_cast<const double*>(part)[l]; }
  void set(int l, double value) { reinterpret_cast<double*>(part)[l] = value; }
  double* data() { return reinterpret_cast<double*>(part); }
  const double* data() const { return reinterpret_cast<const double*>(part); }
};

using Mask = std::uint32_t;  // bit l: problem l

inline Mask bits(Int mask, int part) {
#if defined(__AVX512F__)
  const Mask m = _mm512_movepi64_mask((__m512i)mask);
#elif defined(__AVX2__)
  const Mask m = static_cast<Mask>(_mm256_movemask_pd((__m256d)mask));
#else
  const Mask m = (mask[0] ? 1u : 0u) | (mask[1] ? 2u : 0u);
#endif
  return m << (part * lanes);
}

inline Int lanes_of(Mask mask, int part) {
  Int out{};
  for (int i = 0; i < lanes; ++i) out[i] = -static_cast<std::int64_t>(mask >> (part * lanes + i) & 1u);
  return out;
}

template <typename Each>
inline void each_lane(Mask mask, Each&& each) {
  for (; mask; mask &= mask - 1) each(__builtin_ctz(mask));
}

inline void copy_lanes(Row* to, const Row* from, std::int64_t n, Mask mask) {
  for (int v = 0; v < parts; ++v) {
    const Int chosen = lanes_of(mask, v);
    for (std::int64_t i = 0; i < n; ++i) to[i][v] = select(chosen, from[i][v], to[i][v]);
  }
}

inline Vec maximum(Vec a, Vec b) { return select(a > b, a, b); }
inline Vec absolute(Vec a) { return select(a < 0.0, -a, a); }

// Hands out the workspace in rows.
struct Workspace {
  Row* next;
  Row* take(std::int64_t rows) {
    Row* begin = next;
    next += rows;
    for (std::int64_t i = 0; i < rows; ++i) begin[i] = Row{};
    return begin;
  }
};

// What a stepper sees of the block. `first` is f(t, y).
struct Block {
  const ode::Problems& problems;
  std::int64_t n;
  Row t, h;
  Row *y, *p, *rate, *first, *next, *between;
  bool has_rates;

  Block(const ode::Problems& problems, Workspace& w)
      : problems(problems), n(problems.n_states), has_rates(problems.doses.offsets != nullptr) {
    y = w.take(n), p = w.take(problems.n_params), rate = w.take(n), first = w.take(n), next = w.take(n);
    between = w.take(n);
  }

  void evaluate(const Row& at, const Row* state, Row* out) const {
    problems.f(at.data(), state->data(), p->data(), out->data());
    if (!has_rates) return;
    for (std::int64_t i = 0; i < n; ++i) {
      for (int v = 0; v < parts; ++v) out[i][v] += rate[i][v];
    }
  }

  // Root mean square of `error` by the tolerances.
  Row norm(const Row* error, const Row* before, const Row* after) const {
    Row total{};
    for (std::int64_t i = 0; i < n; ++i) {
      const Vec atol = splat(problems.atol[i]), rtol = splat(problems.rtol);
      for (int v = 0; v < parts; ++v) {
        const Vec size = maximum(absolute(before[i][v]), absolute(after[i][v]));
        const Vec scale = maximum(madd(rtol, size, atol), splat(1e-300));  // a state that stays 0 has no error
        const Vec e = error[i][v] / scale;
        total[v] = madd(e, e, total[v]);
      }
    }
    for (int v = 0; v < parts; ++v) {
      for (int i = 0; i < lanes; ++i) total[v][i] = __builtin_sqrt(total[v][i] / double(n));
    }
    return total;
  }
};

}  // namespace ode_lanes

}  // namespace marey::MAREY_LEVEL
