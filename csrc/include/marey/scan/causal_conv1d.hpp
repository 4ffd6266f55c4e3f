// Depthwise causal convolution:  y_t = f(bias + sum_k weight_k x_{t - W + 1 + k}),  f the identity or SiLU, with
// x_{-W+1} .. x_{-1} = x0 (zero if nullptr).
//
// Layout: x[series][channel][time], or [series][time][channel] with channels_last; x0 [series][channel][W - 1] in
// either; weight [channel][W]. Arithmetic in the signal's type, the same operations in the same order for every element
// wherever it lies. Cost: W multiply-adds an element and with SiLU one exp and one division; one read and one write.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::scan {

struct CausalConv1dShape {
  std::int64_t n_series = 0, n_channels = 0, length = 0, width = 0;
  bool silu = false, channels_last = false;

  // Work is cut into items of block_steps steps of one channel, or of block_channels where they lie last: ranges of
  // items in any order and on any threads give the same bits.
  static constexpr std::int64_t block_steps = 512, block_channels = 256, most_taps = 64;
  std::int64_t item_channels() const { return channels_last ? block_channels : 1; }
  std::int64_t channel_blocks() const { return (n_channels + item_channels() - 1) / item_channels(); }
  std::int64_t step_blocks() const { return (length + block_steps - 1) / block_steps; }
  std::int64_t items() const { return n_series * channel_blocks() * step_blocks(); }
  // Items to a thread so that it has work for more than its start costs.
  std::int64_t grain() const { return channels_last ? 2 : 128; }
};

template <typename T>
struct CausalConv1d {
  CausalConv1dShape shape;
  const T *x, *weight;
  const T *bias, *x0;  // either may be nullptr: zero
  T* y;
};

// With s_t what f is applied to and g_t = f'(s_t) grad_y_t:  grad_x_t = sum_k weight_k g_{t + W - 1 - k}, and the same
// for grad_x0;  grad_weight_k = sum_t g_t x_{t - W + 1 + k};  grad_bias = sum_t g_t.
template <typename T>
struct CausalConv1dBackward {
  CausalConv1dShape shape;
  const T *grad_y, *x, *weight;
  const T *bias, *x0;
  T *grad_x, *grad_x0, *grad_weight, *grad_bias;
};

template <typename T>
void causal_conv1d(const CausalConv1d<T>& a, std::int64_t begin, std::int64_t end) noexcept;

// Items leave what they add to grad_weight and grad_bias in a workspace of so many doubles; after all of them,
// causal_conv1d_backward_finish sums it up in a fixed order.
inline std::int64_t causal_conv1d_backward_workspace(const CausalConv1dShape& s) noexcept {
  return s.items() * s.item_channels() * (s.width + 1);
}
template <typename T>
void causal_conv1d_backward(const CausalConv1dBackward<T>& a, double* workspace, std::int64_t begin,
                            std::int64_t end) noexcept;
template <typename T>
void causal_conv1d_backward_finish(const CausalConv1dBackward<T>& a, const double* workspace) noexcept;

MAREY_DECLARE_PER_ISA(template <typename T>
                      void causal_conv1d_kernel(const CausalConv1d<T>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T> void causal_conv1d_backward_kernel(const CausalConv1dBackward<T>&, double*,
                                                                               std::int64_t, std::int64_t) noexcept)

}  // namespace marey::scan
