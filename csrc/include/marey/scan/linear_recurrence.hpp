// First-order linear recurrence with a coefficient a step:  h_t = a_t h_{t-1} + x_t, real or complex.
//
// Layout: x, h are [series][channel][time], or [series][time][channel] with channels_last; complex numbers are pairs
// (re, im), the innermost axis. `a` has x's layout, any of its axes of length one where it does not vary. h0, hT are
// [series][channel]. `reverse` runs from the last step to the first; "before" below is in the order of running. At a
// step marked in `reset`, [series][channel or 1][time], the state before it is forgotten: h_t = x_t, and a_t is not
// read. The state is double whatever the signal's type. Cost: a and x read once, h written once, one multiply-add a
// step (four of them if complex).
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::scan {

struct LinearRecurrenceShape {
  std::int64_t n_series = 0, n_channels = 0, length = 0;
  bool is_complex = false, reverse = false, channels_last = false;
  bool a_per_series = true, a_per_channel = true, a_per_step = true;
  const std::uint8_t* reset = nullptr;
  bool reset_per_channel = false;
};

// T: type of the signal (float, double). S: type of the state at the ends (T or double).
template <typename T, typename S>
struct LinearRecurrence {
  LinearRecurrenceShape shape;
  const T *a, *x;
  const S* h0;  // nullptr: zero
  T* h;
  S* hT;
};

// With g_t = dL/dh_t through everything after:  g_t = grad_h_t + conj(a_{t+1}) g_{t+1},  grad_x_t = g_t,
// grad_a_t = g_t conj(h_{t-1}),  grad_h0 = conj(a_0) g_0, started by grad_hT. grad_a has a value for every series,
// channel and, if a_per_step, step; what an axis of length one adds up to is left to the caller.
template <typename T, typename S>
struct LinearRecurrenceBackward {
  LinearRecurrenceShape shape;
  const T *grad_h, *h, *a;
  const S *h0, *grad_hT;  // either may be nullptr: zero
  T *grad_a, *grad_x;
  S* grad_h0;
};

// Both directions work on the items [begin, end) of linear_recurrence_items(): ranges in any order and on any threads
// give the same bits.
std::int64_t linear_recurrence_items(const LinearRecurrenceShape& shape) noexcept;
std::int64_t linear_recurrence_grain(const LinearRecurrenceShape& shape) noexcept;  // items worth a thread
template <typename T, typename S>
void linear_recurrence(const LinearRecurrence<T, S>& a, std::int64_t begin, std::int64_t end) noexcept;
template <typename T, typename S>
void linear_recurrence_backward(const LinearRecurrenceBackward<T, S>& a, std::int64_t begin, std::int64_t end) noexcept;

// Channels of an item: a multiple of every level's lanes. With time last the rows of all series stand in one line, so
// that series of one channel fill the lanes too; with channels last they are a few cache lines side by side.
inline constexpr std::int64_t linear_recurrence_rows = 8, linear_recurrence_rows_last = 64;
inline std::int64_t linear_recurrence_item_rows(const LinearRecurrenceShape& s) {
  return s.channels_last ? linear_recurrence_rows_last : linear_recurrence_rows;
}

MAREY_DECLARE_PER_ISA(template <typename T, typename S>
                      void linear_recurrence_kernel(const LinearRecurrence<T, S>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T, typename S>
                      void linear_recurrence_backward_kernel(const LinearRecurrenceBackward<T, S>&, std::int64_t,
                                                             std::int64_t) noexcept)

}  // namespace marey::scan
