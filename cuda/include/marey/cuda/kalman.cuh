// The Kalman operations on a CUDA device: the meanings of csrc/include/marey/state_space/kalman.hpp, device pointers.
//
// Asynchronous on `stream`; nothing here synchronises or allocates. `workspace` is device memory, aligned for doubles,
// of at least as many bytes as the function beside says; it may be reused once the stream has passed the call.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/state_space/kalman.hpp"

namespace marey::cuda {

// KalmanAdjoint with gradients that lie as the arguments they are of, in their precision; that of an argument which
// all series share is the sum over them.
struct KalmanGradient {
  state_space::KalmanProblem problem;    // without a model
  state_space::Reals mean, cov, loglik;  // incoming; data may be nullptr: zero; one cov for all series: of the first
  void *y, *F, *H, *Q, *R, *x0, *P0;
};

std::size_t kalman_filter_workspace(const state_space::KalmanProblem& p) noexcept;
std::size_t kalman_smoother_workspace(const state_space::KalmanProblem& p) noexcept;
std::size_t kalman_loglik_backward_workspace(const state_space::KalmanProblem& p) noexcept;

cudaError_t kalman_filter(const state_space::KalmanFilter& a, void* workspace, cudaStream_t stream) noexcept;
cudaError_t kalman_smoother(const state_space::KalmanSmoother& a, void* workspace, cudaStream_t stream) noexcept;
cudaError_t kalman_loglik_backward(const KalmanGradient& a, void* workspace, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
