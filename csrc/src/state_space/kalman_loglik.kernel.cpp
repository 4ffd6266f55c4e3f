// The adjoint of the filter: gradients of its log-likelihood, means and covariances, by one sweep back in time.
//
// Forward once for a state per chunk, then back, each chunk filtered anew from its state: memory O(n^2 T / 64) beside
// one chunk. The gain is differentiated through P - M M^T / s, which Joseph's form equals.
#include "kalman_forward.hpp"

namespace marey::state_space::MAREY_LEVEL {

namespace {

// Gradients of a block that lie as [series][size], or [series][step][size] where they vary by step.
void store_gradient(double* to, const Block& b, int64_t steps, int64_t step, int size, const Vec* values) {
  for (int l = 0; l < b.count; ++l) {
    double* out = to + (b.series[l] * steps + step) * size;
    for (int k = 0; k < size; ++k) out[k] = values[k][l];
  }
}

void store_symmetric_gradient(double* to, const Block& b, int64_t steps, int64_t step, int n, const Vec* values) {
  for (int l = 0; l < b.count; ++l) {
    double* out = to + (b.series[l] * steps + step) * n * n;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) out[i * n + j] = values[packed(i, j)][l];
    }
  }
}

void clear(Vec* values, int count) {
  for (int i = 0; i < count; ++i) values[i] = Vec{};
}

// What comes in at a step where the series has failed: zero stays zero, anything else has no answer.
Vec incoming(Vec gradient, Int alive) {
  const Vec nan = splat(std::numeric_limits<double>::quiet_NaN());
  return select(alive, gradient, select(gradient == 0.0, Vec{}, nan));
}

// Before one scalar observation: x, P, M, K, 1 / s, v, all zero where the series fails or has failed.
struct Record {
  int n, size;
  Vec* memory;

  Record(int states, int64_t count, Workspace& w)
      : n(states), size(3 * n + packed_size(n) + 2), memory(w.take(count * size)) {}
  Vec* at(int64_t i) const { return memory + i * size; }

  template <int N>
  MAREY_INLINE void keep(int64_t i, const Vec* before, Forward<N>& f, Vec inverse, Vec v) const {
    Vec* out = at(i);
    const Vec all = v * inverse + before[0];
    const Int alive = all == all;
    const int state = n + packed_size(n);
    for (int k = 0; k < state; ++k) out[k] = select(alive, before[k], Vec{});
    for (int k = 0; k < n; ++k) {
      out[state + k] = select(alive, f.M()[k], Vec{});
      out[state + n + k] = select(alive, f.K()[k], Vec{});
    }
    out[state + 2 * n] = select(alive, inverse, Vec{});
    out[state + 2 * n + 1] = select(alive, v, Vec{});
  }
};

// In lanes that have failed, whatever the arithmetic made of NaN becomes `trouble`: zero, or NaN where a gradient came
// in.
void repair(Vec* values, int count, Int alive, Vec trouble) {
  for (int i = 0; i < count; ++i) values[i] = select(alive, values[i], trouble);
}

template <int N>
void adjoint_block(const KalmanAdjoint& a, const Block& b, Workspace w) {
  const KalmanProblem& p = a.problem;
  const int n = N ? N : int(p.n_states), m = int(p.n_outputs), width = n + packed_size(n), row = n + 1;
  const int64_t span = kalman_span(p);
  const int64_t chunks = (p.length + span - 1) / span;
  Vec* starts = w.take((chunks + 1) * width);
  Vec* states = w.take((span + 1) * width);  // before each step, and after the last
  Vec* means = a.mean.data ? w.take(span * n) : nullptr;
  const bool covs_of_first = a.cov.series == 0;
  const bool has_covs = a.cov.data && (!covs_of_first || b.series[0] == 0);
  Vec* covs = has_covs ? w.take(span * n * n) : nullptr;
  Vec* gy = w.take(span * m);
  Vec *gF = w.take(n * n), *gQ = w.take(packed_size(n)), *gH = w.take(m * n), *gR = w.take(m * m);
  Vec *A = w.take(m * row), *gA = w.take(m * row), *gd = w.take(m), *gR_step = w.take(m * m), *X = w.take(m * m);
  Vec *before = w.take(width), *kept = w.take(n * n);
  const Record records(n, span * m, w);
  Observations o(p, w, span);
  System s(p, b, w);
  Forward<N> f(n, w);
  Scratch<N, N> gx_(w, n);
  Scratch<N, N*(N + 1) / 2> G_(w, packed_size(n));
  Vec *gx = gx_.get(), *G = G_.get();
  LogLikelihood loglik, again;
  s.begin();
  f.begin(p, b, w);
  const auto count_of = [&](int64_t start) { return int(p.length - start < span ? p.length - start : span); };

  for (int64_t c = 0; c < chunks; ++c) {
    const int64_t start = c * span;
    f.get(starts + c * width);
    if (c == chunks - 1 && chunks == 1) break;
    o.load(p, b, start, count_of(start));
    s.begin_chunk(start, count_of(start));
    for (int t = 0; t < count_of(start); ++t) f.step(s, o, start, t, loglik);
  }

  Vec gl{}, trouble{};
  bool failure_known = false;
  if (a.loglik.data) load_values(a.loglik, b, 0, 1, &gl);
  clear(gF, n * n), clear(gQ, packed_size(n)), clear(gH, m * n), clear(gR, m * m);
  clear(gx, n), clear(G, packed_size(n));
  for (int64_t c = chunks - 1; c >= 0; --c) {
    const int64_t start = c * span;
    const int count = count_of(start);
    f.set(starts + c * width);
    o.load(p, b, start, count);
    s.begin_chunk(start, count);
    if (means) load_rows(a.mean, b, n, p.length, start, count, means);
    if (covs) load_rows(a.cov, b, n * n, p.length, start, count, covs);
    for (int i = 0; covs && covs_of_first && i < count * n * n; ++i) {
      const double only = covs[i][0];
      covs[i] = Vec{};
      covs[i][0] = only;
    }
    for (int t = 0; t < count; ++t) {
      f.get(states + t * width);
      f.predict(s, start, t);
      if (!o.any[t]) continue;
      s.observation(o, start, t);
      s.decorrelate(o.y + t * m);
      for (int i = 0; i < m; ++i) {
        f.get(before);
        Innovation<Vec> innovation;
        const Vec v = f.observe(s, o, t, i, again, innovation);
        records.keep(t * m + i, before, f, innovation.inverse, v);
        f.update(s, i, v);
      }
    }
    f.get(states + count * width);
    if (!failure_known) {
      gl = incoming(gl, f.x()[0] == f.x()[0]);
      trouble = gl * 0.0;
      failure_known = true;
    }

    Int was_alive = f.x()[0] == f.x()[0];  // before the step that follows; below, after the step at hand
    for (int t = count - 1; t >= 0; --t) {
      const Int alive = was_alive;
      Vec* x = states + t * width;
      was_alive = x[0] == x[0];
      for (int i = 0; means && i < n; ++i) gx[i] += incoming(means[t * n + i], alive);
      for (int i = 0; covs && i < n; ++i) {
        for (int j = 0; j <= i; ++j) {
          const Vec both = covs[(t * n + i) * n + j] + covs[(t * n + j) * n + i];
          G[packed(i, j)] += incoming(0.5 * both, alive);
        }
      }
      bool some_failed = false;
      for (int l = 0; l < lanes; ++l) some_failed |= !alive[l];
      for (int i = 0; some_failed && i < n; ++i) trouble = select(alive, trouble, trouble + gx[i] * 0.0);
      for (int i = 0; some_failed && i < packed_size(n); ++i) trouble = select(alive, trouble, trouble + G[i] * 0.0);
      for (int i = 0; i < m; ++i) gy[t * m + i] = Vec{};
      if (p.H.step) clear(gH, m * n);
      if (p.R.step) clear(gR, m * m);
      if (o.any[t]) {
        s.observation(o, start, t);
        clear(gA, m * row);
        for (int i = m - 1; i >= 0; --i) {
          const Vec *r = records.at(t * m + i), *M = r + width, *K = M + n;
          const ObservationAdjoint<Vec> g =
              observe_adjoint<N>(n, s.h + i * n, M, K, K[n], K[n + 1], r, r + n, gl, gx, G, gA + i * row, f.A());
          gA[i * row + n] = g.y;
          gd[i] = g.d;
        }
        if (m == 1) {
          gR_step[0] = gd[0];
        } else {
          for (int i = 0; i < m; ++i) {
            const Int seen = o.at(t * m + i);
            for (int j = 0; j < n; ++j) A[i * row + j] = select(seen, s.h[i * n + j], Vec{});
            A[i * row + n] = select(seen, o.y[t * m + i], Vec{});
          }
          decorrelate_adjoint(m, n, s.LD, A, gd, gA, gR_step, X);
        }
        if (some_failed) {
          repair(gA, m * row, alive, trouble), repair(gR_step, m * m, alive, trouble);
          repair(gx, n, alive, trouble), repair(G, packed_size(n), alive, trouble);
        }
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < n; ++j) gH[i * n + j] += gA[i * row + j];
          gy[t * m + i] = select(o.at(t * m + i), gA[i * row + n], Vec{});
        }
        for (int i = 0; i < m * m; ++i) gR[i] += gR_step[i];
      }
      if (p.F.step) clear(gF, n * n);
      if (p.Q.step) clear(gQ, packed_size(n));
      if (start + t > 0 || p.continued) {
        s.transition(start, t);
        for (int i = 0; i < width; ++i) x[i] = select(was_alive, x[i], Vec{});
        for (int i = 0; i < packed_size(n); ++i) gQ[i] += G[i];
        for (int i = 0; some_failed && i < n * n; ++i) kept[i] = gF[i] + trouble;
        predict_adjoint<N>(n, s.F, x, x + n, gx, G, gF, f.A());
        if (some_failed) {
          for (int i = 0; i < n * n; ++i) gF[i] = select(alive, gF[i], kept[i]);
          repair(gx, n, alive, trouble), repair(G, packed_size(n), alive, trouble);
        }
      }
      if (p.F.step) store_gradient(a.F, b, p.length, start + t, n * n, gF);
      if (p.Q.step) store_symmetric_gradient(a.Q, b, p.length, start + t, n, gQ);
      if (p.H.step) store_gradient(a.H, b, p.length, start + t, m * n, gH);
      if (p.R.step) store_gradient(a.R, b, p.length, start + t, m * m, gR);
    }
    if (a.y) store_rows(a.y, a.single, b, m, p.length, start, count, gy, m);
  }
  if (!p.F.step) store_gradient(a.F, b, 1, 0, n * n, gF);
  if (!p.Q.step) store_symmetric_gradient(a.Q, b, 1, 0, n, gQ);
  if (!p.H.step) store_gradient(a.H, b, 1, 0, m * n, gH);
  if (!p.R.step) store_gradient(a.R, b, 1, 0, m * m, gR);
  store_gradient(a.x0, b, 1, 0, n, gx);
  store_symmetric_gradient(a.P0, b, 1, 0, n, G);
}

template <int N>
void adjoint(const KalmanAdjoint& a, int64_t begin, int64_t end, Workspace w) {
  const int64_t last = end * 8 < a.problem.n_series ? end * 8 : a.problem.n_series;
  for (int64_t s = begin * 8; s < last; s += lanes) adjoint_block<N>(a, Block(a.problem, s), w);
}

}  // namespace

void kalman_loglik_backward_kernel(const KalmanAdjoint& a, int64_t begin, int64_t end, double* workspace) noexcept {
  MAREY_BY_STATES(a.problem.n_states, adjoint, a, begin, end, Workspace(workspace))
}

}  // namespace marey::state_space::MAREY_LEVEL
