// decay_scan on a CUDA device: the layouts and meanings of csrc/include/marey/scan/decay_scan.hpp, device pointers.
//
// Asynchronous on `stream`: nothing here synchronises or allocates. `workspace` is device memory, 32-byte aligned, of
// at least decay_scan_workspace() bytes; it may be reused once the stream has passed the call. Offsets lie on the
// device and cannot be refused without a synchronise: the kernels stay inside the arrays whatever they hold, and where
// they do not start at 0, fall, or do not end at `total`, every result is NaN.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/scan/decay_scan.hpp"

namespace marey::cuda {

template <typename T>
std::size_t decay_scan_workspace(const scan::DecayScanShape& shape) noexcept;
template <typename T>
std::size_t decay_scan_backward_workspace(const scan::DecayScanShape& shape) noexcept;

template <typename T, typename S>
cudaError_t decay_scan(const scan::DecayScan<T, S>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename T, typename S>
cudaError_t decay_scan_backward(const scan::DecayScanBackward<T, S>& a, void* workspace, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
