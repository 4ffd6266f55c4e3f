// dtw_cdist: a warp a pair, by the table of warp_table.cuh.
//
// A cell is a subtraction, a multiply-add and two minima in registers; a step of a lane's K cells loads one value of x,
// shuffles one and writes an edge where strips meet. Nothing else is read but the series.
#include "marey/cuda/distance.cuh"
#include "marey/cuda/warp_table.cuh"

namespace marey::cuda {

namespace {

using distance::Cdist;
using distance::Series;

template <typename T>
struct Warping {
  __device__ static T nowhere() { return T(INFINITY); }
  __device__ T cell(T up, T left, T corner, T square) const { return square + fmin(fmin(up, left), corner); }
};

// False where offsets are out of range.
template <typename T>
__device__ bool find(const Series<T>& s, int64_t i, Steps<T>& steps) {
  steps = {s.values + i * s.channels * s.length, s.length, s.length};
  if (s.offsets == nullptr) return true;
  const int64_t begin = s.offsets[i], end = s.offsets[i + 1];
  steps = {s.values + begin, end - begin, s.length};
  return 0 <= begin && begin <= end && end <= s.length;
}

template <typename T, int K, bool single>
__global__ void __launch_bounds__(32 * warps_of_block) pairs(Cdist<T> a, unsigned char* workspace, int64_t share) {
  const int lane = threadIdx.x % 32;
  T* const edge = reinterpret_cast<T*>(workspace + this_warp() * share);
  for (int64_t pair = this_warp(); pair < a.x.n * a.y.n; pair += all_warps()) {
    const int64_t i = pair / a.y.n, j = pair % a.y.n;
    if (a.symmetric && i > j) continue;
    WarpPair<T> p{{}, {}, a.x.channels, a.window};
    bool good = find(a.x, i, p.x) && find(a.y, j, p.y);
    good = good && p.x.finite(p.channels, lane) && p.y.finite(p.channels, lane);
    T value = T(NAN);
    if (good && ((a.symmetric && i == j) || (p.x.n == 0 && p.y.n == 0))) {
      value = 0;
    } else if (good) {
      value = p.has_path() ? sqrt(fill_table<K, single>(Warping<T>{}, p, edge, lane, KeepNothing{})) : T(INFINITY);
    }
    if (lane == 0) {
      a.out[i * a.y.n + j] = value;
      if (a.symmetric) a.out[j * a.y.n + i] = value;
    }
    __syncwarp();
  }
}

template <typename T>
Warps warps(const Cdist<T>& a) {
  return {a.x.n * a.y.n, a.y.length > 256 ? a.x.length * int64_t(sizeof(T)) : 0};
}

}  // namespace

template <typename T>
std::size_t dtw_cdist_workspace(const Cdist<T>& a) noexcept {
  return warps(a).bytes();
}

template <typename T>
cudaError_t dtw_cdist(const Cdist<T>& a, void* workspace, cudaStream_t stream) noexcept {
  if (a.x.n == 0 || a.y.n == 0) return cudaSuccess;
  const Warps w = warps(a);
  return by_table(a.y.length, a.x.channels, [&]<int K, bool single>() {
    return w.launch(pairs<T, K, single>, stream, a, static_cast<unsigned char*>(workspace), w.share);
  });
}

template std::size_t dtw_cdist_workspace(const Cdist<float>&) noexcept;
template std::size_t dtw_cdist_workspace(const Cdist<double>&) noexcept;
template cudaError_t dtw_cdist(const Cdist<float>&, void*, cudaStream_t) noexcept;
template cudaError_t dtw_cdist(const Cdist<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
