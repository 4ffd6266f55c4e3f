// Gated first-order recurrence over irregular time:  h_t = exp(-rate * dt_t) * h_{t-1} + m_t * x_t.
//
// Layout: n_series series of n_channels channels. Batched (offsets == nullptr): x[series][channel][time] with
// `length` steps each. Packed: x[channel][total], dt[total], series s at offsets[s] .. offsets[s + 1).
// `channels_last` swaps the last two axes of x, h, a per-channel mask and their gradients. h0, hT are
// [series][channel]. The state is kept in double whatever the signal's type. Cost: one exp and one
// multiply-add per element, one read and one write of the signal.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::scan {

enum class MaskKind : std::int32_t { none = 0, shared = 1, per_channel = 2 };

struct DecayScanShape {
  std::int64_t n_series = 0, n_channels = 0, length = 0;
  const std::int64_t* offsets = nullptr;
  std::int64_t total = 0;  // steps of all series together
  bool channels_last = false;
  MaskKind mask_kind = MaskKind::none;
  const std::uint8_t* mask = nullptr;
};

// T: type of the signal (float, double). S: type of the state at the ends (T or double).
template <typename T, typename S>
struct DecayScan {
  DecayScanShape shape;
  const T *x, *dt, *rate;
  const S* h0;  // nullptr: zero
  T* h;
  S* hT;
};

template <typename T, typename S>
struct DecayScanBackward {
  DecayScanShape shape;
  const T *grad_h, *h, *dt, *rate;
  const S *h0, *grad_hT;  // either may be nullptr: zero
  T *grad_x, *grad_dt, *grad_rate;
  S* grad_h0;
};

// Both directions work on the items [begin, end) of decay_scan_items(): ranges in any order and on any threads give the
// same bits.
std::int64_t decay_scan_items(const DecayScanShape& shape) noexcept;
template <typename T, typename S>
void decay_scan(const DecayScan<T, S>& a, std::int64_t begin, std::int64_t end) noexcept;

// Backward, items leave what they add to grad_rate and grad_dt in a workspace of so many doubles; after all of them,
// decay_scan_backward_finish sums it up in a fixed order.
std::int64_t decay_scan_backward_workspace(const DecayScanShape& shape) noexcept;
template <typename T, typename S>
void decay_scan_backward(const DecayScanBackward<T, S>& a, double* workspace, std::int64_t begin,
                         std::int64_t end) noexcept;
template <typename T, typename S>
void decay_scan_backward_finish(const DecayScanBackward<T, S>& a, const double* workspace) noexcept;

MAREY_DECLARE_PER_ISA(template <typename T, typename S>
                      void decay_scan_kernel(const DecayScan<T, S>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T, typename S>
                      void decay_scan_backward_kernel(const DecayScanBackward<T, S>&, double*, std::int64_t,
                                                      std::int64_t) noexcept)

}  // namespace marey::scan
