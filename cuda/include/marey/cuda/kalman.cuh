// The Kalman filter on a CUDA device: the meanings of csrc/include/marey/state_space/kalman.hpp, device pointers.
//
// Asynchronous on `stream`; nothing here synchronises or allocates. At most so many states and outputs; more give
// cudaErrorInvalidValue.
#pragma once
#include <cuda_runtime.h>

#include "marey/state_space/kalman.hpp"

namespace marey::cuda {

inline constexpr int kalman_most_states = 8, kalman_most_outputs = 8;

cudaError_t kalman_filter(const state_space::KalmanFilter& a, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
