// The scan of the S5 layer: a diagonal complex state space, each sample held over a time step of its own,
//   h_t = exp(Lambda dt_t) h_{t-1} + (exp(Lambda dt_t) - 1) / Lambda x_t.
//
// Layout: x, h are [series][state][time], or [series][time][state] with channels_last; complex numbers are pairs
// (re, im). Lambda [state], dt [series][time] real, reset [series][time], h0, hT [series][state]. At a step marked in
// `reset` the state before it is forgotten. State and arithmetic are double whatever the signal's type. Cost: an
// exponential, a sine and a cosine for a state and step, none where dt is that of the step before; x read once, h
// written once.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::scan {

struct S5ScanShape {
  std::int64_t n_series = 0, n_states = 0, length = 0;
  bool channels_last = false;
  const std::uint8_t* reset = nullptr;
};

// T: type of the signal's parts (float, double). S: type of the state at the ends (T or double).
template <typename T, typename S>
struct S5Scan {
  S5ScanShape shape;
  const T *x, *Lambda, *dt;
  const S* h0;  // nullptr: zero
  T* h;
  S* hT;
};

// With a, w the two factors above and g_t = dL/dh_t through everything after:
//   g_t = grad_h_t + conj(a_{t+1}) g_{t+1},  grad_x_t = conj(w_t) g_t,  grad_h0 = conj(a_0) g_0,
//   grad_Lambda = sum_t conj(dt_t a_t h_{t-1} + dw_t/dLambda x_t) g_t,
//   grad_dt_t = sum over states of Re(conj(a_t (Lambda h_{t-1} + x_t)) g_t).
template <typename T, typename S>
struct S5ScanBackward {
  S5ScanShape shape;
  const T *grad_h, *h, *x, *Lambda, *dt;
  const S *h0, *grad_hT;  // either may be nullptr: zero
  T *grad_x, *grad_Lambda, *grad_dt;
  S* grad_h0;
};

// Both directions work on the items [begin, end) of s5_scan_items(): ranges in any order and on any threads give the
// same bits. Backward, items leave what they add to grad_Lambda and grad_dt in a workspace of so many doubles; after
// all of them, s5_scan_backward_finish sums it up in a fixed order.
std::int64_t s5_scan_items(const S5ScanShape& shape) noexcept;
std::int64_t s5_scan_grain(const S5ScanShape& shape) noexcept;  // items worth a thread
template <typename T, typename S>
void s5_scan(const S5Scan<T, S>& a, std::int64_t begin, std::int64_t end) noexcept;

std::int64_t s5_scan_backward_workspace(const S5ScanShape& shape) noexcept;
template <typename T, typename S>
void s5_scan_backward(const S5ScanBackward<T, S>& a, double* workspace, std::int64_t begin, std::int64_t end) noexcept;
template <typename T, typename S>
void s5_scan_backward_finish(const S5ScanBackward<T, S>& a, const double* workspace) noexcept;

inline constexpr std::int64_t s5_scan_rows = 8;  // states of an item: a multiple of every level's lanes
inline std::int64_t s5_scan_blocks(const S5ScanShape& s) { return (s.n_states + s5_scan_rows - 1) / s5_scan_rows; }

MAREY_DECLARE_PER_ISA(template <typename T, typename S>
                      void s5_scan_kernel(const S5Scan<T, S>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T, typename S>
                      void s5_scan_backward_kernel(const S5ScanBackward<T, S>&, double*, std::int64_t,
                                                   std::int64_t) noexcept)

}  // namespace marey::scan
