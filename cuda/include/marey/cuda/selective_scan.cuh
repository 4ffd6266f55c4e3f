// selective_scan on a CUDA device: the equations and layouts of csrc/include/marey/scan/selective_scan.hpp, device
// pointers. T is the type of the signals, B and C (float, double, __half, __nv_bfloat16); S of the parameters, the
// state and the arithmetic: T, or float where T has 16 bits.
//
// Asynchronous on `stream`: nothing here synchronises or allocates. `workspace` is device memory, 32-byte aligned, of
// at least selective_scan_workspace() bytes; it may be reused once the stream has passed the call.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/scan/selective_scan.hpp"

namespace marey::cuda {

using scan::SelectiveScanShape;

// Steps between the states that are kept for the gradient.
inline constexpr std::int64_t selective_chunk = 256;
inline std::int64_t selective_chunks(std::int64_t length) { return (length + selective_chunk - 1) / selective_chunk; }

template <typename T, typename S>
struct SelectiveForward {
  SelectiveScanShape shape;
  const T *u, *delta;
  const S* A;
  const T *B, *C;
  const S* D;
  const T* z;
  const S *delta_bias, *h0, *dt_scale;
  T* out;
  S *hT, *states;  // states [series][chunk][state][channel]; nullptr: not wanted
};

template <typename T, typename S>
struct SelectiveBackward {
  SelectiveForward<T, S> forward;  // its states are read; out and hT are not used
  const T* grad_out;
  const S* grad_hT;
  T *grad_u, *grad_delta;
  S* grad_A;
  T *grad_B, *grad_C;
  S* grad_D;
  T* grad_z;
  S *grad_delta_bias, *grad_h0, *grad_dt_scale;
};

template <typename S>
std::size_t selective_scan_workspace(const SelectiveScanShape& shape) noexcept;
template <typename S>
std::size_t selective_scan_backward_workspace(const SelectiveScanShape& shape) noexcept;

template <typename T, typename S>
cudaError_t selective_scan(const SelectiveForward<T, S>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename T, typename S>
cudaError_t selective_scan_backward(const SelectiveBackward<T, S>& a, void* workspace, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
