// The distances on a CUDA device: the meanings of csrc/include/marey/distance, device pointers. A warp a pair.
//
// Asynchronous on `stream`; nothing here synchronises or allocates. `workspace` is device memory, aligned for doubles,
// of at least as many bytes as the function beside says; it may be reused once the stream has passed the call. Lengths
// and offsets are not known on the host: a series whose own are out of range is NaN.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/distance/cdist.hpp"
#include "marey/distance/soft_dtw.hpp"

namespace marey::cuda {

template <typename T>
std::size_t dtw_cdist_workspace(const distance::Cdist<T>& a) noexcept;
template <typename T>
std::size_t soft_dtw_workspace(const distance::SoftDtw<T>& a) noexcept;
template <typename T>
std::size_t soft_dtw_backward_workspace(const distance::SoftDtw<T>& a) noexcept;

template <typename T>
cudaError_t dtw_cdist(const distance::Cdist<T>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename T>
cudaError_t soft_dtw(const distance::SoftDtw<T>& a, T* out, void* workspace, cudaStream_t stream) noexcept;
template <typename T>
cudaError_t soft_dtw_backward(const distance::SoftDtw<T>& a, const T* grad, T* grad_x, T* grad_y, void* workspace,
                              cudaStream_t stream) noexcept;

}  // namespace marey::cuda
