// Tensors at the torch boundary, by the stable ABI alone.
//
// The Python layer has checked kinds, shapes and values already; what is checked here keeps a direct call of
// the op safe.
#pragma once
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

#include <optional>
#include <string>

#include "marey/core/offsets.hpp"

namespace marey::torch_ops {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;
using OptionalTensor = std::optional<Tensor>;

template <typename T>
inline constexpr ScalarType scalar_type = ScalarType::Undefined;
template <>
inline constexpr ScalarType scalar_type<float> = ScalarType::Float;
template <>
inline constexpr ScalarType scalar_type<double> = ScalarType::Double;
template <>
inline constexpr ScalarType scalar_type<std::int64_t> = ScalarType::Long;
template <>
inline constexpr ScalarType scalar_type<bool> = ScalarType::Bool;

// The data of a contiguous tensor of type T. The tensor must outlive the pointer.
template <typename T>
const T* data(const Tensor& tensor, const char* name) {
  STD_TORCH_CHECK(tensor.scalar_type() == scalar_type<T>, "`", name, "` has an unexpected dtype");
  STD_TORCH_CHECK(tensor.is_contiguous(), "`", name, "` must be contiguous");
  return static_cast<const T*>(tensor.const_data_ptr());
}
template <typename T>
const T* data(const OptionalTensor& tensor, const char* name) {
  return tensor ? data<T>(*tensor, name) : nullptr;
}
template <typename T>
T* mutable_data(Tensor& tensor) {
  return static_cast<T*>(tensor.mutable_data_ptr());
}

template <typename T>
Tensor make_output(const Tensor& like, std::initializer_list<std::int64_t> shape) {
  return torch::stable::new_empty(like, shape, scalar_type<T>);
}

inline void check_offsets(const Tensor& offsets, std::int64_t total, std::int64_t* longest = nullptr) {
  STD_TORCH_CHECK(offsets.dim() == 1 && offsets.numel() > 0, "`offsets` must be one-dimensional and not empty");
  const Status status =
      marey::check_offsets(data<std::int64_t>(offsets, "offsets"), offsets.numel() - 1, total, longest);
  STD_TORCH_CHECK(status.ok(), "`offsets` ", rule(status.code), status.index);
}

}  // namespace marey::torch_ops
