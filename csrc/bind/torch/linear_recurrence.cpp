#include "linear_recurrence.hpp"

#include "scan.hpp"

using namespace marey::torch_ops;

namespace {

std::tuple<Tensor, Tensor> linear_recurrence(const Tensor a, const Tensor x, const OptionalTensor h0,
                                             const OptionalTensor reset, bool is_complex, bool reverse,
                                             bool channels_last) {
  const auto shape = linear_recurrence_shape(a, x, reset, is_complex, reverse, channels_last);
  return with_types(x, h0, [&]<typename T, typename S>() {
    const LinearRecurrenceCall<T, S> call(shape, a, x, h0);
    torch::stable::parallel_for(
        0, marey::scan::linear_recurrence_items(shape), marey::scan::linear_recurrence_grain(shape),
        [&](std::int64_t begin, std::int64_t end) { marey::scan::linear_recurrence(call.a, begin, end); });
    return call.results();
  });
}

std::tuple<Tensor, Tensor, Tensor> linear_recurrence_backward(const Tensor grad_h, const Tensor grad_hT, const Tensor h,
                                                              const Tensor a, const OptionalTensor h0,
                                                              const OptionalTensor reset, bool is_complex, bool reverse,
                                                              bool channels_last) {
  const auto shape = linear_recurrence_shape(a, h, reset, is_complex, reverse, channels_last);
  return with_types(h, grad_hT, [&]<typename T, typename S>() {
    const LinearRecurrenceBackwardCall<T, S> call(shape, grad_h, grad_hT, h, a, h0);
    torch::stable::parallel_for(
        0, marey::scan::linear_recurrence_items(shape), marey::scan::linear_recurrence_grain(shape),
        [&](std::int64_t begin, std::int64_t end) { marey::scan::linear_recurrence_backward(call.a, begin, end); });
    return call.results();
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "linear_recurrence(Tensor a, Tensor x, Tensor? h0, Tensor? reset, bool is_complex, bool reverse, bool "
      "channels_last) -> (Tensor h, Tensor hT)");
  m.def(
      "linear_recurrence_backward(Tensor grad_h, Tensor grad_hT, Tensor h, Tensor a, Tensor? h0, Tensor? reset, bool "
      "is_complex, bool reverse, bool channels_last) -> (Tensor grad_a, Tensor grad_x, Tensor grad_h0)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("linear_recurrence", TORCH_BOX(&linear_recurrence));
  m.impl("linear_recurrence_backward", TORCH_BOX(&linear_recurrence_backward));
}
