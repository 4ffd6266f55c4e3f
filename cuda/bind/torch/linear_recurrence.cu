#include <tuple>

#include "device.cuh"
#include "linear_recurrence.hpp"
#include "marey/cuda/linear_recurrence.cuh"

namespace marey::torch_ops {

template <>
inline constexpr ScalarType scalar_type<cuda::bfloat16> = ScalarType::BFloat16;

}  // namespace marey::torch_ops

using namespace marey::torch_ops;

namespace {

marey::scan::LinearRecurrenceShape shape_of(const OnDevice& device, const Tensor& a, const Tensor& x,
                                            const OptionalTensor& h0, const OptionalTensor& reset, bool is_complex,
                                            bool reverse, bool channels_last) {
  device.check(a, "a");
  device.check(x, "x");
  device.check(h0, "h0");
  device.check(reset, "reset");
  STD_TORCH_CHECK(!is_complex, "complex numbers have no CUDA kernel yet");
  auto shape = linear_recurrence_shape(a, x, reset, is_complex, reverse, channels_last);
  STD_TORCH_CHECK(shape.a_per_series && shape.a_per_channel && shape.a_per_step,
                  "on a GPU `a` must be shaped like `x`");
  STD_TORCH_CHECK(!shape.reset_per_channel || !channels_last || shape.n_channels == 1,
                  "on a GPU a reset for each channel needs time last");
  if (shape.n_channels == 1) shape.reset_per_channel = false;
  return shape;
}

template <typename Run>
auto with_types(const Tensor& signal, const OptionalTensor& state, const Run& run) {
  if (signal.scalar_type() == ScalarType::BFloat16) return run.template operator()<marey::cuda::bfloat16, float>();
  if (signal.scalar_type() == ScalarType::Double) return run.template operator()<double, double>();
  if (state && state->scalar_type() == ScalarType::Double) return run.template operator()<float, double>();
  return run.template operator()<float, float>();
}

std::tuple<Tensor, Tensor> linear_recurrence(const Tensor a, const Tensor x, const OptionalTensor h0,
                                             const OptionalTensor reset, bool is_complex, bool reverse,
                                             bool channels_last) {
  const OnDevice device(x);
  const auto shape = shape_of(device, a, x, h0, reset, is_complex, reverse, channels_last);
  return with_types(x, h0, [&]<typename T, typename S>() {
    const LinearRecurrenceCall<T, S> call(shape, a, x, h0);
    Tensor workspace = make_workspace(x, marey::cuda::linear_recurrence_workspace<T>(shape));
    STD_CUDA_CHECK(marey::cuda::linear_recurrence(call.a, workspace.mutable_data_ptr(), device.stream()));
    return call.results();
  });
}

std::tuple<Tensor, Tensor, Tensor> linear_recurrence_backward(const Tensor grad_h, const Tensor grad_hT, const Tensor h,
                                                              const Tensor a, const OptionalTensor h0,
                                                              const OptionalTensor reset, bool is_complex, bool reverse,
                                                              bool channels_last) {
  const OnDevice device(h);
  const auto shape = shape_of(device, a, h, h0, reset, is_complex, reverse, channels_last);
  device.check(grad_h, "grad_h");
  device.check(grad_hT, "grad_hT");
  return with_types(h, grad_hT, [&]<typename T, typename S>() {
    const LinearRecurrenceBackwardCall<T, S> call(shape, grad_h, grad_hT, h, a, h0);
    Tensor workspace = make_workspace(h, marey::cuda::linear_recurrence_workspace<T>(shape));
    STD_CUDA_CHECK(marey::cuda::linear_recurrence_backward(call.a, workspace.mutable_data_ptr(), device.stream()));
    return call.results();
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("linear_recurrence", TORCH_BOX(&linear_recurrence));
  m.impl("linear_recurrence_backward", TORCH_BOX(&linear_recurrence_backward));
}
