// linear_recurrence on a CUDA device: the meanings of csrc/include/marey/scan/linear_recurrence.hpp, device pointers.
//
// Real numbers; `a` has a value for every step (its axes of length one are expanded by the caller), and a reset for
// every channel lies as x does. IO: type of a, x and h in memory (float, double, or bfloat16 with arithmetic tiles in
// float); S: type of the state at the ends (float, double). Asynchronous on `stream`: nothing here synchronises or
// allocates. `workspace` is device memory, 32-byte aligned, of at least linear_recurrence_workspace() bytes; it may be
// reused once the stream has passed the call.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/cuda/bfloat16.cuh"
#include "marey/scan/linear_recurrence.hpp"

namespace marey::cuda {

template <typename IO>
std::size_t linear_recurrence_workspace(const scan::LinearRecurrenceShape& shape) noexcept;

template <typename IO, typename S>
cudaError_t linear_recurrence(const scan::LinearRecurrence<IO, S>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename IO, typename S>
cudaError_t linear_recurrence_backward(const scan::LinearRecurrenceBackward<IO, S>& a, void* workspace,
                                       cudaStream_t stream) noexcept;

}  // namespace marey::cuda
