// The filter's own recursion over one block of series, as the filter, the smoother and the adjoint run it.
#pragma once
#include "kalman_lanes.hpp"

namespace marey::state_space::MAREY_LEVEL {

template <int N>
struct Forward {
  int n;
  Scratch<N, N> x_, M_, K_;
  Scratch<N, N*(N + 1) / 2> P_;
  Scratch<N, N * N + N> A_;

  Forward(int size, Workspace& w)
      : n(N ? N : size), x_(w, n), M_(w, n), K_(w, n), P_(w, packed_size(n)), A_(w, n * n + n) {}

  MAREY_INLINE Vec* x() { return x_.get(); }
  MAREY_INLINE Vec* P() { return P_.get(); }
  MAREY_INLINE Vec* M() { return M_.get(); }
  MAREY_INLINE Vec* K() { return K_.get(); }
  MAREY_INLINE Vec* A() { return A_.get(); }

  MAREY_INLINE void begin(const KalmanProblem& p, const Block& b, Workspace w) {
    Vec* given = w.take(n + packed_size(n));
    load_values(p.x0, b, 0, n, given);
    load_symmetric(p.P0, b, 0, n, given + n);
    set(given);
  }
  // State and covariance one after the other in memory, as the chunks hold them.
  MAREY_INLINE void set(const Vec* from) {
    const int size = packed_size(n);
    MAREY_UNROLL
    for (int i = 0; i < n; ++i) x()[i] = from[i];
    MAREY_UNROLL
    for (int i = 0; i < size; ++i) P()[i] = from[n + i];
  }
  MAREY_INLINE void get(Vec* to) {
    const int size = packed_size(n);
    MAREY_UNROLL
    for (int i = 0; i < n; ++i) to[i] = x()[i];
    MAREY_UNROLL
    for (int i = 0; i < size; ++i) to[n + i] = P()[i];
  }

  MAREY_INLINE void predict(System& s, int64_t start, int t) {
    if (start + t == 0 && !s.p.continued) return;
    s.transition(start, t);
    predict_mean<N>(n, s.F, x(), A());
    predict_cov<N>(n, s.F, s.Q, P(), A());
  }

  // Takes in scalar observation i of step t; y decorrelated. Returns its innovation.
  MAREY_INLINE Vec observe(const System& s, const Observations& o, int t, int i, LogLikelihood& loglik,
                           Innovation<Vec>& innovation) {
    const Vec* h = s.h + i * n;
    const Vec d = s.LD[packed(i, i)];
    const Int seen = o.at(t * s.m + i);
    innovation = gain<N>(n, P(), h, d, seen, M(), K());
    const Vec v = select(seen, residual<N>(n, o.y[t * s.m + i], h, x()), Vec{});
    loglik.add(innovation, v, seen);
    return v;
  }
  MAREY_INLINE void update(const System& s, int i, Vec v) {
    update_mean<N>(n, K(), v, x());
    update_cov<N>(n, s.h + i * n, s.LD[packed(i, i)], M(), K(), P(), A());
  }

  MAREY_INLINE void step(System& s, Observations& o, int64_t start, int t, LogLikelihood& loglik) {
    predict(s, start, t);
    if (!o.any[t]) return;
    s.observation(o, start, t);
    s.decorrelate(o.y + t * s.m);
    for (int i = 0; i < s.m; ++i) {
      Innovation<Vec> innovation;
      const Vec v = observe(s, o, t, i, loglik, innovation);
      update(s, i, v);
    }
  }
};

// Calls kernel<N>() for the number of states, N = 0 beyond those that have a kernel of their own.
#define MAREY_BY_STATES(n, kernel, ...)     \
  switch (n) {                              \
    case 1: return kernel<1>(__VA_ARGS__);  \
    case 2: return kernel<2>(__VA_ARGS__);  \
    case 3: return kernel<3>(__VA_ARGS__);  \
    case 4: return kernel<4>(__VA_ARGS__);  \
    default: return kernel<0>(__VA_ARGS__); \
  }

}  // namespace marey::state_space::MAREY_LEVEL
