#include "distance.hpp"

#include <tuple>

#include "marey/distance/dtw_cdist.hpp"
#include "marey/distance/elastic.hpp"

using namespace marey::torch_ops;

namespace {

const auto on_torch_threads = [](std::int64_t n, std::int64_t grain, auto&& work) {
  torch::stable::parallel_for(0, n, grain, work);
};

template <typename T>
Sets<T> checked_sets(const Tensor& x, const OptionalTensor& y, const OptionalTensor& x_offsets,
                     const OptionalTensor& y_offsets, std::int64_t window) {
  if (x_offsets) check_offsets(*x_offsets, x.size(-1));
  if (y && y_offsets) check_offsets(*y_offsets, y->size(-1));
  return sets<T>(x, y, x_offsets, y_offsets, window);
}

Tensor dtw_cdist(const Tensor x, const OptionalTensor y, const OptionalTensor x_offsets, const OptionalTensor y_offsets,
                 std::int64_t window) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = checked_sets<T>(x, y, x_offsets, y_offsets, window);
    Tensor out = make_output<T>(x, {a.x.n, a.y.n});
    marey::distance::dtw_cdist_on<T>({a.x, a.y, window, !y, nullptr, nullptr, mutable_data<T>(out)}, on_torch_threads);
    return out;
  });
}

void check_values(const OptionalTensor& lengths, std::int64_t most, const char* name) {
  if (!lengths) return;
  const std::int64_t* p = data<std::int64_t>(lengths, name);
  for (std::int64_t i = 0; i < lengths->numel(); ++i) {
    STD_TORCH_CHECK(p[i] >= 0 && p[i] <= most, "`", name, "` of pair ", i, " is ", p[i], "; expected 0 to ", most);
  }
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
    a.lengths = lengths_of(x_lengths, a.n, "x_lengths");
    b.lengths = lengths_of(y_lengths, a.n, "y_lengths");
    check_values(x_lengths, a.length, "x_lengths");
    check_values(y_lengths, b.length, "y_lengths");
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
    const auto a = checked_sets<T>(x, y, x_offsets, y_offsets, window);
    const auto e = measure_of<T>(measure, first, second, g, a.x.channels);
    Tensor out = make_output<T>(x, {a.x.n, a.y.n});
    marey::distance::elastic_cdist_on<T>(e, {a.x, a.y, window, !y, nullptr, nullptr, mutable_data<T>(out)},
                                         on_torch_threads);
    return out;
  });
}

template <typename T>
marey::distance::SoftDtw<T> checked_pairs(const Tensor& x, const Tensor& y, const OptionalTensor& x_lengths,
                                          const OptionalTensor& y_lengths, double gamma, std::int64_t window) {
  const auto a = soft_pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
  check_values(x_lengths, a.n, "x_lengths");
  check_values(y_lengths, a.m, "y_lengths");
  return a;
}

Tensor soft_dtw(const Tensor x, const Tensor y, const OptionalTensor x_lengths, const OptionalTensor y_lengths,
                double gamma, std::int64_t window) {
  return by_dtype(x, [&]<typename T>(T) {
    const auto a = checked_pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
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
    const auto a = checked_pairs<T>(x, y, x_lengths, y_lengths, gamma, window);
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
