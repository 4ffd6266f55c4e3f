// kalman_filter: one series a thread, its state and covariance in registers, for 1 to 8 states.
//
// A thread walks along its own row of y and of the means, `steps` at a time: it reads and writes whole 16- or 32-byte
// pieces, so that every sector of memory moves once although neighbouring threads are a row apart. Bytes: y read once,
// means (and covariances, if wanted) written once; in float with 2 states and without covariances 12 bytes a series and
// step. Arithmetic: about 60 double operations a step at 2 states and 1 output.
#include "marey/cuda/kalman_series.cuh"

namespace marey::cuda {

namespace {

using namespace kalman;
using state_space::KalmanFilter;

inline constexpr int threads_of_filter = 128;
inline constexpr int64_t most_shares = 1 << 14;  // threads at a time where their arrays lie in the workspace

template <int N, int M, typename T>
__global__ void __launch_bounds__(threads_of_filter)
    filter(KalmanFilter a, bool shared_cov, double* shares, int64_t share_size) {
  const KalmanProblem& p = a.problem;
  const int64_t thread = int64_t(blockIdx.x) * threads_of_filter + threadIdx.x;
  Share share{shares + thread * share_size, share_size};
  Observations<N, M> o(p, share);
  Forward<N, M> f(o, share);
  const int n = f.n();
  Local<N, o.most * steps> window_(share, int64_t(o.m()) * steps);
  Local<N, N * steps, T> means_(share, int64_t(n) * steps);
  Local<N, packed_size(N) * steps, T> covs_(share, int64_t(packed_size(n)) * steps);
  double* const window = window_.get();
  T *const means = means_.get(), *const covs = covs_.get();

  for (int64_t s = thread; s < p.n_series; s += int64_t(gridDim.x) * threads_of_filter) {
    T* const mean = a.mean ? static_cast<T*>(a.mean) + s * n * p.length : nullptr;
    T* const cov = a.cov && (!shared_cov || s == 0) ? static_cast<T*>(a.cov) + s * n * n * p.length : nullptr;
    f.begin(s);
    for (int64_t start = 0; start < p.length; start += steps) {
      const int count = int(p.length - start < steps ? p.length - start : steps);
      o.read_window(start, count, window);
      for (int t = 0; t < count; ++t) {
        f.step(start, t, window);
        for (int i = 0; i < n; ++i) means[i * steps + t] = T(f.x()[i]);
        for (int i = 0; i < packed_size(n); ++i) covs[i * steps + t] = T(f.P()[i]);
      }
      for (int i = 0; mean && i < n; ++i) write(mean + i * p.length + start, means + i * steps, count);
      for (int i = 0; cov && i < n; ++i) {
        for (int j = 0; j < n; ++j) write(cov + (i * n + j) * p.length + start, covs + packed(i, j) * steps, count);
      }
    }
    if (a.loglik) static_cast<T*>(a.loglik)[s] = T(f.loglik.value());
  }
}

int64_t filter_blocks(const KalmanProblem& p) {
  const bool bounded = share_size(p) > 0 && p.n_series > most_shares;
  return ((bounded ? most_shares : p.n_series) + threads_of_filter - 1) / threads_of_filter;
}

template <typename T>
cudaError_t run(const KalmanFilter& a, double* workspace, cudaStream_t stream) {
  const int64_t blocks = filter_blocks(a.problem);
  if (blocks > 0x7fffffff) return cudaErrorInvalidConfiguration;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(blocks));
  config.blockDim = dim3(threads_of_filter);
  config.stream = stream;
  return by_size(a.problem, [&]<int N, int M>() {
    return cudaLaunchKernelEx(&config, filter<N, M, T>, KalmanFilter(a),
                              bool(state_space::covariances_are_shared(a.problem)), static_cast<double*>(workspace),
                              share_size(a.problem));
  });
}

}  // namespace

std::size_t kalman_filter_workspace(const KalmanProblem& p) noexcept {
  return std::size_t(filter_blocks(p) * threads_of_filter * share_size(p)) * sizeof(double);
}

cudaError_t kalman_filter(const KalmanFilter& a, void* workspace, cudaStream_t stream) noexcept {
  if (a.problem.n_series == 0) return cudaSuccess;
  double* const shares = static_cast<double*>(workspace);
  return a.single ? run<float>(a, shares, stream) : run<double>(a, shares, stream);
}

}  // namespace marey::cuda
