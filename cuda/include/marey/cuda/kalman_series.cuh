// What the Kalman kernels share: one series and its filter, as a thread holds them.
//
// The arithmetic is the CPU's (kalman_algebra.hpp), in double. Up to 8 states and 8 outputs the sizes of a thread's
// arrays are known at compile time, and the small ones are registers; beyond, N is 0 and they lie in the thread's share
// of the workspace. Matrices that all series and steps share are read once a thread, from cache.
#pragma once
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "marey/cuda/kalman.cuh"

#define MAREY_LEVEL cuda
namespace marey::cuda {

__host__ __device__ inline double select(bool condition, double yes, double no) { return condition ? yes : no; }

}  // namespace marey::cuda
#include "marey/state_space/kalman_models.hpp"
#undef MAREY_LEVEL

namespace marey::cuda::kalman {

namespace algebra = state_space::cuda;
using algebra::packed, algebra::packed_size;
using state_space::KalmanProblem, state_space::Model, state_space::Reals;
using std::int64_t;

inline constexpr int most_states = 8, most_outputs = 8;  // of the sizes known at compile time
inline constexpr int steps = 4;                          // read and written at a time

// A thread's own piece of the workspace, where its arrays lie in that.
struct Share {
  double* next;
  int64_t left;

  MAREY_INLINE double* take(int64_t count) {
    double* const start = next;
    next += count;
    left -= count;
    assert(left >= 0);
    return start;
  }
};
// A bound of what any kernel here takes; nothing where the sizes are known at compile time.
inline int64_t share_size(const KalmanProblem& p) {
  const int64_t sum = p.n_states + p.n_outputs + 4;
  return p.n_states <= most_states && p.n_outputs <= most_outputs ? 0 : 8 * sum * sum;
}

// An array of the size known at compile time, or taken from the share. What is indexed by a variable must not lie in
// one struct with what is to live in registers: the compiler keeps a struct in registers whole or not at all.
template <int N, int size, typename T = double>
struct Local {
  T fixed[N ? size : 1];
  T* memory = nullptr;

  MAREY_INLINE Local(Share& share, int64_t dynamic) {
    if constexpr (N == 0) memory = reinterpret_cast<T*>(share.take(dynamic));
  }
  MAREY_INLINE T* get() { return N ? fixed : memory; }
};

MAREY_INLINE double at(const Reals& from, int64_t offset) {
  return from.single ? double(static_cast<const float*>(from.data)[offset])
                     : static_cast<const double*>(from.data)[offset];
}

MAREY_INLINE void load(const Reals& from, int64_t series, int64_t step, int count, double* to) {
  const int64_t origin = series * from.series + step * from.step;
  MAREY_UNROLL
  for (int k = 0; k < count; ++k) to[k] = at(from, origin + k);
}

// The symmetric part of an n x n matrix, packed.
MAREY_INLINE void load_symmetric(const Reals& from, int64_t series, int64_t step, int n, double* to) {
  const int64_t origin = series * from.series + step * from.step;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j)
      to[packed(i, j)] = 0.5 * at(from, origin + i * n + j) + 0.5 * at(from, origin + j * n + i);
  }
}

// Four values in a row, as one piece where they are aligned.
template <typename T>
struct alignas(4 * sizeof(T)) Piece {
  T value[steps];
};
template <typename T>
MAREY_INLINE bool whole(const T* row, int count) {
  return count == steps && reinterpret_cast<std::uintptr_t>(row) % sizeof(Piece<T>) == 0;
}
template <typename T>
MAREY_INLINE void read(const T* from, int count, double* values) {
  if (whole(from, count)) {
    const Piece<T> piece = *reinterpret_cast<const Piece<T>*>(from);
    for (int t = 0; t < steps; ++t) values[t] = double(piece.value[t]);
  } else {
    for (int t = 0; t < count; ++t) values[t] = double(from[t]);
  }
}
MAREY_INLINE void read(const Reals& from, int64_t offset, int count, double* values) {
  from.single ? read(static_cast<const float*>(from.data) + offset, count, values)
              : read(static_cast<const double*>(from.data) + offset, count, values);
}
template <typename T, typename V>
MAREY_INLINE void write(T* to, const V* values, int count) {
  if (whole(to, count)) {
    Piece<T> piece;
    for (int t = 0; t < steps; ++t) piece.value[t] = T(values[t]);
    *reinterpret_cast<Piece<T>*>(to) = piece;
  } else {
    for (int t = 0; t < count; ++t) to[t] = T(values[t]);
  }
}
MAREY_INLINE void write(void* to, bool single, int64_t offset, const double* values, int count) {
  single ? write(static_cast<float*>(to) + offset, values, count)
         : write(static_cast<double*>(to) + offset, values, count);
}

// The observations of one step and their matrices, decorrelated; M outputs, 0 for any number.
template <int N, int M>
struct Observations {
  static constexpr int most = M ? M : most_outputs;
  const KalmanProblem& p;
  int64_t series = 0;
  Local<N, most * N> h_;            // L^-1 H
  Local<N, packed_size(most)> LD_;  // R = L D L^T
  Local<N, most> y_;                // L^-1 y
  bool loaded = false, correlated = false;

  MAREY_INLINE Observations(const KalmanProblem& problem, Share& share)
      : p(problem), h_(share, p.n_outputs * n()), LD_(share, packed_size(m())), y_(share, m()) {}

  // Functions, not members: the compiler knows their values before it decides where arrays live.
  MAREY_INLINE int n() const { return N ? N : int(p.n_states); }
  MAREY_INLINE int m() const { return M ? M : int(p.n_outputs); }

  MAREY_INLINE double* h(int i) { return h_.get() + i * n(); }
  MAREY_INLINE double* LD() { return LD_.get(); }
  MAREY_INLINE double d(int i) { return LD()[packed(i, i)]; }
  MAREY_INLINE double* y() { return y_.get(); }

  MAREY_INLINE void begin(int64_t of_series) {
    series = of_series;
    loaded = correlated = false;
  }

  MAREY_INLINE bool seen(int k, int64_t step) const {
    return p.mask == nullptr || p.mask[(p.mask_per_output ? series * m() + k : series) * p.length + step] != 0;
  }
  MAREY_INLINE bool any_seen(int64_t step) const {
    bool any = seen(0, step);
    for (int k = 1; k < m() && p.mask_per_output; ++k) any |= seen(k, step);
    return any;
  }

  // y of `count` steps from `start` on, [output][step].
  MAREY_INLINE void read_window(int64_t start, int count, double* window) const {
    for (int k = 0; k < m(); ++k) read(p.y, series * p.y.series + k * p.length + start, count, window + k * steps);
  }

  // Whether step `start + t` of the window has observations; if so, they and the matrices are made ready.
  MAREY_INLINE bool look(int64_t start, int t, const double* window) {
    if (!any_seen(start + t)) return false;
    for (int k = 0; k < m(); ++k) y()[k] = seen(k, start + t) ? window[k * steps + t] : 0.0;
    load_matrices(start + t);
    if (correlated) algebra::solve(m(), 1, LD(), y());
    return true;
  }

  // h, L and D of `step`; what is not seen there is as if its noise were its own, of variance 1.
  MAREY_INLINE void load_matrices(int64_t step) {
    const bool holes = p.mask != nullptr && m() > 1;
    if (loaded && !p.H.step && !p.R.step && !(holes && correlated)) return;
    loaded = true;
    load(p.H, series, step, m() * n(), h(0));
    load_symmetric(p.R, series, step, m(), LD());
    correlated = false;
    for (int i = 0; i < m(); ++i) {
      for (int j = 0; j < i; ++j) correlated |= LD()[packed(i, j)] != 0.0;
    }
    if (!correlated) return;
    for (int i = 0; i < m() && holes; ++i) {
      for (int j = 0; j <= i; ++j) {
        if (!seen(i, step) || !seen(j, step)) LD()[packed(i, j)] = double(i == j);
      }
    }
    algebra::factor(m(), LD(), LD());
    algebra::solve(m(), n(), LD(), h(0));
  }
};

// log N(y_1 .. y_k), gathered as a product of variances, its exponent apart, and a sum of squares: one log at the end.
struct LogLikelihood {
  double squares = 0.0, product = 1.0, seen = 0.0;
  int64_t exponent = 0;

  MAREY_INLINE void add(algebra::Innovation<double> s, double v, bool observed) {
    squares = fma(v * s.inverse, v, squares);
    int taken = 0;
    product = frexp(product * s.variance, &taken);
    exponent += taken;
    seen += observed ? 1.0 : 0.0;
  }
  MAREY_INLINE double value() const {
    const double logs = fma(double(exponent), 0.6931471805599453, log(product));
    return -0.5 * (fma(seen, 1.8378770664093453, logs) + squares);
  }
};

// The filter's own recursion over one series, as the filter, the smoother and the adjoint run it.
template <int N, int M>
struct Forward {
  const KalmanProblem& p;
  Observations<N, M>& o;
  int64_t series = 0;
  Local<N, N> x_, M_, K_;
  Local<N, packed_size(N)> P_, Q_;
  Local<N, N * N> F_;
  Local<N, N * N + N> A_;
  double last_gap = NAN;
  bool loaded = false;
  LogLikelihood loglik;

  MAREY_INLINE Forward(Observations<N, M>& observations, Share& share)
      : p(observations.p),
        o(observations),
        x_(share, n()),
        M_(share, n()),
        K_(share, n()),
        P_(share, packed_size(n())),
        Q_(share, packed_size(n())),
        F_(share, n() * n()),
        A_(share, n() * n() + n()) {}

  MAREY_INLINE int n() const { return N ? N : int(p.n_states); }
  MAREY_INLINE int width() const { return n() + packed_size(n()); }  // a state and its packed covariance
  MAREY_INLINE double* x() { return x_.get(); }
  MAREY_INLINE double* Mh() { return M_.get(); }
  MAREY_INLINE double* K() { return K_.get(); }
  MAREY_INLINE double* P() { return P_.get(); }
  MAREY_INLINE double* Q() { return Q_.get(); }
  MAREY_INLINE double* F() { return F_.get(); }
  MAREY_INLINE double* A() { return A_.get(); }

  MAREY_INLINE void begin(int64_t of_series) {
    series = of_series;
    o.begin(series);
    load(p.x0, series, 0, n(), x());
    load_symmetric(p.P0, series, 0, n(), P());
    last_gap = NAN;
    loaded = false;
    loglik = {};
  }

  MAREY_INLINE bool leads_to(int64_t step) const { return step > 0 || p.continued; }
  // F and Q of the way to `step`.
  MAREY_INLINE void transition(int64_t step) {
    if (p.model != Model::given) {
      double gap = at(p.dt, series * p.dt.series + step);
      if (gap == last_gap) return;
      last_gap = gap;
      gap = gap >= 0.0 ? gap : double(NAN);
      const int64_t parameters = series * p.parameters.series;
      algebra::evaluate(p.model, at(p.parameters, parameters), at(p.parameters, parameters + 1), gap, F(), Q());
      return;
    }
    if (!loaded || p.F.step) load(p.F, series, step, n() * n(), F());
    if (!loaded || p.Q.step) load_symmetric(p.Q, series, step, n(), Q());
    loaded = true;
  }

  MAREY_INLINE void predict(int64_t step) {
    if (!leads_to(step)) return;
    transition(step);
    algebra::predict_mean<N>(n(), F(), x(), A());
    algebra::predict_cov<N>(n(), F(), Q(), P(), A());
  }

  // Scalar observation i of a step looked at: its innovation, and v.
  MAREY_INLINE algebra::Innovation<double> observe(int64_t step, int i, double& v) {
    const double* const h = o.h(i);
    const bool seen = o.seen(i, step);
    const auto innovation = algebra::gain<N>(n(), P(), h, o.d(i), seen, Mh(), K());
    v = seen ? algebra::residual<N>(n(), o.y()[i], h, x()) : 0.0;
    loglik.add(innovation, v, seen);
    return innovation;
  }
  MAREY_INLINE void update(int i, double v) {
    algebra::update_mean<N>(n(), K(), v, x());
    algebra::update_cov<N>(n(), o.h(i), o.d(i), Mh(), K(), P(), A());
  }

  MAREY_INLINE void step(int64_t start, int t, const double* window) {
    predict(start + t);
    if (!o.look(start, t, window)) return;
    for (int i = 0; i < o.m(); ++i) {
      double v;
      observe(start + t, i, v);
      update(i, v);
    }
  }
};

// Calls f.operator()<N, M>() for the problem's sizes: <0, 0> beyond those known at compile time.
template <int N = most_states, typename F>
cudaError_t by_size(const KalmanProblem& p, F f) {
  if (p.n_states > most_states || p.n_outputs > most_outputs) return f.template operator()<0, 0>();
  if constexpr (N == 0) {
    return cudaErrorInvalidValue;
  } else {
    if (p.n_states != N) return by_size<N - 1>(p, f);
    return p.n_outputs == 1 ? f.template operator()<N, 1>() : f.template operator()<N, 0>();
  }
}

}  // namespace marey::cuda::kalman
