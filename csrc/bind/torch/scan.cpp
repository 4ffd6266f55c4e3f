#include "scan.hpp"

#include <algorithm>
#include <vector>

using namespace marey::torch_ops;
using marey::scan::DecayScanShape;

namespace {

DecayScanShape checked_shape(const Tensor& x, const Tensor& dt, const Tensor& rate, const OptionalTensor& mask,
                             const OptionalTensor& offsets, bool channels_last) {
  const DecayScanShape shape = decay_scan_shape(x, dt, rate, mask, offsets, channels_last);
  if (offsets) check_offsets(*offsets, shape.total);
  return shape;
}

// Items to a thread so that it has work for more than its start costs.
std::int64_t grain(const DecayScanShape& s, std::int64_t items) {
  return std::max<std::int64_t>(1, items * 32768 / std::max<std::int64_t>(1, s.total * s.n_channels));
}

std::tuple<Tensor, Tensor> decay_scan(const Tensor x, const Tensor dt, const Tensor rate, const OptionalTensor h0,
                                      const OptionalTensor mask, const OptionalTensor offsets, bool channels_last) {
  const DecayScanShape shape = checked_shape(x, dt, rate, mask, offsets, channels_last);
  return with_types(x, h0, [&]<typename T, typename S>() {
    const DecayScanCall<T, S> call(shape, x, dt, rate, h0);
    const std::int64_t items = marey::scan::decay_scan_items(shape);
    torch::stable::parallel_for(0, items, grain(shape, items), [&](std::int64_t begin, std::int64_t end) {
      marey::scan::decay_scan(call.a, begin, end);
    });
    return call.results();
  });
}

std::tuple<Tensor, Tensor, Tensor, Tensor> decay_scan_backward(const Tensor grad_h, const Tensor grad_hT,
                                                               const Tensor h, const Tensor dt, const Tensor rate,
                                                               const OptionalTensor h0, const OptionalTensor mask,
                                                               const OptionalTensor offsets, bool channels_last) {
  const DecayScanShape shape = checked_shape(h, dt, rate, mask, offsets, channels_last);
  return with_types(h, grad_hT, [&]<typename T, typename S>() {
    const DecayScanBackwardCall<T, S> call(shape, grad_h, grad_hT, h, dt, rate, h0);
    std::vector<double> workspace(marey::scan::decay_scan_backward_workspace(shape));
    const std::int64_t items = marey::scan::decay_scan_items(shape);
    torch::stable::parallel_for(0, items, grain(shape, items), [&](std::int64_t begin, std::int64_t end) {
      marey::scan::decay_scan_backward(call.a, workspace.data(), begin, end);
    });
    marey::scan::decay_scan_backward_finish(call.a, workspace.data());
    return call.results();
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "decay_scan(Tensor x, Tensor dt, Tensor rate, Tensor? h0, Tensor? mask, Tensor? offsets, bool "
      "channels_last)"
      " -> (Tensor h, Tensor hT)");
  m.def(
      "decay_scan_backward(Tensor grad_h, Tensor grad_hT, Tensor h, Tensor dt, Tensor rate, Tensor? h0, "
      "Tensor? mask,"
      " Tensor? offsets, bool channels_last) -> (Tensor grad_x, Tensor grad_dt, Tensor grad_rate, Tensor "
      "grad_h0)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("decay_scan", TORCH_BOX(&decay_scan));
  m.impl("decay_scan_backward", TORCH_BOX(&decay_scan_backward));
}
