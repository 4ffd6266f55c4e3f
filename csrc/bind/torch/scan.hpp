// The arguments of decay_scan's torch operators, checked and laid out for the kernels of any device.
#pragma once
#include <tuple>

#include "marey/scan/decay_scan.hpp"
#include "tensors.hpp"

namespace marey::torch_ops {

// x is (B, D, T), or (B, T, D) with channels_last; packed: B = 1 and T is the total of all series. The values of
// offsets are left to the caller.
inline scan::DecayScanShape decay_scan_shape(const Tensor& x, const Tensor& dt, const Tensor& rate,
                                             const OptionalTensor& mask, const OptionalTensor& offsets,
                                             bool channels_last) {
  STD_TORCH_CHECK(x.dim() == 3, "`x` must have three axes");
  const std::int64_t batch = x.size(0), channels = x.size(channels_last ? 2 : 1),
                     length = x.size(channels_last ? 1 : 2);
  STD_TORCH_CHECK(rate.dim() == 1 && rate.size(0) == channels, "`rate` must have one value a channel");
  STD_TORCH_CHECK(dt.dim() == 2 && dt.size(0) == batch && dt.size(1) == length, "`dt` must be (batch, time)");
  scan::DecayScanShape s;
  s.n_series = batch;
  s.n_channels = channels;
  s.length = length;
  s.total = batch * length;
  s.channels_last = channels_last;
  if (offsets) {
    STD_TORCH_CHECK(batch == 1, "packed `x` has no batch axis");
    STD_TORCH_CHECK(offsets->dim() == 1 && offsets->numel() > 0, "`offsets` must be one-dimensional and not empty");
    STD_TORCH_CHECK(offsets->numel() > 1 || length == 0, "`offsets` must end with the number of values");
    s.n_series = offsets->numel() - 1;
    s.offsets = data<std::int64_t>(*offsets, "offsets");
  }
  if (mask) {
    s.mask_kind = mask->dim() == 2 ? scan::MaskKind::shared : scan::MaskKind::per_channel;
    STD_TORCH_CHECK(mask->numel() == (mask->dim() == 2 ? dt.numel() : x.numel()),
                    "`mask` must be shaped like `dt` or `x`");
    s.mask = reinterpret_cast<const std::uint8_t*>(data<bool>(*mask, "mask"));
  }
  return s;
}

inline void check_state(const OptionalTensor& state, const scan::DecayScanShape& s, const char* name) {
  STD_TORCH_CHECK(!state || (state->dim() == 2 && state->size(0) == s.n_series && state->size(1) == s.n_channels), "`",
                  name, "` must be (series, channel)");
}

template <typename T, typename S>
struct DecayScanCall {
  Tensor h, hT;
  scan::DecayScan<T, S> a;

  DecayScanCall(const scan::DecayScanShape& shape, const Tensor& x, const Tensor& dt, const Tensor& rate,
                const OptionalTensor& h0)
      : h(make_output<T>(x, {x.size(0), x.size(1), x.size(2)})),
        hT(make_output<S>(x, {shape.n_series, shape.n_channels})),
        a{shape,
          data<T>(x, "x"),
          data<T>(dt, "dt"),
          data<T>(rate, "rate"),
          data<S>(h0, "h0"),
          mutable_data<T>(h),
          mutable_data<S>(hT)} {
    check_state(h0, shape, "h0");
  }

  std::tuple<Tensor, Tensor> results() const { return {h, hT}; }
};

template <typename T, typename S>
struct DecayScanBackwardCall {
  Tensor grad_x, grad_dt, grad_rate, grad_h0;
  scan::DecayScanBackward<T, S> a;

  DecayScanBackwardCall(const scan::DecayScanShape& shape, const Tensor& grad_h, const Tensor& grad_hT, const Tensor& h,
                        const Tensor& dt, const Tensor& rate, const OptionalTensor& h0)
      : grad_x(make_output<T>(h, {h.size(0), h.size(1), h.size(2)})),
        grad_dt(make_output<T>(h, {dt.size(0), dt.size(1)})),
        grad_rate(make_output<T>(h, {shape.n_channels})),
        grad_h0(make_output<S>(h, {shape.n_series, shape.n_channels})),
        a{shape,
          data<T>(grad_h, "grad_h"),
          data<T>(h, "h"),
          data<T>(dt, "dt"),
          data<T>(rate, "rate"),
          data<S>(h0, "h0"),
          data<S>(grad_hT, "grad_hT"),
          mutable_data<T>(grad_x),
          mutable_data<T>(grad_dt),
          mutable_data<T>(grad_rate),
          mutable_data<S>(grad_h0)} {
    check_state(h0, shape, "h0");
    check_state(grad_hT, shape, "grad_hT");
    STD_TORCH_CHECK(grad_h.numel() == h.numel(), "`grad_h` must be shaped like `h`");
  }

  std::tuple<Tensor, Tensor, Tensor, Tensor> results() const { return {grad_x, grad_dt, grad_rate, grad_h0}; }
};

// Calls run.operator()<T, S>() for the types of a signal and of the state beside it (none: the signal's).
template <typename Run>
auto with_types(const Tensor& signal, const OptionalTensor& state, const Run& run) {
  if (signal.scalar_type() == ScalarType::Double) return run.template operator()<double, double>();
  if (state && state->scalar_type() == ScalarType::Double) return run.template operator()<float, double>();
  return run.template operator()<float, float>();
}

}  // namespace marey::torch_ops
