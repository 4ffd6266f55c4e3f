#include <tuple>

#include "device.cuh"
#include "distance.hpp"
#include "marey/cuda/distance.cuh"

using namespace marey::torch_ops;

namespace {

Tensor dtw_cdist(const Tensor x, const OptionalTensor y, const OptionalTensor x_offsets, const OptionalTensor y_offsets,
                 std::int64_t window) {
  const OnDevice device(x);
  device.check(y, "y");
  device.check(x_offsets, "x_offsets");
  device.check(y_offsets, "y_offsets");
  return by_dtype(x, [&]<typename T>(T) {
    const auto s = sets<T>(x, y, x_offsets, y_offsets, window);
    Tensor out = make_output<T>(x, {s.x.n, s.y.n});
    const marey::distance::Cdist<T> a{s.x, s.y, window, !y, nullptr, nullptr, mutable_data<T>(out)};
    Tensor workspace = make_workspace(x, marey::cuda::dtw_cdist_workspace(a));
    STD_CUDA_CHECK(marey::cuda::dtw_cdist(a, workspace.mutable_data_ptr(), device.stream()));
    return out;
  });
}

void check(const OnDevice& device, const Tensor& y, const OptionalTensor& x_lengths, const OptionalTensor& y_lengths) {
  device.check(y, "y");
  device.check(x_lengths, "x_lengths");
  device.check(y_lengths, "y_lengths");
}

Tensor soft_dtw(const Tensor x, const Tensor y, const OptionalTensor x_lengths, const OptionalTensor y_lengths,
                double gamma, std::int64_t window) {
  const OnDevice device(x);
  check(device, y, x_lengths, y_lengths);
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = soft_pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
    Tensor out = make_output<T>(x, {a.n_pairs});
    Tensor workspace = make_workspace(x, marey::cuda::soft_dtw_workspace(a));
    STD_CUDA_CHECK(marey::cuda::soft_dtw(a, mutable_data<T>(out), workspace.mutable_data_ptr(), device.stream()));
    return out;
  });
}

std::tuple<Tensor, Tensor> soft_dtw_backward(const Tensor grad, const Tensor x, const Tensor y,
                                             const OptionalTensor x_lengths, const OptionalTensor y_lengths,
                                             double gamma, std::int64_t window) {
  const OnDevice device(x);
  device.check(grad, "grad");
  check(device, y, x_lengths, y_lengths);
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = soft_pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
    STD_TORCH_CHECK(grad.dim() == 1 && grad.numel() == a.n_pairs, "`grad` must have one value a pair");
    Tensor grad_x = make_output<T>(x, {a.n_pairs, a.channels, a.n});
    Tensor grad_y = make_output<T>(y, {a.n_pairs, a.channels, a.m});
    Tensor workspace = make_workspace(x, marey::cuda::soft_dtw_backward_workspace(a));
    STD_CUDA_CHECK(marey::cuda::soft_dtw_backward(a, data<T>(grad, "grad"), mutable_data<T>(grad_x),
                                                  mutable_data<T>(grad_y), workspace.mutable_data_ptr(),
                                                  device.stream()));
    return std::tuple<Tensor, Tensor>(grad_x, grad_y);
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("dtw_cdist", TORCH_BOX(&dtw_cdist));
  m.impl("soft_dtw", TORCH_BOX(&soft_dtw));
  m.impl("soft_dtw_backward", TORCH_BOX(&soft_dtw_backward));
}
