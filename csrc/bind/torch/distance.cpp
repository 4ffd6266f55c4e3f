#include "marey/distance/dtw_cdist.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::distance::Series;

namespace {

const auto on_torch_threads = [](std::int64_t n, std::int64_t grain, auto&& work) {
  torch::stable::parallel_for(0, n, grain, work);
};

// values: (n, channels, length), or (channels, total) with offsets.
template <typename T>
Series<T> series(const Tensor& values, const OptionalTensor& offsets, const char* name) {
  if (!offsets) {
    STD_TORCH_CHECK(values.dim() == 3, "`", name, "` must be (n, channels, length)");
    return {data<T>(values, name), values.size(0), values.size(1), values.size(2), nullptr};
  }
  STD_TORCH_CHECK(values.dim() == 2, "packed `", name, "` must be (channels, total)");
  check_offsets(*offsets, values.size(1));
  return {data<T>(values, name), offsets->numel() - 1, values.size(0), values.size(1),
          data<std::int64_t>(*offsets, "offsets")};
}

template <typename T>
Tensor run(const Tensor& x, const OptionalTensor& y, const OptionalTensor& x_offsets, const OptionalTensor& y_offsets,
           std::int64_t window) {
  STD_TORCH_CHECK(window >= 0, "`window` must not be negative");
  const auto a = series<T>(x, x_offsets, "x"), b = y ? series<T>(*y, y_offsets, "y") : a;
  STD_TORCH_CHECK(a.channels == b.channels, "`x` and `y` must have the same channels");
  Tensor out = make_output<T>(x, {a.n, b.n});
  marey::distance::dtw_cdist_on<T>({a, b, window, !y, nullptr, nullptr, mutable_data<T>(out)}, on_torch_threads);
  return out;
}

Tensor dtw_cdist(const Tensor x, const OptionalTensor y, const OptionalTensor x_offsets, const OptionalTensor y_offsets,
                 std::int64_t window) {
  return x.scalar_type() == ScalarType::Double ? run<double>(x, y, x_offsets, y_offsets, window)
                                               : run<float>(x, y, x_offsets, y_offsets, window);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("dtw_cdist(Tensor x, Tensor? y, Tensor? x_offsets, Tensor? y_offsets, int window) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) { m.impl("dtw_cdist", TORCH_BOX(&dtw_cdist)); }
