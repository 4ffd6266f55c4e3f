// The arguments of linear_recurrence's torch operators, checked and laid out for the kernels of any device.
#pragma once
#include <array>
#include <tuple>

#include "marey/scan/linear_recurrence.hpp"
#include "tensors.hpp"

namespace marey::torch_ops {

// x is (B, D, T), or (B, T, D) with channels_last, and (..., 2) if complex; `a` likewise, its axes of length one where
// it does not vary; reset is (B, D or 1, T).
inline scan::LinearRecurrenceShape linear_recurrence_shape(const Tensor& a, const Tensor& x,
                                                           const OptionalTensor& reset, bool is_complex, bool reverse,
                                                           bool channels_last) {
  const std::int64_t axes = is_complex ? 4 : 3;
  STD_TORCH_CHECK(x.dim() == axes && a.dim() == axes,
                  "`a` and `x` must have three axes, and a last one of two if complex");
  STD_TORCH_CHECK(!is_complex || (x.size(3) == 2 && a.size(3) == 2), "complex numbers must be pairs");
  scan::LinearRecurrenceShape s;
  const int channel = channels_last ? 2 : 1, time = channels_last ? 1 : 2;
  s.n_series = x.size(0);
  s.n_channels = x.size(channel);
  s.length = x.size(time);
  s.is_complex = is_complex;
  s.reverse = reverse;
  s.channels_last = channels_last;
  const auto varies = [&](int axis) {
    STD_TORCH_CHECK(a.size(axis) == x.size(axis) || a.size(axis) == 1, "`a` must have the axes of `x`, or axes of one");
    return a.size(axis) == x.size(axis);
  };
  s.a_per_series = varies(0);
  s.a_per_channel = varies(channel);
  s.a_per_step = varies(time);
  if (reset) {
    STD_TORCH_CHECK(reset->dim() == 3 && reset->size(0) == s.n_series && reset->size(2) == s.length &&
                        (reset->size(1) == 1 || reset->size(1) == s.n_channels),
                    "`reset` must be (batch, channel or 1, time)");
    s.reset = reinterpret_cast<const std::uint8_t*>(data<bool>(*reset, "reset"));
    s.reset_per_channel = reset->size(1) == s.n_channels;
  }
  return s;
}

template <typename T>
Tensor make_numbers(const Tensor& like, const scan::LinearRecurrenceShape& s, std::array<std::int64_t, 3> sizes,
                    std::size_t axes) {
  std::int64_t shape[4];
  std::size_t n = 0;
  for (std::size_t i = 0; i < axes; ++i) shape[n++] = sizes[i];
  if (s.is_complex) shape[n++] = 2;
  return torch::stable::new_empty(like, torch::headeronly::IntHeaderOnlyArrayRef(shape, n), scalar_type<T>);
}

// Outputs: a signal, and a state (series, channel).
template <typename T>
Tensor make_signal(const Tensor& like, const scan::LinearRecurrenceShape& s) {
  return make_numbers<T>(
      like, s, {s.n_series, s.channels_last ? s.length : s.n_channels, s.channels_last ? s.n_channels : s.length}, 3);
}
template <typename S>
Tensor make_state(const Tensor& like, const scan::LinearRecurrenceShape& s) {
  return make_numbers<S>(like, s, {s.n_series, s.n_channels, 0}, 2);
}

inline void check_state(const OptionalTensor& state, const scan::LinearRecurrenceShape& s, const char* name) {
  STD_TORCH_CHECK(!state || (state->dim() == (s.is_complex ? 3 : 2) && state->size(0) == s.n_series &&
                             state->size(1) == s.n_channels && (!s.is_complex || state->size(2) == 2)),
                  "`", name, "` must be (series, channel)");
}

template <typename T, typename S>
struct LinearRecurrenceCall {
  Tensor h, hT;
  scan::LinearRecurrence<T, S> a;

  LinearRecurrenceCall(const scan::LinearRecurrenceShape& shape, const Tensor& coefficients, const Tensor& x,
                       const OptionalTensor& h0)
      : h(make_signal<T>(x, shape)), hT(make_state<S>(x, shape)), a{shape,
                                                                    data<T>(coefficients, "a"),
                                                                    data<T>(x, "x"),
                                                                    data<S>(h0, "h0"),
                                                                    mutable_data<T>(h),
                                                                    mutable_data<S>(hT)} {
    check_state(h0, shape, "h0");
  }

  std::tuple<Tensor, Tensor> results() const { return {h, hT}; }
};

template <typename T, typename S>
struct LinearRecurrenceBackwardCall {
  Tensor grad_a, grad_x, grad_h0;
  scan::LinearRecurrenceBackward<T, S> a;

  LinearRecurrenceBackwardCall(const scan::LinearRecurrenceShape& shape, const Tensor& grad_h, const Tensor& grad_hT,
                               const Tensor& h, const Tensor& coefficients, const OptionalTensor& h0)
      : grad_a(grad_coefficients(h, shape)),
        grad_x(make_signal<T>(h, shape)),
        grad_h0(make_state<S>(h, shape)),
        a{shape,
          data<T>(grad_h, "grad_h"),
          data<T>(h, "h"),
          data<T>(coefficients, "a"),
          data<S>(h0, "h0"),
          data<S>(grad_hT, "grad_hT"),
          mutable_data<T>(grad_a),
          mutable_data<T>(grad_x),
          mutable_data<S>(grad_h0)} {
    check_state(h0, shape, "h0");
    check_state(grad_hT, shape, "grad_hT");
    STD_TORCH_CHECK(grad_h.numel() == h.numel(), "`grad_h` must be shaped like `h`");
  }

  std::tuple<Tensor, Tensor, Tensor> results() const { return {grad_a, grad_x, grad_h0}; }

 private:
  static Tensor grad_coefficients(const Tensor& like, scan::LinearRecurrenceShape s) {
    if (!s.a_per_step) s.length = 1;
    return make_signal<T>(like, s);
  }
};

}  // namespace marey::torch_ops
