// The adjoint of the filter: gradients of its log-likelihood, means and covariances, by one sweep back in time.
//
// One series a thread, as csrc/src/state_space/kalman_loglik.kernel.cpp has them in lanes; kalman_sweep.cuh for how it
// goes back. The gradient of a matrix that series share is gathered by each thread over its series, and summed over
// threads by a second kernel in an order that depends on the problem alone: no atomics, the same bits in every run.
// Bytes a series and step at 2 states and 1 output: 24 doubles kept and read again, y read twice, its gradient written.
#include "marey/cuda/kalman_sweep.cuh"

namespace marey::cuda {

namespace {

using namespace kalman;

// Gradients of one argument: of each series to its own place, or, of what series share, added to what the thread
// gathers.
struct Outlet {
  Reals argument;
  void* to;
  Shelf gathered;

  MAREY_INLINE void add(int64_t series, int64_t offset, double value) const {
    if (!argument.series) {
      gathered[offset] += value;
    } else if (argument.single) {
      static_cast<float*>(to)[series * argument.series + offset] = float(value);
    } else {
      static_cast<double*>(to)[series * argument.series + offset] = value;
    }
  }
  MAREY_INLINE void put(int64_t series, int64_t step, int size, const double* values) const {
    for (int k = 0; k < size; ++k) add(series, step * argument.step + k, values[k]);
  }
  MAREY_INLINE void put_symmetric(int64_t series, int64_t step, int n, const double* values) const {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) add(series, step * argument.step + i * n + j, values[packed(i, j)]);
    }
  }
};

// The arguments with a gradient beside y's, and how many values of each series share.
inline constexpr int arguments = 6;
enum { of_F, of_H, of_Q, of_R, of_x0, of_P0 };
struct Shared {
  int64_t count[arguments], all = 0;

  explicit Shared(const KalmanProblem& p) {
    const int64_t n = p.n_states, m = p.n_outputs;
    const Reals* const of[arguments] = {&p.F, &p.H, &p.Q, &p.R, &p.x0, &p.P0};
    const int64_t size[arguments] = {n * n, m * n, n * n, m * m, n, n * n};
    for (int k = 0; k < arguments; ++k) {
      count[k] = of[k]->series ? 0 : of[k]->step ? size[k] * p.length : size[k];
      all += count[k];
    }
  }
};

// What comes in at a step where the series has failed: zero stays zero, anything else has no answer.
MAREY_INLINE double incoming(double gradient, bool alive) {
  return alive ? gradient : gradient == 0.0 ? 0.0 : double(NAN);
}

MAREY_INLINE void fill(double* values, int count, double value) {
  MAREY_UNROLL
  for (int i = 0; i < count; ++i) values[i] = value;
}

// Doubles kept of a step: the state before it, then before each scalar observation that state, 1 / s and v.
inline int64_t kept_of_step(const KalmanProblem& p) {
  const int64_t width = p.n_states + packed_size(int(p.n_states));
  return width + p.n_outputs * (width + 2);
}

Sweep adjoint_sweep(const KalmanProblem& p) { return Sweep(p, kept_of_step(p), Shared(p).all); }

template <int N, int M>
__global__ void __launch_bounds__(threads_of_sweep)
    adjoint(KalmanGradient a, Sweep sweep, Shared shared, double* workspace) {
  const KalmanProblem& p = a.problem;
  const int64_t thread = int64_t(blockIdx.x) * threads_of_sweep + threadIdx.x;
  double* const own = workspace + sweep.slots * sweep.shelf + thread * sweep.share;
  Share share{own, sweep.share};
  Observations<N, M> o(p, share);
  Forward<N, M> f(o, share);
  constexpr int most = o.most;
  const int n = f.n(), m = o.m(), row = n + 1, size = packed_size(n), width = f.width(), record = width + 2;
  Local<N, N> gx_(share, n);
  Local<N, packed_size(N)> G_(share, size), gQ_(share, size);
  Local<N, N * N> gF_(share, n * n);
  Local<N, most * N> gH_(share, int64_t(m) * n);
  Local<N, most * most> gR_(share, int64_t(m) * m), gR_step_(share, int64_t(m) * m), X_(share, int64_t(m) * m);
  Local<N, most*(N + 1)> gA_(share, int64_t(m) * row), A_(share, int64_t(m) * row);  // of [h | y]
  Local<N, most> gd_(share, m);
  Local<N, most * steps> window_(share, int64_t(m) * steps), gy_(share, int64_t(m) * steps);
  double *const gx = gx_.get(), *const G = G_.get(), *const gQ = gQ_.get(), *const gF = gF_.get();
  double *const gH = gH_.get(), *const gR = gR_.get(), *const gR_step = gR_step_.get(), *const X = X_.get();
  double *const gA = gA_.get(), *const A = A_.get(), *const gd = gd_.get();
  double *const window = window_.get(), *const gy = gy_.get();

  const Shelf starts{workspace + thread, sweep.slots};
  const Shelf states = starts.from(sweep.spans * width), records = states.from(sweep.span * width);
  Shelf gathered = records.from(sweep.span * m * record);
  const auto outlet = [&](const Reals& argument, void* to, int64_t count) {
    const Outlet of_argument{argument, to, gathered};
    gathered = gathered.from(count);
    return of_argument;
  };
  const Outlet to_F = outlet(p.F, a.F, shared.count[of_F]), to_H = outlet(p.H, a.H, shared.count[of_H]);
  const Outlet to_Q = outlet(p.Q, a.Q, shared.count[of_Q]), to_R = outlet(p.R, a.R, shared.count[of_R]);
  const Outlet to_x0 = outlet(p.x0, a.x0, shared.count[of_x0]), to_P0 = outlet(p.P0, a.P0, shared.count[of_P0]);

  for (int64_t s = thread; s < p.n_series; s += sweep.slots) {
    f.begin(s);
    run_ahead(f, sweep, starts, window);
    double gl = a.loglik.data ? at(a.loglik, s) : 0.0, trouble = 0.0;
    const bool has_cov = a.cov.data && (a.cov.series || s == 0);
    bool was_alive = true;  // before the step that follows; below, after the step at hand
    fill(gx, n, 0.0), fill(G, size, 0.0), fill(gF, n * n, 0.0), fill(gQ, size, 0.0);
    fill(gH, m * n, 0.0), fill(gR, m * m, 0.0);

    for (int64_t c = sweep.spans - 1; c >= 0; --c) {
      const int64_t first = c * sweep.span;
      const int count = sweep.count(c, p.length);
      take(f, starts.from(c * width));
      for (int w = 0; w < count; w += steps) {
        const int some = count - w < steps ? count - w : steps;
        o.read_window(first + w, some, window);
        for (int t = 0; t < some; ++t) {
          keep(f, states.from((w + t) * width));
          f.predict(first + w + t);
          if (!o.look(first + w, t, window)) continue;
          for (int i = 0; i < m; ++i) {
            const Shelf kept = records.from(int64_t((w + t) * m + i) * record);
            double v;
            keep(f, kept);
            kept[width] = f.observe(first + w + t, i, v).inverse;
            kept[width + 1] = v;
            f.update(i, v);
          }
        }
      }
      if (c == sweep.spans - 1) {
        was_alive = f.x()[0] == f.x()[0];
        gl = incoming(gl, was_alive);
        trouble = gl * 0.0;
      }

      for (int w = (count - 1) / steps * steps; w >= 0; w -= steps) {
        const int some = count - w < steps ? count - w : steps;
        o.read_window(first + w, some, window);
        for (int t = some - 1; t >= 0; --t) {
          const int64_t step = first + w + t;
          const Shelf state = states.from((w + t) * width);
          const bool alive = was_alive;
          was_alive = state[0] == state[0];
          for (int i = 0; a.mean.data && i < n; ++i)
            gx[i] += incoming(at(a.mean, s * a.mean.series + i * p.length + step), alive);
          for (int i = 0; has_cov && i < n; ++i) {
            for (int j = 0; j <= i; ++j) {
              const int64_t origin = s * a.cov.series + step;
              const double both =
                  at(a.cov, origin + (i * n + j) * p.length) + at(a.cov, origin + (j * n + i) * p.length);
              G[packed(i, j)] += incoming(0.5 * both, alive);
            }
          }
          for (int i = 0; !alive && i < n; ++i) trouble += gx[i] * 0.0;
          for (int i = 0; !alive && i < size; ++i) trouble += G[i] * 0.0;
          for (int i = 0; i < m; ++i) gy[i * steps + t] = 0.0;
          if (p.H.step) fill(gH, m * n, 0.0);
          if (p.R.step) fill(gR, m * m, 0.0);
          if (o.look(first + w, t, window)) {
            if (alive) {
              fill(gA, m * row, 0.0);
              for (int i = m - 1; i >= 0; --i) {
                const Shelf kept = records.from(int64_t((w + t) * m + i) * record);
                const double inverse = kept[width], v = kept[width + 1];
                take(f, kept);
                for (int j = 0; j < n; ++j) f.Mh()[j] = algebra::packed_dot<N>(n, f.P(), j, o.h(i));
                for (int j = 0; j < n; ++j) f.K()[j] = f.Mh()[j] * inverse;
                const auto g = algebra::observe_adjoint<N>(n, o.h(i), f.Mh(), f.K(), inverse, v, f.x(), f.P(), gl, gx,
                                                           G, gA + i * row, f.A());
                gA[i * row + n] = g.y;
                gd[i] = g.d;
              }
              if (m == 1) {
                gR_step[0] = gd[0];
              } else {
                for (int i = 0; i < m; ++i) {
                  const bool seen = o.seen(i, step);
                  for (int j = 0; j < n; ++j) A[i * row + j] = seen ? o.h(i)[j] : 0.0;
                  A[i * row + n] = o.y()[i];
                }
                algebra::decorrelate_adjoint(m, n, o.LD(), A, gd, gA, gR_step, X);
              }
            } else {
              fill(gA, m * row, trouble), fill(gR_step, m * m, trouble), fill(gx, n, trouble), fill(G, size, trouble);
            }
            for (int i = 0; i < m; ++i) {
              for (int j = 0; j < n; ++j) gH[i * n + j] += gA[i * row + j];
              gy[i * steps + t] = o.seen(i, step) ? gA[i * row + n] : 0.0;
            }
            for (int i = 0; i < m * m; ++i) gR[i] += gR_step[i];
          }
          if (p.F.step) fill(gF, n * n, 0.0);
          if (p.Q.step) fill(gQ, size, 0.0);
          if (f.leads_to(step)) {
            for (int i = 0; i < size; ++i) gQ[i] += G[i];
            if (alive) {
              f.transition(step);
              take(f, state);
              algebra::predict_adjoint<N>(n, f.F(), f.x(), f.P(), gx, G, gF, f.A());
            } else {
              for (int i = 0; i < n * n; ++i) gF[i] += trouble;
              fill(gx, n, trouble), fill(G, size, trouble);
            }
          }
          if (p.F.step) to_F.put(s, step, n * n, gF);
          if (p.Q.step) to_Q.put_symmetric(s, step, n, gQ);
          if (p.H.step) to_H.put(s, step, m * n, gH);
          if (p.R.step) to_R.put(s, step, m * m, gR);
        }
        for (int i = 0; i < m; ++i)
          write(a.y, p.y.single, s * p.y.series + i * p.length + first + w, gy + i * steps, some);
      }
    }
    if (!p.F.step) to_F.put(s, 0, n * n, gF);
    if (!p.Q.step) to_Q.put_symmetric(s, 0, n, gQ);
    if (!p.H.step) to_H.put(s, 0, m * n, gH);
    if (!p.R.step) to_R.put(s, 0, m * m, gR);
    to_x0.put(s, 0, n, gx);
    to_P0.put_symmetric(s, 0, n, G);
  }
}

inline constexpr int threads_of_sum = 128;

// One value a block: the sum of what the threads gathered, always in one order.
__global__ void __launch_bounds__(threads_of_sum) sum_up(const double* gathered, int64_t slots, void* to, bool single) {
  __shared__ double of_warp[threads_of_sum / 32];
  const int thread = int(threadIdx.x);
  const double* const values = gathered + int64_t(blockIdx.x) * slots;
  double sum = 0.0;
  for (int64_t k = thread; k < slots; k += threads_of_sum) sum += values[k];
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  if (thread % 32 == 0) of_warp[thread / 32] = sum;
  __syncthreads();
  if (thread != 0) return;
  for (int w = 1; w < threads_of_sum / 32; ++w) sum += of_warp[w];
  if (single) {
    static_cast<float*>(to)[blockIdx.x] = float(sum);
  } else {
    static_cast<double*>(to)[blockIdx.x] = sum;
  }
}

}  // namespace

std::size_t kalman_loglik_backward_workspace(const KalmanProblem& p) noexcept { return adjoint_sweep(p).bytes(); }

cudaError_t kalman_loglik_backward(const KalmanGradient& a, void* workspace, cudaStream_t stream) noexcept {
  const KalmanProblem& p = a.problem;
  const Sweep sweep = adjoint_sweep(p);
  const Shared shared(p);
  double* const memory = static_cast<double*>(workspace);
  double* gathered = memory + sweep.slots * (sweep.shelf - shared.all);
  if (p.n_series > 0) {
    cudaError_t error = cudaMemsetAsync(gathered, 0, std::size_t(shared.all * sweep.slots) * sizeof(double), stream);
    if (error != cudaSuccess) return error;
    const cudaLaunchConfig_t config = configuration(sweep, stream);
    error = by_size(p, [&]<int N, int M>() {
      return cudaLaunchKernelEx(&config, adjoint<N, M>, KalmanGradient(a), Sweep(sweep), Shared(shared),
                                static_cast<double*>(memory));
    });
    if (error != cudaSuccess) return error;
  }
  void* const to[arguments] = {a.F, a.H, a.Q, a.R, a.x0, a.P0};
  const Reals* const of[arguments] = {&p.F, &p.H, &p.Q, &p.R, &p.x0, &p.P0};
  for (int k = 0; k < arguments; ++k) {
    if (shared.count[k] == 0) continue;
    if (shared.count[k] > 0x7fffffff) return cudaErrorInvalidConfiguration;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(unsigned(shared.count[k]));
    config.blockDim = dim3(threads_of_sum);
    config.stream = stream;
    const cudaError_t error = cudaLaunchKernelEx(&config, sum_up, static_cast<const double*>(gathered),
                                                 int64_t(sweep.slots), to[k], bool(of[k]->single));
    if (error != cudaSuccess) return error;
    gathered += shared.count[k] * sweep.slots;
  }
  return cudaSuccess;
}

}  // namespace marey::cuda
