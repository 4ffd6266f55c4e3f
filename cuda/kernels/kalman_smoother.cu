// kalman_smoother: forward for a state per span, then back, each span filtered anew from its state.
//
// One series a thread, as csrc/src/state_space/kalman_smoother.kernel.cpp has them in lanes: back go r and S of the
// disturbance smoother, so that no covariance is inverted. kalman_sweep.cuh for how it goes back. Bytes a series and
// step at 2 states and 1 output: 9 doubles kept and read again, y read twice, means (and covariances, if wanted)
// written once.
#include "marey/cuda/kalman_sweep.cuh"

namespace marey::cuda {

namespace {

using namespace kalman;
using state_space::KalmanSmoother;

// Doubles kept of a step: the state after it, then of each scalar observation K, 1 / s and v.
inline int64_t kept_of_smoothing(const KalmanProblem& p) {
  return p.n_states + packed_size(int(p.n_states)) + p.n_outputs * (p.n_states + 2);
}

Sweep smoother_sweep(const KalmanProblem& p) { return Sweep(p, kept_of_smoothing(p), 0); }

template <int N, int M, typename T>
__global__ void __launch_bounds__(threads_of_sweep) smooth(KalmanSmoother a, Sweep sweep, double* workspace) {
  const KalmanProblem& p = a.problem;
  const int64_t thread = int64_t(blockIdx.x) * threads_of_sweep + threadIdx.x;
  Share share{workspace + sweep.slots * sweep.shelf + thread * sweep.share, sweep.share};
  Observations<N, M> o(p, share);
  Forward<N, M> f(o, share);
  const int n = f.n(), m = o.m(), size = packed_size(n), width = f.width(), record = n + 2;
  Local<N, N> r_(share, n), mean_(share, n);
  Local<N, packed_size(N)> S_(share, size), cov_(share, size);
  Local<N, o.most * steps> window_(share, int64_t(m) * steps);
  Local<N, N * steps, T> means_(share, int64_t(n) * steps);
  Local<N, packed_size(N) * steps, T> covs_(share, int64_t(size) * steps);
  double *const r = r_.get(), *const S = S_.get(), *const window = window_.get();
  T *const means = means_.get(), *const covs = covs_.get();

  const Shelf starts{workspace + thread, sweep.slots};
  const Shelf states = starts.from(sweep.spans * width), records = states.from(sweep.span * width);

  for (int64_t s = thread; s < p.n_series; s += sweep.slots) {
    f.begin(s);
    run_ahead(f, sweep, starts, window);
    for (int64_t c = sweep.spans - 1; c >= 0; --c) {
      const int64_t first = c * sweep.span;
      const int count = sweep.count(c, p.length);
      take(f, starts.from(c * width));
      for (int w = 0; w < count; w += steps) {
        const int some = count - w < steps ? count - w : steps;
        o.read_window(first + w, some, window);
        for (int t = 0; t < some; ++t) {
          f.predict(first + w + t);
          if (o.look(first + w, t, window)) {
            for (int i = 0; i < m; ++i) {
              const Shelf kept = records.from(int64_t((w + t) * m + i) * record);
              double v;
              kept[n] = f.observe(first + w + t, i, v).inverse;
              kept[n + 1] = v;
              kept.put(n, f.K());
              f.update(i, v);
            }
          }
          keep(f, states.from((w + t) * width));
        }
      }
      if (c == sweep.spans - 1) {
        const double loglik = f.loglik.value();
        if (a.loglik) static_cast<T*>(a.loglik)[s] = T(loglik);
        const double origin = loglik == loglik ? 0.0 : loglik;  // NaN where the filter failed: so is the whole series
        for (int i = 0; i < n; ++i) r[i] = origin;
        for (int i = 0; i < size; ++i) S[i] = origin;
      }

      for (int w = (count - 1) / steps * steps; w >= 0; w -= steps) {
        const int some = count - w < steps ? count - w : steps;
        for (int t = some - 1; t >= 0; --t) {
          const int64_t step = first + w + t;
          take(f, states.from((w + t) * width));
          algebra::smoothed<N>(n, f.x(), f.P(), r, S, mean_.get(), cov_.get(), f.A());
          for (int i = 0; i < n; ++i) means[i * steps + t] = T(mean_.get()[i]);
          for (int i = 0; i < size; ++i) covs[i * steps + t] = T(cov_.get()[i]);
          if (o.any_seen(step)) {
            o.load_matrices(step);
            for (int i = m - 1; i >= 0; --i) {
              const Shelf kept = records.from(int64_t((w + t) * m + i) * record);
              kept.get(n, f.K());
              algebra::smooth_back<N>(n, o.h(i), f.K(), kept[n], kept[n + 1], r, S, f.Mh());
            }
          }
          if (f.leads_to(step)) {
            f.transition(step);
            algebra::predict_mean<N, true>(n, f.F(), r, f.A());
            algebra::predict_cov<N, true>(n, f.F(), S, S, f.A());
          }
        }
        const int64_t start = first + w;
        if (a.mean) {
          T* const to = static_cast<T*>(a.mean) + s * n * p.length + start;
          for (int i = 0; i < n; ++i) write(to + i * p.length, means + i * steps, some);
        }
        if (a.cov) {
          T* const to = static_cast<T*>(a.cov) + s * n * n * p.length + start;
          for (int i = 0; i < n; ++i) {
            for (int j = 0; j < n; ++j) write(to + (i * n + j) * p.length, covs + packed(i, j) * steps, some);
          }
        }
      }
    }
    if (sweep.spans == 0 && a.loglik) static_cast<T*>(a.loglik)[s] = T(f.loglik.value());
  }
}

template <typename T>
cudaError_t run(const KalmanSmoother& a, double* workspace, cudaStream_t stream) {
  const Sweep sweep = smoother_sweep(a.problem);
  const cudaLaunchConfig_t config = configuration(sweep, stream);
  return by_size(a.problem, [&]<int N, int M>() {
    return cudaLaunchKernelEx(&config, smooth<N, M, T>, KalmanSmoother(a), Sweep(sweep),
                              static_cast<double*>(workspace));
  });
}

}  // namespace

std::size_t kalman_smoother_workspace(const KalmanProblem& p) noexcept { return smoother_sweep(p).bytes(); }

cudaError_t kalman_smoother(const KalmanSmoother& a, void* workspace, cudaStream_t stream) noexcept {
  if (a.problem.n_series == 0) return cudaSuccess;
  double* const memory = static_cast<double*>(workspace);
  return a.single ? run<float>(a, memory, stream) : run<double>(a, memory, stream);
}

}  // namespace marey::cuda
