#include "marey/scan/causal_conv1d.hpp"

#include <tuple>
#include <vector>

#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::scan::CausalConv1dShape;

namespace {

// x is (B, D, T), or (B, T, D) with channels_last.
CausalConv1dShape checked_shape(const Tensor& x, const Tensor& weight, const OptionalTensor& bias,
                                const OptionalTensor& x0, bool silu, bool channels_last) {
  STD_TORCH_CHECK(x.dim() == 3, "`x` must have three axes");
  STD_TORCH_CHECK(weight.dim() == 2, "`weight` must be (channel, tap)");
  const CausalConv1dShape s{
      x.size(0), x.size(channels_last ? 2 : 1), x.size(channels_last ? 1 : 2), weight.size(1), silu, channels_last};
  STD_TORCH_CHECK(weight.size(0) == s.n_channels, "`weight` must have one row a channel");
  STD_TORCH_CHECK(s.width >= 1 && s.width <= s.most_taps, "`weight` must have 1 to 64 taps");
  STD_TORCH_CHECK(!bias || (bias->dim() == 1 && bias->size(0) == s.n_channels), "`bias` must have one value a channel");
  STD_TORCH_CHECK(
      !x0 || (x0->dim() == 3 && x0->size(0) == s.n_series && x0->size(1) == s.n_channels && x0->size(2) == s.width - 1),
      "`x0` must be (batch, channel, taps - 1)");
  return s;
}

template <typename T>
Tensor forward(const CausalConv1dShape& s, const Tensor& x, const Tensor& weight, const OptionalTensor& bias,
               const OptionalTensor& x0) {
  Tensor y = make_output<T>(x, {x.size(0), x.size(1), x.size(2)});
  const marey::scan::CausalConv1d<T> a{
      s, data<T>(x, "x"), data<T>(weight, "weight"), data<T>(bias, "bias"), data<T>(x0, "x0"), mutable_data<T>(y)};
  torch::stable::parallel_for(0, s.items(), s.grain(),
                              [&](std::int64_t begin, std::int64_t end) { marey::scan::causal_conv1d(a, begin, end); });
  return y;
}

Tensor causal_conv1d(const Tensor x, const Tensor weight, const OptionalTensor bias, const OptionalTensor x0, bool silu,
                     bool channels_last) {
  const CausalConv1dShape s = checked_shape(x, weight, bias, x0, silu, channels_last);
  return x.scalar_type() == ScalarType::Double ? forward<double>(s, x, weight, bias, x0)
                                               : forward<float>(s, x, weight, bias, x0);
}

using Gradients = std::tuple<Tensor, Tensor, Tensor, Tensor>;

template <typename T>
Gradients backward(const CausalConv1dShape& s, const Tensor& grad_y, const Tensor& x, const Tensor& weight,
                   const OptionalTensor& bias, const OptionalTensor& x0) {
  Tensor grad_x = make_output<T>(x, {x.size(0), x.size(1), x.size(2)});
  Tensor grad_weight = make_output<T>(x, {s.n_channels, s.width}), grad_bias = make_output<T>(x, {s.n_channels});
  Tensor grad_x0 = make_output<T>(x, {s.n_series, s.n_channels, s.width - 1});
  const marey::scan::CausalConv1dBackward<T> a{s,
                                               data<T>(grad_y, "grad_y"),
                                               data<T>(x, "x"),
                                               data<T>(weight, "weight"),
                                               data<T>(bias, "bias"),
                                               data<T>(x0, "x0"),
                                               mutable_data<T>(grad_x),
                                               mutable_data<T>(grad_x0),
                                               mutable_data<T>(grad_weight),
                                               mutable_data<T>(grad_bias)};
  std::vector<double> workspace(marey::scan::causal_conv1d_backward_workspace(s));
  torch::stable::parallel_for(0, s.items(), s.grain(), [&](std::int64_t begin, std::int64_t end) {
    marey::scan::causal_conv1d_backward(a, workspace.data(), begin, end);
  });
  marey::scan::causal_conv1d_backward_finish(a, workspace.data());
  return {grad_x, grad_weight, grad_bias, grad_x0};
}

Gradients causal_conv1d_backward(const Tensor grad_y, const Tensor x, const Tensor weight, const OptionalTensor bias,
                                 const OptionalTensor x0, bool silu, bool channels_last) {
  const CausalConv1dShape s = checked_shape(x, weight, bias, x0, silu, channels_last);
  STD_TORCH_CHECK(grad_y.numel() == x.numel(), "`grad_y` must be shaped like `x`");
  return x.scalar_type() == ScalarType::Double ? backward<double>(s, grad_y, x, weight, bias, x0)
                                               : backward<float>(s, grad_y, x, weight, bias, x0);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("causal_conv1d(Tensor x, Tensor weight, Tensor? bias, Tensor? x0, bool silu, bool channels_last) -> Tensor");
  m.def(
      "causal_conv1d_backward(Tensor grad_y, Tensor x, Tensor weight, Tensor? bias, Tensor? x0, bool silu, bool "
      "channels_last) -> (Tensor grad_x, Tensor grad_weight, Tensor grad_bias, Tensor grad_x0)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("causal_conv1d", TORCH_BOX(&causal_conv1d));
  m.impl("causal_conv1d_backward", TORCH_BOX(&causal_conv1d_backward));
}
