// kalman_filter: one series a thread, its state and covariance in registers, for 1 to 8 states.
//
// The arithmetic is the CPU's (kalman_algebra.hpp), in double. A thread walks along its own row of y and of the means,
// `steps` at a time: it reads and writes whole 16- or 32-byte pieces, so that every sector of memory moves once
// although neighbouring threads are a row apart. Matrices that all series and steps share are read once a thread, from
// cache. Bytes: y read once, means (and covariances, if wanted) written once; in float with 2 states and without
// covariances 12 bytes a series and step. Arithmetic: about 60 double operations a step at 2 states and 1 output.
#include <cmath>
#include <cstdint>

#include "marey/cuda/kalman.cuh"

#define MAREY_LEVEL cuda
namespace marey::cuda {

__host__ __device__ inline double select(bool condition, double yes, double no) { return condition ? yes : no; }

}  // namespace marey::cuda
#include "marey/state_space/kalman_models.hpp"
#undef MAREY_LEVEL

namespace marey::cuda {

namespace {

using state_space::KalmanFilter;
using state_space::KalmanProblem;
using state_space::Model;
using state_space::Reals;
using state_space::cuda::packed;
using state_space::cuda::packed_size;
using std::int64_t;

inline constexpr int threads_of_filter = 128, steps = 4;

__device__ inline double at(const Reals& from, int64_t offset) {
  return from.single ? double(static_cast<const float*>(from.data)[offset])
                     : static_cast<const double*>(from.data)[offset];
}

__device__ inline void load(const Reals& from, int64_t series, int64_t step, int count, double* to) {
  const int64_t origin = series * from.series + step * from.step;
  for (int k = 0; k < count; ++k) to[k] = at(from, origin + k);
}

// The symmetric part of an n x n matrix, packed.
__device__ inline void load_symmetric(const Reals& from, int64_t series, int64_t step, int n, double* to) {
  const int64_t origin = series * from.series + step * from.step;
  for (int i = 0; i < n; ++i) {
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
__device__ inline void write(T* to, const T* values, int count) {
  if (count == steps && reinterpret_cast<std::uintptr_t>(to) % sizeof(Piece<T>) == 0) {
    Piece<T> piece;
    for (int t = 0; t < steps; ++t) piece.value[t] = values[t];
    *reinterpret_cast<Piece<T>*>(to) = piece;
  } else {
    for (int t = 0; t < count; ++t) to[t] = values[t];
  }
}
template <typename T>
__device__ inline void read(const T* from, int count, double* values) {
  if (count == steps && reinterpret_cast<std::uintptr_t>(from) % sizeof(Piece<T>) == 0) {
    const Piece<T> piece = *reinterpret_cast<const Piece<T>*>(from);
    for (int t = 0; t < steps; ++t) values[t] = double(piece.value[t]);
  } else {
    for (int t = 0; t < count; ++t) values[t] = double(from[t]);
  }
}
__device__ inline void read(const Reals& from, int64_t offset, int count, double* values) {
  from.single ? read(static_cast<const float*>(from.data) + offset, count, values)
              : read(static_cast<const double*>(from.data) + offset, count, values);
}

// Matrices of one series at one step; M outputs, 0 for any number.
template <int N, int M>
struct System {
  static constexpr int most = M ? M : kalman_most_outputs;
  double F[N * N], Q[N * (N + 1) / 2], H[most * N], R[most * (most + 1) / 2];
  double h[most * N], LD[most * (most + 1) / 2];  // L^-1 H and R = L D L^T
  double last_gap = NAN;
  bool correlated = false;

  __device__ void transition(const KalmanProblem& p, int64_t series, int64_t step, bool first) {
    if (p.model != Model::given) {
      double gap = at(p.dt, series * p.dt.series + step);
      if (gap == last_gap) return;
      last_gap = gap;
      gap = gap >= 0.0 ? gap : double(NAN);
      const int64_t parameters = series * p.parameters.series;
      state_space::cuda::evaluate(p.model, at(p.parameters, parameters), at(p.parameters, parameters + 1), gap, F, Q);
      return;
    }
    if (first || p.F.step) load(p.F, series, step, N * N, F);
    if (first || p.Q.step) load_symmetric(p.Q, series, step, N, Q);
  }

  __device__ void observation(const KalmanProblem& p, int64_t series, int64_t step, bool first, const bool* seen) {
    const int m = M ? M : int(p.n_outputs);
    if (first || p.H.step) load(p.H, series, step, m * N, H);
    if (first || p.R.step) load_symmetric(p.R, series, step, m, R);
    const bool holes = p.mask != nullptr && m > 1;
    if (!(first || p.H.step || p.R.step || (holes && correlated))) return;
    for (int i = 0; i < m * N; ++i) h[i] = H[i];
    correlated = false;
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < i; ++j) correlated |= R[packed(i, j)] != 0.0;
    }
    for (int i = 0; i < packed_size(m); ++i) LD[i] = R[i];
    if (!correlated) return;
    double noise[most * (most + 1) / 2];
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j <= i; ++j) {
        noise[packed(i, j)] = !holes || (seen[i] && seen[j]) ? R[packed(i, j)] : double(i == j);
      }
    }
    state_space::cuda::factor(m, noise, LD);
    state_space::cuda::solve(m, N, LD, h);
  }
};

template <int N, int M, typename T>
__global__ void __launch_bounds__(threads_of_filter) filter(KalmanFilter a, bool shared_cov) {
  const KalmanProblem& p = a.problem;
  const int64_t s = int64_t(blockIdx.x) * threads_of_filter + threadIdx.x;
  if (s >= p.n_series) return;
  constexpr int most = M ? M : kalman_most_outputs, size = N * (N + 1) / 2;
  const int m = M ? M : int(p.n_outputs);
  T* const mean = a.mean ? static_cast<T*>(a.mean) + s * N * p.length : nullptr;
  T* const cov = a.cov && (!shared_cov || s == 0) ? static_cast<T*>(a.cov) + s * N * N * p.length : nullptr;
  System<N, M> system;
  double x[N], P[size], K[N], Mh[N], scratch[N * N + N];
  load(p.x0, s, 0, N, x);
  load_symmetric(p.P0, s, 0, N, P);
  double squares = 0.0, product = 1.0, observed = 0.0;
  int64_t exponent = 0;
  bool moved = false, looked = false;  // whether the matrices have been loaded

  for (int64_t start = 0; start < p.length; start += steps) {
    const int count = int(p.length - start < steps ? p.length - start : steps);
    double y[most * steps];
    for (int k = 0; k < m; ++k) read(p.y, s * p.y.series + k * p.length + start, count, y + k * steps);
    T means[N * steps], covs[size * steps];
    for (int t = 0; t < count; ++t) {
      const int64_t step = start + t;
      if (step > 0 || p.continued) {
        system.transition(p, s, step, !moved);
        moved = true;
        state_space::cuda::predict_mean<N>(N, system.F, x, scratch);
        state_space::cuda::predict_cov<N>(N, system.F, system.Q, P, scratch);
      }
      bool seen[most], any = false;
      for (int k = 0; k < m; ++k) {
        seen[k] = p.mask == nullptr || p.mask[(p.mask_per_output ? s * m + k : s) * p.length + step] != 0;
        any |= seen[k];
      }
      if (any) {
        double values[most];
        for (int k = 0; k < m; ++k) values[k] = seen[k] ? y[k * steps + t] : 0.0;
        system.observation(p, s, step, !looked, seen);
        looked = true;
        if (system.correlated) state_space::cuda::solve(m, 1, system.LD, values);
        for (int k = 0; k < m; ++k) {
          const double* const h = system.h + k * N;
          const double d = system.LD[packed(k, k)];
          const auto innovation = state_space::cuda::gain<N>(N, P, h, d, seen[k], Mh, K);
          const double v = seen[k] ? state_space::cuda::residual<N>(N, values[k], h, x) : 0.0;
          squares = fma(v * innovation.inverse, v, squares);
          int taken = 0;
          product = frexp(product * innovation.variance, &taken);
          exponent += taken;
          observed += seen[k] ? 1.0 : 0.0;
          state_space::cuda::update_mean<N>(N, K, v, x);
          state_space::cuda::update_cov<N>(N, h, d, Mh, K, P, scratch);
        }
      }
      for (int i = 0; i < N; ++i) means[i * steps + t] = T(x[i]);
      for (int i = 0; i < size; ++i) covs[i * steps + t] = T(P[i]);
    }
    for (int i = 0; mean && i < N; ++i) write(mean + i * p.length + start, means + i * steps, count);
    for (int i = 0; cov && i < N; ++i) {
      for (int j = 0; j < N; ++j) write(cov + (i * N + j) * p.length + start, covs + packed(i, j) * steps, count);
    }
  }
  if (a.loglik) {
    const double logs = fma(double(exponent), 0.6931471805599453, log(product));
    static_cast<T*>(a.loglik)[s] = T(-0.5 * (fma(observed, 1.8378770664093453, logs) + squares));
  }
}

template <int N, int M, typename T>
cudaError_t launch_filter(const KalmanFilter& a, cudaStream_t stream) {
  const int64_t blocks = (a.problem.n_series + threads_of_filter - 1) / threads_of_filter;
  if (blocks > 0x7fffffff) return cudaErrorInvalidConfiguration;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(blocks));
  config.blockDim = dim3(threads_of_filter);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, filter<N, M, T>, KalmanFilter(a),
                            bool(state_space::covariances_are_shared(a.problem)));
}

template <int N>
cudaError_t run(const KalmanFilter& a, cudaStream_t stream) {
  const bool one = a.problem.n_outputs == 1;
  if (a.single) return one ? launch_filter<N, 1, float>(a, stream) : launch_filter<N, 0, float>(a, stream);
  return one ? launch_filter<N, 1, double>(a, stream) : launch_filter<N, 0, double>(a, stream);
}

}  // namespace

cudaError_t kalman_filter(const KalmanFilter& a, cudaStream_t stream) noexcept {
  if (a.problem.n_outputs > kalman_most_outputs) return cudaErrorInvalidValue;
  if (a.problem.n_series == 0) return cudaSuccess;
  switch (a.problem.n_states) {
    case 1: return run<1>(a, stream);
    case 2: return run<2>(a, stream);
    case 3: return run<3>(a, stream);
    case 4: return run<4>(a, stream);
    case 5: return run<5>(a, stream);
    case 6: return run<6>(a, stream);
    case 7: return run<7>(a, stream);
    case 8: return run<8>(a, stream);
    default: return cudaErrorInvalidValue;
  }
}

}  // namespace marey::cuda
