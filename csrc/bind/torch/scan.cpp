#include <algorithm>
#include <tuple>
#include <vector>

#include "marey/scan/decay_scan.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::scan::DecayScanShape;
using marey::scan::MaskKind;

namespace {

// x is (B, D, T), or (B, T, D) with channels_last; packed: B = 1 and T is the total of all series.
DecayScanShape decay_scan_shape(const Tensor& x, const Tensor& dt, const Tensor& rate, const OptionalTensor& mask,
                                const OptionalTensor& offsets, bool channels_last) {
  STD_TORCH_CHECK(x.dim() == 3, "`x` must have three axes");
  const std::int64_t batch = x.size(0), channels = x.size(channels_last ? 2 : 1),
                     length = x.size(channels_last ? 1 : 2);
  STD_TORCH_CHECK(rate.dim() == 1 && rate.size(0) == channels, "`rate` must have one value a channel");
  STD_TORCH_CHECK(dt.dim() == 2 && dt.size(0) == batch && dt.size(1) == length, "`dt` must be (batch, time)");
  DecayScanShape s;
  s.n_series = batch;
  s.n_channels = channels;
  s.length = length;
  s.total = batch * length;
  s.channels_last = channels_last;
  if (offsets) {
    STD_TORCH_CHECK(batch == 1, "packed `x` has no batch axis");
    check_offsets(*offsets, length);
    s.n_series = offsets->numel() - 1;
    s.offsets = data<std::int64_t>(*offsets, "offsets");
  }
  if (mask) {
    s.mask_kind = mask->dim() == 2 ? MaskKind::shared : MaskKind::per_channel;
    STD_TORCH_CHECK(mask->numel() == (mask->dim() == 2 ? dt.numel() : x.numel()),
                    "`mask` must be shaped like `dt` or `x`");
    s.mask = reinterpret_cast<const std::uint8_t*>(data<bool>(*mask, "mask"));
  }
  return s;
}

void check_state(const OptionalTensor& state, const DecayScanShape& s, const char* name) {
  STD_TORCH_CHECK(!state || (state->dim() == 2 && state->size(0) == s.n_series && state->size(1) == s.n_channels), "`",
                  name, "` must be (series, channel)");
}

// Items to a thread so that it has work for more than its start costs.
std::int64_t grain(const DecayScanShape& s, std::int64_t items) {
  return std::max<std::int64_t>(1, items * 32768 / std::max<std::int64_t>(1, s.total * s.n_channels));
}

template <typename T, typename S>
std::tuple<Tensor, Tensor> forward(const Tensor& x, const Tensor& dt, const Tensor& rate, const OptionalTensor& h0,
                                   const OptionalTensor& mask, const OptionalTensor& offsets, bool channels_last) {
  const DecayScanShape shape = decay_scan_shape(x, dt, rate, mask, offsets, channels_last);
  check_state(h0, shape, "h0");
  Tensor h = make_output<T>(x, {x.size(0), x.size(1), x.size(2)});
  Tensor hT = make_output<S>(x, {shape.n_series, shape.n_channels});
  const marey::scan::DecayScan<T, S> a{shape,
                                       data<T>(x, "x"),
                                       data<T>(dt, "dt"),
                                       data<T>(rate, "rate"),
                                       data<S>(h0, "h0"),
                                       mutable_data<T>(h),
                                       mutable_data<S>(hT)};
  const std::int64_t items = marey::scan::decay_scan_items(shape);
  torch::stable::parallel_for(0, items, grain(shape, items),
                              [&](std::int64_t begin, std::int64_t end) { marey::scan::decay_scan(a, begin, end); });
  return {h, hT};
}

std::tuple<Tensor, Tensor> decay_scan(const Tensor x, const Tensor dt, const Tensor rate, const OptionalTensor h0,
                                      const OptionalTensor mask, const OptionalTensor offsets, bool channels_last) {
  if (x.scalar_type() == ScalarType::Double) {
    return forward<double, double>(x, dt, rate, h0, mask, offsets, channels_last);
  }
  if (h0 && h0->scalar_type() == ScalarType::Double) {
    return forward<float, double>(x, dt, rate, h0, mask, offsets, channels_last);
  }
  return forward<float, float>(x, dt, rate, h0, mask, offsets, channels_last);
}

template <typename T, typename S>
std::tuple<Tensor, Tensor, Tensor, Tensor> backward(const Tensor& grad_h, const Tensor& grad_hT, const Tensor& h,
                                                    const Tensor& dt, const Tensor& rate, const OptionalTensor& h0,
                                                    const OptionalTensor& mask, const OptionalTensor& offsets,
                                                    bool channels_last) {
  const DecayScanShape shape = decay_scan_shape(h, dt, rate, mask, offsets, channels_last);
  check_state(h0, shape, "h0");
  check_state(grad_hT, shape, "grad_hT");
  STD_TORCH_CHECK(grad_h.numel() == h.numel(), "`grad_h` must be shaped like `h`");
  Tensor grad_x = make_output<T>(h, {h.size(0), h.size(1), h.size(2)});
  Tensor grad_dt = make_output<T>(h, {dt.size(0), dt.size(1)});
  Tensor grad_rate = make_output<T>(h, {shape.n_channels});
  Tensor grad_h0 = make_output<S>(h, {shape.n_series, shape.n_channels});
  std::vector<double> rate_of_series(shape.n_series * shape.n_channels);
  const marey::scan::DecayScanBackward<T, S> a{shape,
                                               data<T>(grad_h, "grad_h"),
                                               data<T>(h, "h"),
                                               data<T>(dt, "dt"),
                                               data<T>(rate, "rate"),
                                               data<S>(h0, "h0"),
                                               data<S>(grad_hT, "grad_hT"),
                                               mutable_data<T>(grad_x),
                                               mutable_data<T>(grad_dt),
                                               rate_of_series.data(),
                                               mutable_data<S>(grad_h0)};
  torch::stable::parallel_for(
      0, shape.n_series, grain(shape, shape.n_series),
      [&](std::int64_t begin, std::int64_t end) { marey::scan::decay_scan_backward(a, begin, end); });
  T* total = mutable_data<T>(grad_rate);
  for (std::int64_t d = 0; d < shape.n_channels; ++d) {
    double sum = 0.0;
    for (std::int64_t s = 0; s < shape.n_series; ++s) sum += rate_of_series[s * shape.n_channels + d];
    total[d] = T(sum);
  }
  return {grad_x, grad_dt, grad_rate, grad_h0};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> decay_scan_backward(const Tensor grad_h, const Tensor grad_hT,
                                                               const Tensor h, const Tensor dt, const Tensor rate,
                                                               const OptionalTensor h0, const OptionalTensor mask,
                                                               const OptionalTensor offsets, bool channels_last) {
  if (h.scalar_type() == ScalarType::Double) {
    return backward<double, double>(grad_h, grad_hT, h, dt, rate, h0, mask, offsets, channels_last);
  }
  if (grad_hT.scalar_type() == ScalarType::Double) {
    return backward<float, double>(grad_h, grad_hT, h, dt, rate, h0, mask, offsets, channels_last);
  }
  return backward<float, float>(grad_h, grad_hT, h, dt, rate, h0, mask, offsets, channels_last);
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
