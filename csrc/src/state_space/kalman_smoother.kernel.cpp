// kalman_smoother: forward once for a state per chunk, then back, each chunk filtered anew from its state.
//
// The backward pass carries r and S of the disturbance smoother instead of the smoothed state itself: no covariance is
// inverted, singular ones included. Memory: one state a chunk, one chunk of steps.
#include "kalman_forward.hpp"

namespace marey::state_space::MAREY_LEVEL {

namespace {

template <int N>
void smooth_block(const KalmanSmoother& a, const Block& b, Workspace w) {
  const KalmanProblem& p = a.problem;
  const int n = N ? N : int(p.n_states), m = int(p.n_outputs), width = n + packed_size(n);
  const int64_t chunks = (p.length + chunk_steps - 1) / chunk_steps;
  Vec* starts = w.take((chunks + 1) * width);
  Vec* tile = w.take(int64_t(chunk_steps) * width);
  Vec* gains = w.take(int64_t(chunk_steps) * m * (n + 2));  // K, 1 / s, v of each scalar observed
  Observations o(p, w);
  System s(p, b, w);
  Forward<N> f(n, w);
  Scratch<N, N> r_(w, n);
  Scratch<N, N*(N + 1) / 2> S_(w, packed_size(n));
  Vec *r = r_.get(), *S = S_.get();
  LogLikelihood loglik, again;
  s.begin();
  f.begin(p, b, w);
  const auto count_of = [&](int64_t start) {
    return int(p.length - start < chunk_steps ? p.length - start : chunk_steps);
  };

  for (int64_t c = 0; c < chunks; ++c) {
    const int64_t start = c * chunk_steps;
    f.get(starts + c * width);
    o.load(p, b, start, count_of(start));
    s.begin_chunk(start, count_of(start));
    for (int t = 0; t < count_of(start); ++t) f.step(s, o, start, t, loglik);
  }
  const Vec value = loglik.value();
  if (a.loglik) store_values(a.loglik, a.single, b, value);

  const Vec origin = select(value == value, Vec{}, value);  // NaN where the filter failed: so is the whole series
  for (int i = 0; i < n; ++i) r[i] = origin;
  for (int i = 0; i < packed_size(n); ++i) S[i] = origin;
  for (int64_t c = chunks - 1; c >= 0; --c) {
    const int64_t start = c * chunk_steps;
    const int count = count_of(start);
    f.set(starts + c * width);
    o.load(p, b, start, count);
    s.begin_chunk(start, count);
    for (int t = 0; t < count; ++t) {
      f.predict(s, start, t);
      if (o.any[t]) {
        s.observation(o, start, t);
        s.decorrelate(o.y + t * m);
        for (int i = 0; i < m; ++i) {
          Innovation<Vec> innovation;
          const Vec v = f.observe(s, o, t, i, again, innovation);
          Vec* of_observation = gains + (t * m + i) * (n + 2);
          for (int j = 0; j < n; ++j) of_observation[j] = f.K()[j];
          of_observation[n] = innovation.inverse;
          of_observation[n + 1] = v;
          f.update(s, i, v);
        }
      }
      f.get(tile + t * width);
    }
    for (int t = count - 1; t >= 0; --t) {
      Vec* state = tile + t * width;
      f.set(state);
      smoothed<N>(n, f.x(), f.P(), r, S, state, state + n, f.A());
      if (o.any[t]) {
        s.observation(o, start, t);
        for (int i = m - 1; i >= 0; --i) {
          const Vec* g = gains + (t * m + i) * (n + 2);
          smooth_back<N>(n, s.h + i * n, g, g[n], g[n + 1], r, S, f.M());
        }
      }
      if (start + t > 0 || p.continued) {
        s.transition(start, t);
        predict_mean<N, true>(n, s.F, r, f.A());
        predict_cov<N, true>(n, s.F, S, S, f.A());
      }
    }
    if (a.mean) store_rows(a.mean, a.single, b, n, p.length, start, count, tile, width);
    if (a.cov) store_covs(a.cov, a.single, b, n, p.length, start, count, tile + n, width);
  }
}

template <int N>
void smooth(const KalmanSmoother& a, int64_t begin, int64_t end, Workspace w) {
  const int64_t last = end * 8 < a.problem.n_series ? end * 8 : a.problem.n_series;
  for (int64_t s = begin * 8; s < last; s += lanes) smooth_block<N>(a, Block(a.problem, s), w);
}

}  // namespace

void kalman_smoother_kernel(const KalmanSmoother& a, int64_t begin, int64_t end, double* workspace) noexcept {
  MAREY_BY_STATES(a.problem.n_states, smooth, a, begin, end, Workspace(workspace))
}

}  // namespace marey::state_space::MAREY_LEVEL
