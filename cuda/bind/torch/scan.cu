#include "device.cuh"
#include "marey/cuda/decay_scan.cuh"
#include "scan.hpp"

using namespace marey::torch_ops;

namespace {

std::tuple<Tensor, Tensor> decay_scan(const Tensor x, const Tensor dt, const Tensor rate, const OptionalTensor h0,
                                      const OptionalTensor mask, const OptionalTensor offsets, bool channels_last) {
  const OnDevice device(x);
  device.check(x, "x");
  device.check(dt, "dt");
  device.check(rate, "rate");
  device.check(h0, "h0");
  device.check(mask, "mask");
  device.check(offsets, "offsets");
  const auto shape = decay_scan_shape(x, dt, rate, mask, offsets, channels_last);
  return with_types(x, h0, [&]<typename T, typename S>() {
    const DecayScanCall<T, S> call(shape, x, dt, rate, h0);
    Tensor workspace = make_workspace(x, marey::cuda::decay_scan_workspace<T>(shape));
    STD_CUDA_CHECK(marey::cuda::decay_scan(call.a, workspace.mutable_data_ptr(), device.stream()));
    return call.results();
  });
}

std::tuple<Tensor, Tensor, Tensor, Tensor> decay_scan_backward(const Tensor grad_h, const Tensor grad_hT,
                                                               const Tensor h, const Tensor dt, const Tensor rate,
                                                               const OptionalTensor h0, const OptionalTensor mask,
                                                               const OptionalTensor offsets, bool channels_last) {
  const OnDevice device(h);
  device.check(h, "h");
  device.check(grad_h, "grad_h");
  device.check(grad_hT, "grad_hT");
  device.check(dt, "dt");
  device.check(rate, "rate");
  device.check(h0, "h0");
  device.check(mask, "mask");
  device.check(offsets, "offsets");
  const auto shape = decay_scan_shape(h, dt, rate, mask, offsets, channels_last);
  return with_types(h, grad_hT, [&]<typename T, typename S>() {
    const DecayScanBackwardCall<T, S> call(shape, grad_h, grad_hT, h, dt, rate, h0);
    Tensor workspace = make_workspace(h, marey::cuda::decay_scan_backward_workspace<T>(shape));
    STD_CUDA_CHECK(marey::cuda::decay_scan_backward(call.a, workspace.mutable_data_ptr(), device.stream()));
    return call.results();
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("decay_scan", TORCH_BOX(&decay_scan));
  m.impl("decay_scan_backward", TORCH_BOX(&decay_scan_backward));
}
