// The arguments of selective_scan's torch operators, checked for the kernels of any device.
#pragma once
#include <initializer_list>
#include <tuple>
#include <vector>

#include "marey/scan/selective_scan.hpp"
#include "tensors.hpp"

namespace marey::torch_ops {

struct SelectiveScanArguments {
  const Tensor &u, &delta, &A, &B, &C;
  const OptionalTensor &D, &z, &delta_bias, &h0, &dt_scale, &reset;
};

inline void check_shape(const OptionalTensor& tensor, std::initializer_list<std::int64_t> shape, const char* name,
                        const char* meaning) {
  if (!tensor) return;
  bool right = tensor->dim() == std::int64_t(shape.size());
  for (std::int64_t i = 0; right && i < tensor->dim(); ++i) right = tensor->size(i) == shape.begin()[i];
  STD_TORCH_CHECK(right, "`", name, "` must be ", meaning);
}

// u, delta, z are (B, D, T), or (B, T, D) with channels_last; B and C (D, N) or (B, G, N, T), or (B, G, T, N).
inline scan::SelectiveScanShape selective_scan_shape(const SelectiveScanArguments& a, bool softplus,
                                                     bool channels_last) {
  STD_TORCH_CHECK(a.u.dim() == 3 && a.A.dim() == 2, "`u` must have three axes and `A` two");
  scan::SelectiveScanShape s;
  s.n_series = a.u.size(0);
  s.n_channels = a.u.size(channels_last ? 2 : 1);
  s.length = a.u.size(channels_last ? 1 : 2);
  s.n_states = a.A.size(1);
  s.B_varies = a.B.dim() == 4;
  s.C_varies = a.C.dim() == 4;
  s.n_groups = s.B_varies ? a.B.size(1) : s.C_varies ? a.C.size(1) : 1;
  s.softplus = softplus;
  s.channels_last = channels_last;
  STD_TORCH_CHECK(s.n_groups > 0 && s.n_channels % s.n_groups == 0,
                  "the groups of `B` and `C` must divide the channels");
  STD_TORCH_CHECK(s.n_states <= s.most_states, "`A` has more than 256 states");
  const auto signal = {a.u.size(0), a.u.size(1), a.u.size(2)}, of_state = {s.n_channels, s.n_states};
  const auto varying = {s.n_series, s.n_groups, channels_last ? s.length : s.n_states,
                        channels_last ? s.n_states : s.length};
  check_shape(a.delta, signal, "delta", "shaped like `u`");
  check_shape(a.A, of_state, "A", "(channel, state)");
  check_shape(a.B, s.B_varies ? varying : of_state, "B", "(channel, state) or (batch, group, state, time)");
  check_shape(a.C, s.C_varies ? varying : of_state, "C", "(channel, state) or (batch, group, state, time)");
  check_shape(a.D, {s.n_channels}, "D", "(channel)");
  check_shape(a.z, signal, "z", "shaped like `u`");
  check_shape(a.delta_bias, {s.n_channels}, "delta_bias", "(channel)");
  check_shape(a.h0, {s.n_series, s.n_channels, s.n_states}, "h0", "(batch, channel, state)");
  check_shape(a.dt_scale, {s.n_series, s.length}, "dt_scale", "(batch, time)");
  check_shape(a.reset, {s.n_series, s.length}, "reset", "(batch, time)");
  s.reset = reinterpret_cast<const std::uint8_t*>(data<bool>(a.reset, "reset"));
  return s;
}

inline void check_gradients(const scan::SelectiveScanShape& s, const SelectiveScanArguments& a, const Tensor& grad_out,
                            const OptionalTensor& grad_hT) {
  check_shape(grad_out, {a.u.size(0), a.u.size(1), a.u.size(2)}, "grad_out", "shaped like `u`");
  check_shape(grad_hT, {s.n_series, s.n_channels, s.n_states}, "grad_hT", "(batch, channel, state)");
}

// Of the same shape, type T; without elements where there is no such argument.
template <typename T>
Tensor gradient_of(const Tensor& like, const OptionalTensor& argument) {
  if (!argument) return torch::stable::new_empty(like, {0}, scalar_type<T>);
  std::vector<std::int64_t> shape;
  for (std::int64_t i = 0; i < argument->dim(); ++i) shape.push_back(argument->size(i));
  return torch::stable::new_empty(like, torch::headeronly::IntHeaderOnlyArrayRef(shape.data(), shape.size()),
                                  scalar_type<T>);
}
template <typename T>
T* gradient_data(Tensor& gradient, const OptionalTensor& argument) {
  return argument ? mutable_data<T>(gradient) : nullptr;
}

using SelectiveScanResults = std::tuple<Tensor, Tensor, Tensor>;
using SelectiveScanGradients =
    std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>;

}  // namespace marey::torch_ops
