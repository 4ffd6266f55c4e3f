// soft_dtw, forward: a warp a pair. A cell is three exponentials and a logarithm more than one of dtw_cdist.
#include "marey/cuda/soft_table.cuh"

namespace marey::cuda {

namespace {

using distance::SoftDtw;

template <typename T, int K, bool single>
__global__ void __launch_bounds__(32 * warps_of_block)
    soft_forward(SoftDtw<T> a, T* out, unsigned char* workspace, int64_t share) {
  const int lane = threadIdx.x % 32;
  T* const edge = reinterpret_cast<T*>(workspace + this_warp() * share);
  for (int64_t pair = this_warp(); pair < a.n_pairs; pair += all_warps()) {
    WarpPair<T> p;
    T value;
    if (take(a, pair, lane, p, value)) {
      value = fill_table<K, single>(Softmin<T>{a.gamma}, p, edge, lane, KeepNothing{});
    }
    if (lane == 0) out[pair] = value;
    __syncwarp();
  }
}

template <typename T>
Warps warps(const SoftDtw<T>& a) {
  return {a.n_pairs, a.m > 256 ? a.n * int64_t(sizeof(T)) : 0};
}

}  // namespace

template <typename T>
std::size_t soft_dtw_workspace(const SoftDtw<T>& a) noexcept {
  return warps(a).bytes();
}

template <typename T>
cudaError_t soft_dtw(const SoftDtw<T>& a, T* out, void* workspace, cudaStream_t stream) noexcept {
  if (a.n_pairs == 0) return cudaSuccess;
  const Warps w = warps(a);
  return by_table(a.m, a.channels, [&]<int K, bool single>() {
    return w.launch(soft_forward<T, K, single>, stream, a, out, static_cast<unsigned char*>(workspace), w.share);
  });
}

template std::size_t soft_dtw_workspace(const SoftDtw<float>&) noexcept;
template std::size_t soft_dtw_workspace(const SoftDtw<double>&) noexcept;
template cudaError_t soft_dtw(const SoftDtw<float>&, float*, void*, cudaStream_t) noexcept;
template cudaError_t soft_dtw(const SoftDtw<double>&, double*, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
