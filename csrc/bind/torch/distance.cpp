#include <tuple>

#include "marey/distance/dtw_cdist.hpp"
#include "marey/distance/elastic.hpp"
#include "marey/distance/soft_dtw.hpp"
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
struct Sets {
  Series<T> x, y;
};

template <typename T>
Sets<T> cdist(const Tensor& x, const OptionalTensor& y, const OptionalTensor& x_offsets,
              const OptionalTensor& y_offsets, std::int64_t window) {
  STD_TORCH_CHECK(window >= 0, "`window` must not be negative");
  const auto a = series<T>(x, x_offsets, "x"), b = y ? series<T>(*y, y_offsets, "y") : a;
  STD_TORCH_CHECK(a.channels == b.channels, "`x` and `y` must have the same channels");
  return {a, b};
}

template <typename Run>
auto by_dtype(const Tensor& x, Run&& run) {
  return x.scalar_type() == ScalarType::Double ? run(double{}) : run(float{});
}

Tensor dtw_cdist(const Tensor x, const OptionalTensor y, const OptionalTensor x_offsets, const OptionalTensor y_offsets,
                 std::int64_t window) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = cdist<T>(x, y, x_offsets, y_offsets, window);
    Tensor out = make_output<T>(x, {a.x.n, a.y.n});
    marey::distance::dtw_cdist_on<T>({a.x, a.y, window, !y, nullptr, nullptr, mutable_data<T>(out)}, on_torch_threads);
    return out;
  });
}

const std::int64_t* lengths_of(const OptionalTensor& given, std::int64_t pairs, std::int64_t most, const char* name) {
  const std::int64_t* p = data<std::int64_t>(given, name);
  if (p != nullptr) {
    STD_TORCH_CHECK(given->dim() == 1 && given->numel() == pairs, "`", name, "` must have one value a pair");
    for (std::int64_t i = 0; i < pairs; ++i) {
      STD_TORCH_CHECK(p[i] >= 0 && p[i] <= most, "`", name, "` of pair ", i, " is ", p[i], "; expected 0 to ", most);
    }
  }
  return p;
}

template <typename T>
marey::distance::Elastic<T> measure_of(std::int64_t measure, double first, double second, const OptionalTensor& g,
                                       std::int64_t channels) {
  STD_TORCH_CHECK(measure >= 0 && measure < marey::distance::n_measures, "`measure` is unknown");
  const auto of = static_cast<marey::distance::Measure>(measure);
  STD_TORCH_CHECK(of != marey::distance::Measure::erp || (g && g->dim() == 1 && g->numel() == channels),
                  "`g` must have one value a channel");
  return {of, T(first), T(second), g ? data<T>(*g, "g") : nullptr, nullptr, nullptr};
}

Tensor elastic(const Tensor x, const Tensor y, const OptionalTensor x_lengths, const OptionalTensor y_lengths,
               std::int64_t window, std::int64_t measure, double first, double second, const OptionalTensor g) {
  return by_dtype(x, [&]<typename T>(T) {
    STD_TORCH_CHECK(window >= 0, "`window` must not be negative");
    auto a = series<T>(x, std::nullopt, "x"), b = series<T>(y, std::nullopt, "y");
    STD_TORCH_CHECK(a.n == b.n && a.channels == b.channels, "`x` and `y` must be (pairs, channels, length)");
    a.lengths = lengths_of(x_lengths, a.n, a.length, "x_lengths");
    b.lengths = lengths_of(y_lengths, a.n, b.length, "y_lengths");
    const auto e = measure_of<T>(measure, first, second, g, a.channels);
    Tensor out = make_output<T>(x, {a.n});
    marey::distance::elastic_on<T>(e, {a, b, window, nullptr, nullptr, mutable_data<T>(out)}, on_torch_threads);
    return out;
  });
}

Tensor elastic_cdist(const Tensor x, const OptionalTensor y, const OptionalTensor x_offsets,
                     const OptionalTensor y_offsets, std::int64_t window, std::int64_t measure, double first,
                     double second, const OptionalTensor g) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = cdist<T>(x, y, x_offsets, y_offsets, window);
    const auto e = measure_of<T>(measure, first, second, g, a.x.channels);
    Tensor out = make_output<T>(x, {a.x.n, a.y.n});
    marey::distance::elastic_cdist_on<T>(e, {a.x, a.y, window, !y, nullptr, nullptr, mutable_data<T>(out)},
                                         on_torch_threads);
    return out;
  });
}

template <typename T>
marey::distance::SoftDtw<T> pairs(const Tensor& x, const Tensor& y, const OptionalTensor& x_lengths,
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
          lengths_of(x_lengths, x.size(0), x.size(2), "x_lengths"),
          lengths_of(y_lengths, x.size(0), y.size(2), "y_lengths"),
          T(gamma),
          window};
}

Tensor soft_dtw(const Tensor x, const Tensor y, const OptionalTensor x_lengths, const OptionalTensor y_lengths,
                double gamma, std::int64_t window) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
    Tensor out = make_output<T>(x, {a.n_pairs});
    T* const to = mutable_data<T>(out);
    on_torch_threads(a.n_pairs, a.grain(),
                     [&](std::int64_t first, std::int64_t last) { marey::distance::soft_dtw(a, to, first, last); });
    return out;
  });
}

std::tuple<Tensor, Tensor> soft_dtw_backward(const Tensor grad, const Tensor x, const Tensor y,
                                             const OptionalTensor x_lengths, const OptionalTensor y_lengths,
                                             double gamma, std::int64_t window) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
    STD_TORCH_CHECK(grad.dim() == 1 && grad.numel() == a.n_pairs, "`grad` must have one value a pair");
    Tensor grad_x = make_output<T>(x, {a.n_pairs, a.channels, a.n});
    Tensor grad_y = make_output<T>(y, {a.n_pairs, a.channels, a.m});
    const T* const of_value = data<T>(grad, "grad");
    T *const to_x = mutable_data<T>(grad_x), *const to_y = mutable_data<T>(grad_y);
    on_torch_threads(a.n_pairs, a.grain(), [&](std::int64_t first, std::int64_t last) {
      marey::distance::soft_dtw_backward(a, of_value, to_x, to_y, first, last);
    });
    return std::tuple<Tensor, Tensor>(grad_x, grad_y);
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("dtw_cdist(Tensor x, Tensor? y, Tensor? x_offsets, Tensor? y_offsets, int window) -> Tensor");
  m.def(
      "elastic(Tensor x, Tensor y, Tensor? x_lengths, Tensor? y_lengths, int window, int measure, float first, "
      "float second, Tensor? g) -> Tensor");
  m.def(
      "elastic_cdist(Tensor x, Tensor? y, Tensor? x_offsets, Tensor? y_offsets, int window, int measure, float first, "
      "float second, Tensor? g) -> Tensor");
  m.def("soft_dtw(Tensor x, Tensor y, Tensor? x_lengths, Tensor? y_lengths, float gamma, int window) -> Tensor");
  m.def(
      "soft_dtw_backward(Tensor grad, Tensor x, Tensor y, Tensor? x_lengths, Tensor? y_lengths, float gamma, "
      "int window) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("dtw_cdist", TORCH_BOX(&dtw_cdist));
  m.impl("elastic", TORCH_BOX(&elastic));
  m.impl("elastic_cdist", TORCH_BOX(&elastic_cdist));
  m.impl("soft_dtw", TORCH_BOX(&soft_dtw));
  m.impl("soft_dtw_backward", TORCH_BOX(&soft_dtw_backward));
}
