// The selective state space of Mamba (Gu & Dao, arXiv:2312.00752, section 3), for every channel d and state n:
//
//   dt_t = s_t softplus(delta_t + bias)        (softplus and bias as asked; s_t = 1 without dt_scale)
//   h_t  = exp(dt_t A) h_{t-1} + dt_t B_t u_t  (h_{t-1} forgotten where reset_t)
//   out_t = (sum_n C_t h_t + D u_t) silu(z_t)  (without z, the sum alone)
//
// Layout: u, delta, z, out [series][channel][time]; A [channel][state]; B, C [series][group][state][time], or
// [channel][state] where they do not vary; channels d of a group lie together. `channels_last` puts time before the
// channel or the state. h0, hT [series][channel][state]; dt_scale, reset [series][time]. State and arithmetic are in
// the signal's type. Cost: one exp and 3 multiply-adds an element and state.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::scan {

struct SelectiveScanShape {
  std::int64_t n_series = 0, n_channels = 0, length = 0, n_states = 0, n_groups = 1;
  bool B_varies = true, C_varies = true, softplus = false, channels_last = false;
  const std::uint8_t* reset = nullptr;

  // The gradient starts again from the state before every chunk_steps steps. Work is cut into items of slice_channels
  // channels of one group and series: ranges of items in any order and on any threads give the same bits.
  static constexpr std::int64_t chunk_steps = 64, slice_channels = 64, most_states = 256;
  std::int64_t chunks() const { return (length + chunk_steps - 1) / chunk_steps; }
  constexpr std::int64_t group_channels() const { return n_channels / n_groups; }
  std::int64_t slices() const { return (group_channels() + slice_channels - 1) / slice_channels; }
  std::int64_t items() const { return n_series * n_groups * slices(); }
  // Items to a thread so that it has work for more than its start costs.
  std::int64_t grain() const {
    const std::int64_t of_item = length * n_states * (group_channels() < 64 ? 16 : 64) + 1;
    return 1 + 200000 / of_item;
  }
};

template <typename T>
struct SelectiveScan {
  SelectiveScanShape shape;
  const T *u, *delta, *A, *B, *C;
  const T *D, *z, *delta_bias, *h0, *dt_scale;  // any may be nullptr
  T *out, *hT;
  T* states;  // [series][chunk][state][channel], the state before each chunk; nullptr: not wanted
};

// With g_t = dL/dh_t through all later steps and y_t what the gate multiplies:
//   grad_y_t = silu(z_t) grad_out_t,   grad_z_t = silu'(z_t) y_t grad_out_t,
//   g_t = C_t grad_y_t + exp(dt_{t+1} A) g_{t+1},   grad_C_t = sum_d h_t grad_y_t,   grad_B_t = sum_d dt_t u_t g_t,
//   grad_u_t = D grad_y_t + dt_t sum_n B_t g_t,   grad_A = sum_t dt_t e_t,
//   grad_dt_t = u_t sum_n B_t g_t + sum_n A e_t   with e_t = exp(dt_t A) h_{t-1} g_t.
template <typename T>
struct SelectiveScanBackward {
  SelectiveScan<T> forward;  // its states are read; out and hT are not used
  const T *grad_out, *grad_hT;
  T *grad_u, *grad_delta, *grad_A, *grad_B, *grad_C;
  T *grad_D, *grad_z, *grad_delta_bias, *grad_h0, *grad_dt_scale;  // nullptr where the argument is
};

template <typename T>
void selective_scan(const SelectiveScan<T>& a, std::int64_t begin, std::int64_t end) noexcept;

// What items add to gradients that several of them share; selective_scan_backward_finish sums it up in a fixed order.
template <typename T>
struct SelectiveScanSums {
  static std::int64_t n_parameters(const SelectiveScanShape& s) {
    return s.items() * (3 * s.n_states + 2) * s.slice_channels;
  }
  static std::int64_t n_steps(const SelectiveScanShape& s) { return s.items() * (2 * s.n_states + 1) * s.length; }
  // Of a range of items, for itself.
  static std::int64_t n_scratch(const SelectiveScanShape& s) {
    return s.n_states * (s.slice_channels + 2 * s.chunk_steps * 16) + 16;
  }

  double* parameters;  // [item][A: n, B: n, C: n, D, delta_bias][channel of the slice]
  T* steps;            // [item][B: n, C: n, dt_scale][time]
};

template <typename T>
void selective_scan_backward(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& sums, T* scratch,
                             std::int64_t begin, std::int64_t end) noexcept;
template <typename T>
void selective_scan_backward_finish(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& sums) noexcept;

MAREY_DECLARE_PER_ISA(template <typename T>
                      void selective_scan_kernel(const SelectiveScan<T>&, std::int64_t, std::int64_t) noexcept;
                      template <typename T>
                      void selective_scan_backward_kernel(const SelectiveScanBackward<T>&, const SelectiveScanSums<T>&,
                                                          T*, std::int64_t, std::int64_t) noexcept)

}  // namespace marey::scan
