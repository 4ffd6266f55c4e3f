// lfilter: one section of any order, up to 2 by cascade_forward.cuh (of order 2 as
// sosfilt), beyond in sequence.
#include "marey/cuda/cascade_forward.cuh"
#include "marey/cuda/cascade_sequence.cuh"

namespace marey::cuda {

namespace sequence {

namespace {

std::size_t workspace(const Sections& s) {
  Arena arena(nullptr);
  Memory(s, arena, false);
  return arena.used();
}

template <typename T>
__global__ void __launch_bounds__(threads) forward(CascadeForward<T> a, Memory m) {
  const int64_t channel = int64_t(blockIdx.x) * threads + threadIdx.x;
  if (channel >= a.s.n_channels) return;
  T* y = a.y + channel * a.s.length;
  run_channel(a.s, m, channel, a.x, a.zi, [&](int64_t t, double out) { y[t] = T(out); });
  store_state(m.state + channel, a.s, channel, a.zf);
}

template <typename T>
cudaError_t run(const CascadeForward<T>& a, void* memory, cudaStream_t stream) {
  Arena arena(memory);
  const Memory m(a.s, arena, false);
  const cudaError_t status = launch(divide, blocks(a.s.n_filters()), threads, stream, a.s, m);
  return status == cudaSuccess ? launch(forward<T>, blocks(a.s.n_channels), threads, stream, a, m) : status;
}

}  // namespace

}  // namespace sequence

template <typename T>
std::size_t lfilter_workspace(const Sections& s) noexcept {
  if (s.order == 2) return sosfilt_workspace<T>(s);
  if (s.order > cascade::most_order) return sequence::workspace(s);
  return cascade::for_order(s, [&](auto form) { return cascade::workspace<T, decltype(form)>(s); });
}

template <typename T>
cudaError_t lfilter(const CascadeForward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  if (a.s.order == 2) return sosfilt(a, workspace, stream);
  if (a.s.order > cascade::most_order) return sequence::run(a, workspace, stream);
  return cascade::for_order(a.s, [&](auto form) { return cascade::run<T, decltype(form)>(a, workspace, stream); });
}

template std::size_t lfilter_workspace<float>(const Sections&) noexcept;
template std::size_t lfilter_workspace<double>(const Sections&) noexcept;
template cudaError_t lfilter(const CascadeForward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t lfilter(const CascadeForward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
