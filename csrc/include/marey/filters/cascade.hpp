// A cascade of linear filters in transposed direct form II: sosfilt is many sections of order 2, lfilter is one section
// of any order, sosfiltfilt and filtfilt run a cascade forward and then backward over a padded signal.
//
//   y_t = b_0 x_t + z^0_t,   z^i_{t+1} = z^{i+1}_t + b_{i+1} x_t - a_{i+1} y_t   (z^K = 0)
//
// and the sections feed each other. With c_i = b_i - a_i b_0 the state needs no y:
//
//   z^i_{t+1} = z^{i+1}_t + c_{i+1} x_t - a_{i+1} z^0_t
//
// Layout: x, y [channel][time]; states zi, zf [section][channel][order]; coefficients [channel or 1][section][2 order +
// 1] as b_0 .. b_K, a_1 .. a_K, divided by a_0. State and arithmetic are double whatever the signal's type. Cost: 2 K +
// 1 multiply-adds a sample and section; one read and one write of the signal for all sections together.
#pragma once
#include <cstdint>
#include <vector>

#include "marey/core/isa.hpp"
#include "marey/core/status.hpp"

namespace marey::filters {

struct Cascade {
  std::int64_t n_channels = 0, length = 0, n_sections = 0, order = 0;
  const double* coefficients = nullptr;
  bool per_channel = false;             // coefficients of each channel, else one set for all
  bool recursive = true;                // false: every a_i is zero, and a NaN leaves with the last tap
  const std::uint8_t* reset = nullptr;  // [channel or 1][time]: the state is zero before a step marked; nullptr: never
  std::int64_t reset_stride = 0;        // length, or 0 where all channels share a row

  std::int64_t width() const { return 2 * order + 1; }
};

template <typename T>
struct CascadeForward {
  Cascade cascade;
  const T* x;
  const double* zi;  // nullptr: zero
  T* y;
  double* zf;
};

// With l^i_t = dL/dz^i_t and Y_t = dL/dy_t through everything after:
//   Y_t = grad_y_t - sum_i a_{i+1} l^i_{t+1},   grad_x_t = b_0 Y_t + sum_i b_{i+1} l^i_{t+1},   l^0_t = Y_t,
//   l^{i+1}_t = l^i_{t+1};   dL/db_0 = sum_t Y_t x_t,   dL/db_i = sum_t l^{i-1}_{t+1} x_t,   dL/da_i = -sum_t
//   l^{i-1}_{t+1} y_t
// started by l_T = grad_zf; dL/dzi = l_0. The filter run backward in time, direct form II.
template <typename T>
struct CascadeBackward {
  Cascade cascade;
  const T* grad_y;
  const double* grad_zf;
  const T* x;
  const double* zi;  // nullptr: zero
  T* grad_x;
  double* grad_zi;
  double* grad_coefficients;  // [channel][section][2 order + 1]; nullptr: not wanted
};

enum class Padding : std::int32_t { none = 0, odd = 1, even = 2, constant = 3 };

// Forward over the signal extended by `padlen` samples at both ends, then backward, each from the steady state of its
// first sample.
template <typename T>
struct ZeroPhase {
  Cascade cascade;
  const T* x;
  const double* zi;  // [channel or 1][section][order]: state after a long input of ones
  Padding padding;
  std::int64_t padlen;
  T* y;
};

// Rows b_0 .. b_K, a_0 .. a_K of `sections` [rows][2 (K + 1)] divided by a_0; `width` 2 K + 1 each. A zero a_0 is
// refused.
Status normalize(const double* sections, std::int64_t rows, std::int64_t order, std::vector<double>& coefficients);
bool is_recursive(const double* coefficients, std::int64_t rows, std::int64_t order) noexcept;
// The chain rule back through normalize: gradients of the normalized rows to those of the rows given.
void normalize_backward(const double* sections, const double* grad_coefficients, std::int64_t rows, std::int64_t order,
                        double* grad_sections) noexcept;

bool all_finite(const double* values, std::int64_t n) noexcept;
inline constexpr const char* no_steady_state =
    "the filter has no steady state to start from: a pole at 1, or a coefficient that is not finite";

// SciPy's default for sosfiltfilt: three times the taps of the cascade, a pole or zero at the origin counted out. A
// section counts as having one only if it has it in every channel.
std::int64_t default_padlen(const Cascade& cascade) noexcept;

// Work is cut into items of 8 channels, a multiple of every level's lanes: ranges in any order and on any threads give
// the same bits. Each range brings its own scratch.
std::int64_t items(const Cascade& cascade) noexcept;
std::int64_t grain(const Cascade& cascade) noexcept;  // items to a thread so that it has work for more than its start
std::int64_t forward_scratch(const Cascade& cascade) noexcept;
std::int64_t backward_scratch(const Cascade& cascade) noexcept;
std::int64_t zero_phase_scratch(const Cascade& cascade, std::int64_t padlen) noexcept;

template <typename T>
void cascade(const CascadeForward<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept;
template <typename T>
void cascade_backward(const CascadeBackward<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept;
template <typename T>
void zero_phase(const ZeroPhase<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept;

// Per level: sosfilt.kernel.cpp holds order 2, lfilter.kernel.cpp every other.
MAREY_DECLARE_PER_ISA(
    template <typename T> void sosfilt_kernel(const CascadeForward<T>&, std::int64_t, std::int64_t, double*) noexcept;
    template <typename T>
    void sosfilt_backward_kernel(const CascadeBackward<T>&, std::int64_t, std::int64_t, double*) noexcept;
    template <typename T> void sosfiltfilt_kernel(const ZeroPhase<T>&, std::int64_t, std::int64_t, double*) noexcept;
    template <typename T> void lfilter_kernel(const CascadeForward<T>&, std::int64_t, std::int64_t, double*) noexcept;
    template <typename T>
    void lfilter_backward_kernel(const CascadeBackward<T>&, std::int64_t, std::int64_t, double*) noexcept;
    template <typename T> void filtfilt_kernel(const ZeroPhase<T>&, std::int64_t, std::int64_t, double*) noexcept)

}  // namespace marey::filters
