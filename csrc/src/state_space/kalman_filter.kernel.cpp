// kalman_filter: one series per SIMD lane, the state in registers.
//
// Where no matrix, mask or gap differs between series, neither do their covariances: those and the gains are then
// computed once for all, and each series runs its mean alone, by the same operations in the same order.
#include "kalman_forward.hpp"

namespace marey::state_space::MAREY_LEVEL {

namespace {

template <int N>
void filter_block(const KalmanFilter& a, const Block& b, Workspace w) {
  const KalmanProblem& p = a.problem;
  const int n = N ? N : int(p.n_states), width = n + packed_size(n);
  Vec* tile = w.take(int64_t(chunk_steps) * width);
  Observations o(p, w);
  System s(p, b, w);
  Forward<N> f(n, w);
  LogLikelihood loglik;
  s.begin();
  f.begin(p, b, w);
  for (int64_t start = 0; start < p.length; start += chunk_steps) {
    const int count = int(p.length - start < chunk_steps ? p.length - start : chunk_steps);
    o.load(p, b, start, count);
    s.begin_chunk(start, count);
    for (int t = 0; t < count; ++t) {
      f.step(s, o, start, t, loglik);
      f.get(tile + t * width);
    }
    if (a.mean) store_rows(a.mean, a.single, b, n, p.length, start, count, tile, width);
    if (a.cov) store_covs(a.cov, a.single, b, n, p.length, start, count, tile + n, width);
  }
  if (a.loglik) store_values(a.loglik, a.single, b, loglik.value());
}

// The gains of a chunk, the same for every series.
struct Gains {
  int n, m;
  Vec *F, *h, *K, *inverse, *LD;
  bool by_step;

  Gains(const KalmanProblem& p, Workspace& w) : n(int(p.n_states)), m(int(p.n_outputs)), by_step(p.F.step) {
    F = w.take((by_step ? chunk_steps : 1) * n * n);
    h = w.take(int64_t(chunk_steps) * m * n);
    K = w.take(int64_t(chunk_steps) * m * n);
    inverse = w.take(chunk_steps * m);
    LD = w.take(int64_t(chunk_steps) * packed_size(m));
  }
  Vec* transition(int t) const { return F + (by_step ? t * n * n : 0); }
};

template <typename T>
void store_shared_covs(T* cov, int n, int64_t length, int64_t start, int count, const Vec* tile) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      T* row = cov + (i * n + j) * length + start;
      for (int t = 0; t < count; ++t) row[t] = T(tile[t * packed_size(n) + packed(i, j)][0]);
    }
  }
}

constexpr int64_t group = 128;  // blocks that share one pass over the covariances

template <int N>
void filter_group(const KalmanFilter& a, int64_t first, int64_t last, Workspace w) {
  const KalmanProblem& p = a.problem;
  const int n = N ? N : int(p.n_states), m = int(p.n_outputs);
  const int64_t blocks = (last - first + lanes - 1) / lanes;
  Vec* states = w.take((blocks + 1) * n);
  Vec* squares = w.take(blocks + 1);
  Vec *means = w.take(int64_t(chunk_steps) * n), *means2 = w.take(int64_t(chunk_steps) * n);
  Vec* covs = w.take(int64_t(chunk_steps) * packed_size(n));
  Gains g(p, w);
  Observations o(p, w), o2(p, w);
  const Block any(p, first);
  System s(p, any, w);
  Forward<N> f(n, w);
  LogLikelihood loglik;
  Scratch<N, N> x_(w, n), x2_(w, n), before_(w, n), before2_(w, n);
  Vec *x = x_.get(), *x2 = x2_.get(), *before = before_.get(), *before2 = before2_.get();
  s.begin();
  f.begin(p, any, w);
  for (int64_t k = 0; k <= blocks; ++k) {
    load_values(p.x0, Block(p, first + (k < blocks ? k : 0) * lanes), 0, n, states + k * n);
    squares[k] = Vec{};
  }
  for (int64_t start = 0; start < p.length; start += chunk_steps) {
    const int count = int(p.length - start < chunk_steps ? p.length - start : chunk_steps);
    for (int t = 0; t < count; ++t) {
      o.any[t] = true;
      if (start + t > 0 || p.continued) {
        s.transition(start, t);
        predict_cov<N>(n, s.F, s.Q, f.P(), f.A());
      }
      if (g.by_step || start + t == 0) {
        for (int i = 0; i < n * n; ++i) g.transition(t)[i] = s.F[i];
      }
      s.observation(o, start, t);
      for (int i = 0; i < m; ++i) {
        const Vec* h = s.h + i * n;
        const Vec d = s.LD[packed(i, i)];
        const Innovation<Vec> innovation = gain<N>(n, f.P(), h, d, Int{} - 1, f.M(), f.K());
        loglik.add(innovation, Vec{}, Int{} - 1);
        update_cov<N>(n, h, d, f.M(), f.K(), f.P(), f.A());
        g.inverse[t * m + i] = innovation.inverse;
        for (int j = 0; j < n; ++j) {
          g.h[(t * m + i) * n + j] = h[j];
          g.K[(t * m + i) * n + j] = f.K()[j];
        }
      }
      for (int i = 0; i < packed_size(m); ++i) g.LD[t * packed_size(m) + i] = s.LD[i];
      for (int i = 0; i < packed_size(n); ++i) covs[t * packed_size(n) + i] = f.P()[i];
    }
    for (int64_t k = 0; k < blocks; k += 2) {
      // Two blocks at a time: the steps of one wait for each other, those of two do not.
      const Block one(p, first + k * lanes), two(p, first + (k + 1 < blocks ? k + 1 : k) * lanes);
      o.load(p, one, start, count);
      o2.load(p, two, start, count);
      for (int i = 0; i < n; ++i) x[i] = states[k * n + i];
      for (int i = 0; i < n; ++i) x2[i] = states[(k + 1) * n + i];
      Vec sum = squares[k], sum2 = squares[k + 1];
      for (int t = 0; t < count; ++t) {
        if (start + t > 0 || p.continued) {
          predict_mean<N>(n, g.transition(t), x, before);
          predict_mean<N>(n, g.transition(t), x2, before2);
        }
        if (s.correlated) {
          solve(m, 1, g.LD + t * packed_size(m), o.y + t * m);
          solve(m, 1, g.LD + t * packed_size(m), o2.y + t * m);
        }
        for (int i = 0; i < m; ++i) {
          const int at = t * m + i;
          const Vec v = residual<N>(n, o.y[at], g.h + at * n, x), v2 = residual<N>(n, o2.y[at], g.h + at * n, x2);
          sum = fma(v * g.inverse[at], v, sum);
          sum2 = fma(v2 * g.inverse[at], v2, sum2);
          update_mean<N>(n, g.K + at * n, v, x);
          update_mean<N>(n, g.K + at * n, v2, x2);
        }
        for (int i = 0; i < n; ++i) means[t * n + i] = x[i];
        for (int i = 0; i < n; ++i) means2[t * n + i] = x2[i];
      }
      for (int i = 0; i < n; ++i) states[k * n + i] = x[i];
      for (int i = 0; i < n; ++i) states[(k + 1) * n + i] = x2[i];
      squares[k] = sum;
      squares[k + 1] = sum2;
      if (a.mean) {
        store_rows(a.mean, a.single, one, n, p.length, start, count, means, n);
        if (k + 1 < blocks) store_rows(a.mean, a.single, two, n, p.length, start, count, means2, n);
      }
    }
    if (a.cov && first == 0) {
      a.single ? store_shared_covs(static_cast<float*>(a.cov), n, p.length, start, count, covs)
               : store_shared_covs(static_cast<double*>(a.cov), n, p.length, start, count, covs);
    }
  }
  for (int64_t k = 0; k < blocks && a.loglik; ++k) {
    LogLikelihood of_block = loglik;
    of_block.squares = of_block.squares + squares[k];
    store_values(a.loglik, a.single, Block(p, first + k * lanes), of_block.value());
  }
}

template <int N>
void filter(const KalmanFilter& a, int64_t begin, int64_t end, Workspace w) {
  const int64_t first = begin * 8, last = end * 8 < a.problem.n_series ? end * 8 : a.problem.n_series;
  if (covariances_are_shared(a.problem)) {
    for (int64_t s = first; s < last; s += group * lanes) {
      filter_group<N>(a, s, last - s < group * lanes ? last : s + group * lanes, w);
    }
  } else {
    for (int64_t s = first; s < last; s += lanes) filter_block<N>(a, Block(a.problem, s), w);
  }
}

}  // namespace

void kalman_filter_kernel(const KalmanFilter& a, int64_t begin, int64_t end, double* workspace) noexcept {
  MAREY_BY_STATES(a.problem.n_states, filter, a, begin, end, Workspace(workspace))
}

}  // namespace marey::state_space::MAREY_LEVEL
