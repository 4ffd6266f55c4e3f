// Cascades of sections on a CUDA device: the meanings and layouts of csrc/include/marey/filters/cascade.hpp, device
// pointers, and the sections as they are given, [channel or 1][section][2 (order + 1)]. sosfilt takes sections of order
// 2, lfilter one section of any order.
//
// Asynchronous on `stream`: nothing here synchronises or allocates. `workspace` is device memory, 256-byte aligned, of
// at least the bytes asked for; it may be reused once the stream has passed the call. An a_0 of zero cannot be refused
// without a synchronise: it makes the channel's results NaN or infinite, as the division says.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace marey::cuda {

inline constexpr int most_sections = 8;

struct Sections {
  std::int64_t n_channels, length, n_sections, order;
  const double* sections;  // [channel or 1][section][2 (order + 1)]: b_0 .. b_order, a_0 .. a_order
  bool per_channel;
  const std::uint8_t* reset;  // [channel or 1][time]; nullptr: never
  std::int64_t reset_stride;  // length, or 0 where all channels share a row

  __host__ __device__ std::int64_t n_filters() const { return per_channel ? n_channels : 1; }
};

template <typename T>
struct CascadeForward {
  Sections s;
  const T* x;
  const double* zi;  // [section][channel][order]; nullptr: zero
  T* y;
  double* zf;
};

template <typename T>
struct CascadeBackward {
  Sections s;
  const T* grad_y;
  const double* grad_zf;
  const T* x;
  const double* zi;
  T* grad_x;
  double* grad_zi;
  double* grad_sections;  // nullptr: not wanted
};

template <typename T>
std::size_t sosfilt_workspace(const Sections& s) noexcept;
template <typename T>
std::size_t sosfilt_backward_workspace(const Sections& s) noexcept;
template <typename T>
cudaError_t sosfilt(const CascadeForward<T>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename T>
cudaError_t sosfilt_backward(const CascadeBackward<T>& a, void* workspace, cudaStream_t stream) noexcept;

template <typename T>
std::size_t lfilter_workspace(const Sections& s) noexcept;
template <typename T>
std::size_t lfilter_backward_workspace(const Sections& s) noexcept;
template <typename T>
cudaError_t lfilter(const CascadeForward<T>& a, void* workspace, cudaStream_t stream) noexcept;
template <typename T>
cudaError_t lfilter_backward(const CascadeBackward<T>& a, void* workspace, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
