#include "marey/scan/causal_conv1d.hpp"

#include <algorithm>

namespace marey::scan {

template <typename T>
void causal_conv1d(const CausalConv1d<T>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(causal_conv1d_kernel, a, begin, end)
}

template <typename T>
void causal_conv1d_backward(const CausalConv1dBackward<T>& a, double* workspace, std::int64_t begin,
                            std::int64_t end) noexcept {
  MAREY_DISPATCH(causal_conv1d_backward_kernel, a, workspace, begin, end)
}

template <typename T>
void causal_conv1d_backward_finish(const CausalConv1dBackward<T>& a, const double* workspace) noexcept {
  const CausalConv1dShape& s = a.shape;
  if (s.length == 0) std::fill_n(a.grad_x0, s.n_series * s.n_channels * (s.width - 1), T(0));
  const std::int64_t channels = s.item_channels(), of_item = channels * (s.width + 1);
  for (std::int64_t d = 0; d < s.n_channels; ++d) {
    for (std::int64_t k = 0; k <= s.width; ++k) {
      double sum = 0.0;
      for (std::int64_t series = 0; series < s.n_series; ++series) {
        for (std::int64_t block = 0; block < s.step_blocks(); ++block) {
          const std::int64_t item = (series * s.channel_blocks() + d / channels) * s.step_blocks() + block;
          sum += workspace[item * of_item + k * channels + d % channels];
        }
      }
      (k < s.width ? a.grad_weight[d * s.width + k] : a.grad_bias[d]) = T(sum);
    }
  }
}

#define MAREY_INSTANTIATE(T)                                                                                          \
  template void causal_conv1d(const CausalConv1d<T>&, std::int64_t, std::int64_t) noexcept;                           \
  template void causal_conv1d_backward(const CausalConv1dBackward<T>&, double*, std::int64_t, std::int64_t) noexcept; \
  template void causal_conv1d_backward_finish(const CausalConv1dBackward<T>&, const double*) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::scan
