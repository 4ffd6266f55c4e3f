// lfilter, backward: one section of any order, up to 2 by cascade_backward.cuh (of order 2 as
// sosfilt), beyond in sequence.
#include "marey/cuda/cascade_backward.cuh"
#include "marey/cuda/cascade_sequence.cuh"

namespace marey::cuda {

namespace sequence {

namespace {

std::size_t workspace_backward(const Sections& s) {
  Arena arena(nullptr);
  Memory(s, arena, true);
  return arena.used();
}

template <typename T>
__global__ void __launch_bounds__(threads) backward(CascadeBackward<T> a, Memory m) {
  const Sections& s = a.s;
  const int64_t channel = int64_t(blockIdx.x) * threads + threadIdx.x;
  if (channel >= s.n_channels) return;
  const int64_t K = s.order, n = s.n_channels, filter = s.per_channel ? channel : 0;
  const double* k = m.numbers + filter * (2 * K + 1);
  const bool feedback = m.feedback[filter], with_sums = a.grad_sections != nullptr;
  double *l = m.state + channel, *sums = m.of_channels + channel;
  if (with_sums) {
    run_channel(s, m, channel, a.x, a.zi, [&](int64_t t, double out) { m.signal[t * n + channel] = out; });
    for (int64_t i = 0; i <= 2 * K; ++i) sums[i * n] = 0.0;
  }
  load_state(l, s, channel, a.grad_zf);
  for (int64_t t = s.length - 1; t >= 0; --t) {
    double Y = double(a.grad_y[channel * s.length + t]), out = 0.0;
    for (int64_t i = K - 1; i >= 0; --i) {
      const double later = l[i * n];
      if (feedback) Y = fma(-k[K + 1 + i], later, Y);
      out = fma(k[i + 1], later, out);
    }
    a.grad_x[channel * s.length + t] = T(fma(k[0], Y, out));
    if (with_sums) {
      const double x = double(a.x[channel * s.length + t]), y = m.signal[t * n + channel];
      sums[0] = fma(Y, x, sums[0]);
      for (int64_t i = 0; i < K; ++i) {
        sums[(1 + i) * n] = fma(l[i * n], x, sums[(1 + i) * n]);
        sums[(1 + K + i) * n] = fma(-l[i * n], y, sums[(1 + K + i) * n]);
      }
    }
    for (int64_t i = K - 1; i > 0; --i) l[i * n] = l[(i - 1) * n];
    l[0] = Y;
    if (s.reset && s.reset[channel * s.reset_stride + t]) load_state(l, s, channel, nullptr);
  }
  store_state(l, s, channel, a.grad_zi);
}

// One warp a filter and number: the channels' sums in a fixed order.
__global__ void add_channels(Sections s, Memory m) {
  const int64_t width = 2 * s.order + 1, filter = blockIdx.x / width, number = blockIdx.x % width;
  const double* of_channels = m.of_channels + number * s.n_channels;
  double sum = 0.0;
  if (s.per_channel) {
    if (threadIdx.x == 0) sum = of_channels[filter];
  } else {
    for (int64_t i = threadIdx.x; i < s.n_channels; i += 32) sum += of_channels[i];
  }
  for (int bits = 16; bits > 0; bits /= 2) sum += __shfl_xor_sync(cascade::all_lanes, sum, bits);
  if (threadIdx.x == 0) m.of_filters[filter * width + number] = sum;
}

template <typename T>
cudaError_t run_backward(const CascadeBackward<T>& a, void* memory, cudaStream_t stream) {
  Arena arena(memory);
  const Memory m(a.s, arena, true);
  cudaError_t status = launch(divide, blocks(a.s.n_filters()), threads, stream, a.s, m);
  if (status == cudaSuccess) status = launch(backward<T>, blocks(a.s.n_channels), threads, stream, a, m);
  if (status != cudaSuccess || a.grad_sections == nullptr) return status;
  status = launch(add_channels, a.s.n_filters() * (2 * a.s.order + 1), 32, stream, a.s, m);
  if (status != cudaSuccess) return status;
  return launch(cascade::undo_division, (a.s.n_filters() + 31) / 32, 32, stream, a.s, m.of_filters, a.grad_sections);
}

}  // namespace

}  // namespace sequence

template <typename T>
std::size_t lfilter_backward_workspace(const Sections& s) noexcept {
  if (s.order == 2) return sosfilt_backward_workspace<T>(s);
  if (s.order > cascade::most_order) return sequence::workspace_backward(s);
  return cascade::for_order(s, [&](auto form) { return cascade::workspace_backward<T, decltype(form)>(s); });
}

template <typename T>
cudaError_t lfilter_backward(const CascadeBackward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  if (a.s.order == 2) return sosfilt_backward(a, workspace, stream);
  if (a.s.order > cascade::most_order) return sequence::run_backward(a, workspace, stream);
  return cascade::for_order(a.s,
                            [&](auto form) { return cascade::run_backward<T, decltype(form)>(a, workspace, stream); });
}

template std::size_t lfilter_backward_workspace<float>(const Sections&) noexcept;
template std::size_t lfilter_backward_workspace<double>(const Sections&) noexcept;
template cudaError_t lfilter_backward(const CascadeBackward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t lfilter_backward(const CascadeBackward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
