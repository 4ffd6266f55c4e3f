// The arguments of the distances' torch operators, checked and laid out for the kernels of any device. The values of
// offsets and lengths are left to the caller.
#pragma once
#include "marey/distance/cdist.hpp"
#include "marey/distance/soft_dtw.hpp"
#include "tensors.hpp"

namespace marey::torch_ops {

// values: (n, channels, length), or (channels, total) with offsets.
template <typename T>
distance::Series<T> series(const Tensor& values, const OptionalTensor& offsets, const char* name) {
  if (!offsets) {
    STD_TORCH_CHECK(values.dim() == 3, "`", name, "` must be (n, channels, length)");
    return {data<T>(values, name), values.size(0), values.size(1), values.size(2), nullptr};
  }
  STD_TORCH_CHECK(values.dim() == 2, "packed `", name, "` must be (channels, total)");
  STD_TORCH_CHECK(offsets->dim() == 1 && offsets->numel() > 0, "`offsets` must be one-dimensional and not empty");
  return {data<T>(values, name), offsets->numel() - 1, values.size(0), values.size(1),
          data<std::int64_t>(*offsets, "offsets")};
}

template <typename T>
struct Sets {
  distance::Series<T> x, y;
};

template <typename T>
Sets<T> sets(const Tensor& x, const OptionalTensor& y, const OptionalTensor& x_offsets, const OptionalTensor& y_offsets,
             std::int64_t window) {
  STD_TORCH_CHECK(window >= 0, "`window` must not be negative");
  const auto a = series<T>(x, x_offsets, "x"), b = y ? series<T>(*y, y_offsets, "y") : a;
  STD_TORCH_CHECK(a.channels == b.channels, "`x` and `y` must have the same channels");
  return {a, b};
}

template <typename Run>
auto by_dtype(const Tensor& x, Run&& run) {
  return x.scalar_type() == ScalarType::Double ? run(double{}) : run(float{});
}

inline const std::int64_t* lengths_of(const OptionalTensor& given, std::int64_t pairs, const char* name) {
  STD_TORCH_CHECK(!given || (given->dim() == 1 && given->numel() == pairs), "`", name, "` must have one value a pair");
  return data<std::int64_t>(given, name);
}

template <typename T>
distance::SoftDtw<T> soft_pairs(const Tensor& x, const Tensor& y, const OptionalTensor& x_lengths,
                                const OptionalTensor& y_lengths, double gamma, std::int64_t window) {
  STD_TORCH_CHECK(x.dim() == 3 && y.dim() == 3 && x.size(0) == y.size(0) && x.size(1) == y.size(1),
                  "`x` and `y` must be (pairs, channels, length)");
  STD_TORCH_CHECK(gamma > 0 && window >= 0, "`gamma` must be positive and `window` not negative");
  return {x.size(0),
          x.size(1),
          x.size(2),
          y.size(2),
          data<T>(x, "x"),
          data<T>(y, "y"),
          lengths_of(x_lengths, x.size(0), "x_lengths"),
          lengths_of(y_lengths, x.size(0), "y_lengths"),
          T(gamma),
          window};
}

}  // namespace marey::torch_ops
