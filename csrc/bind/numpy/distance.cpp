#include "arrays.hpp"
#include "marey/distance/dba.hpp"
#include "marey/distance/dtw_cdist.hpp"
#include "marey/distance/dtw_nn.hpp"
#include "marey/distance/dtw_path.hpp"
#include "marey/distance/elastic.hpp"
#include "marey/distance/soft_dtw.hpp"

using namespace marey::numpy;
using marey::distance::Series;

namespace {

const auto on_threads = [](std::int64_t n, std::int64_t grain, auto&& work) { marey::parallel_for(n, grain, work); };

// values: (n, channels, length), or (channels, total) with offsets.
template <typename T>
Series<T> series(const Array<T>& values, const Optional<std::int64_t>& offsets) {
  if (!offsets) {
    expect(values.ndim() == 3, "series must be (n, channels, length)");
    return {values.data(), values.shape(0), values.shape(1), values.shape(2), nullptr};
  }
  expect(values.ndim() == 2, "packed series must be (channels, total)");
  check_offsets(*offsets, values.shape(1));
  return {values.data(), offsets->size() - 1, values.shape(0), values.shape(1), offsets->data()};
}

void check_lengths(const Optional<std::int64_t>& lengths, std::int64_t pairs, std::int64_t most,
                   const std::string& name) {
  if (!lengths) return;
  expect(lengths->ndim() == 1 && lengths->size() == pairs, ("`" + name + "` must have one value a pair").c_str());
  for (py::ssize_t i = 0; i < lengths->size(); ++i) {
    const std::int64_t length = lengths->data()[i];
    if (length >= 0 && length <= most) continue;
    throw py::value_error("`" + name + "` of pair " + std::to_string(i) + " is " + std::to_string(length) +
                          "; expected 0 to " + std::to_string(most));
  }
}

// Without y every series of x against every other.
template <typename T>
Array<T> dtw_cdist(const Array<T>& x, const Optional<T>& y, const Optional<std::int64_t>& x_offsets,
                   const Optional<std::int64_t>& y_offsets, std::int64_t window) {
  expect(window >= 0, "`window` must not be negative");
  const auto a = series(x, x_offsets), b = y ? series(*y, y_offsets) : a;
  expect(a.channels == b.channels, "`x` and `y` must have the same channels");
  auto out = make_output<T>({a.n, b.n});
  T* const to = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::distance::dtw_cdist_on<T>({a, b, window, !y, nullptr, nullptr, to}, on_threads);
  }
  return out;
}

template <typename T>
std::tuple<Array<std::int64_t>, Array<T>> dtw_nn(const Array<T>& x, const Optional<T>& y,
                                                 const Optional<std::int64_t>& x_offsets,
                                                 const Optional<std::int64_t>& y_offsets, std::int64_t window,
                                                 std::int64_t k) {
  expect(window >= 0, "`window` must not be negative");
  const auto a = series(x, x_offsets), b = y ? series(*y, y_offsets) : a;
  expect(a.channels == b.channels, "`x` and `y` must have the same channels");
  expect(k >= 1 && k <= b.n - (y ? 0 : 1), "`k` must be between 1 and the number of candidates");
  auto index = make_output<std::int64_t>({a.n, k});
  auto distance = make_output<T>({a.n, k});
  std::int64_t* const indices = index.mutable_data();
  T* const distances = distance.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::distance::dtw_nn_on<T>({a, b, window, !y, k, nullptr, nullptr, indices, distances}, on_threads);
  }
  return {index, distance};
}

std::tuple<double, Array<std::int64_t>> dtw_path(const Array<double>& x, const Array<double>& y, std::int64_t window) {
  expect(x.ndim() == 2 && y.ndim() == 2 && x.shape(0) == y.shape(0), "`x` and `y` must be (channels, length)");
  expect(window >= 0, "`window` must not be negative");
  std::vector<std::int64_t> path;
  double distance;
  {
    py::gil_scoped_release nogil;
    distance = marey::distance::dtw_path(x.data(), x.shape(1), y.data(), y.shape(1), x.shape(0), window, path);
  }
  Array<std::int64_t> out({py::ssize_t(path.size() / 2), py::ssize_t(2)});
  std::copy(path.begin(), path.end(), out.mutable_data());
  return {distance, out};
}

// One round: weighted sums and counts of what belongs to each step of the center, and squared distances.
template <typename T>
std::tuple<Array<double>, Array<double>, Array<T>> dba_round(const Array<T>& x, const Optional<std::int64_t>& offsets,
                                                             const Array<T>& center, const Array<double>& weights,
                                                             std::int64_t window) {
  expect(window >= 0, "`window` must not be negative");
  const auto a = series(x, offsets);
  expect(center.ndim() == 2 && center.shape(0) == a.channels, "`center` must be (channels, length)");
  expect(weights.ndim() == 1 && weights.size() == a.n, "`weights` must have one value a series");
  const std::int64_t m = center.shape(1);
  auto sums = make_output<double>({a.channels, m});
  auto counts = make_output<double>({m});
  auto squares = make_output<T>({a.n});
  const marey::distance::Dba<T> round{a,
                                      center.data(),
                                      m,
                                      window,
                                      weights.data(),
                                      nullptr,
                                      nullptr,
                                      squares.mutable_data(),
                                      sums.mutable_data(),
                                      counts.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::distance::dba_round_on(round, on_threads);
  }
  return {sums, counts, squares};
}

template <typename T>
marey::distance::SoftDtw<T> soft_pairs(const Array<T>& x, const Array<T>& y, const Optional<std::int64_t>& x_lengths,
                                       const Optional<std::int64_t>& y_lengths, double gamma, std::int64_t window) {
  expect(x.ndim() == 3 && y.ndim() == 3 && x.shape(0) == y.shape(0) && x.shape(1) == y.shape(1),
         "`x` and `y` must be (pairs, channels, length)");
  expect(gamma > 0 && window >= 0, "`gamma` must be positive and `window` not negative");
  check_lengths(x_lengths, x.shape(0), x.shape(2), "x_lengths");
  check_lengths(y_lengths, x.shape(0), y.shape(2), "y_lengths");
  return {x.shape(0), x.shape(1),         x.shape(2),         y.shape(2), x.data(),
          y.data(),   pointer(x_lengths), pointer(y_lengths), T(gamma),   window};
}

template <typename T>
Array<T> soft_dtw(const Array<T>& x, const Array<T>& y, const Optional<std::int64_t>& x_lengths,
                  const Optional<std::int64_t>& y_lengths, double gamma, std::int64_t window) {
  const auto a = soft_pairs(x, y, x_lengths, y_lengths, gamma, window);
  auto out = make_output<T>({a.n_pairs});
  T* const to = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    on_threads(a.n_pairs, a.grain(),
               [&](std::int64_t first, std::int64_t last) { marey::distance::soft_dtw(a, to, first, last); });
  }
  return out;
}

template <typename T>
std::tuple<Array<T>, Array<T>> soft_dtw_backward(const Array<T>& grad, const Array<T>& x, const Array<T>& y,
                                                 const Optional<std::int64_t>& x_lengths,
                                                 const Optional<std::int64_t>& y_lengths, double gamma,
                                                 std::int64_t window) {
  const auto a = soft_pairs(x, y, x_lengths, y_lengths, gamma, window);
  expect(grad.ndim() == 1 && grad.size() == a.n_pairs, "`grad` must have one value a pair");
  auto grad_x = make_output<T>({a.n_pairs, a.channels, a.n}), grad_y = make_output<T>({a.n_pairs, a.channels, a.m});
  T *const to_x = grad_x.mutable_data(), *const to_y = grad_y.mutable_data();
  const T* const of_value = grad.data();
  {
    py::gil_scoped_release nogil;
    on_threads(a.n_pairs, a.grain(), [&](std::int64_t first, std::int64_t last) {
      marey::distance::soft_dtw_backward(a, of_value, to_x, to_y, first, last);
    });
  }
  return {grad_x, grad_y};
}

template <typename T>
marey::distance::Elastic<T> measure_of(std::int64_t measure, double first, double second, const Optional<T>& g,
                                       std::int64_t channels) {
  expect(measure >= 0 && measure < marey::distance::n_measures, "`measure` is unknown");
  const auto of = static_cast<marey::distance::Measure>(measure);
  expect(of != marey::distance::Measure::erp || (g && g->ndim() == 1 && g->size() == channels),
         "`g` must have one value a channel");
  return {of, T(first), T(second), pointer(g), nullptr, nullptr};
}

template <typename T>
Array<T> elastic(const Array<T>& x, const Array<T>& y, const Optional<std::int64_t>& x_lengths,
                 const Optional<std::int64_t>& y_lengths, std::int64_t window, std::int64_t measure, double first,
                 double second, const Optional<T>& g) {
  expect(window >= 0, "`window` must not be negative");
  auto a = series<T>(x, std::nullopt), b = series<T>(y, std::nullopt);
  expect(a.n == b.n && a.channels == b.channels, "`x` and `y` must be (pairs, channels, length)");
  check_lengths(x_lengths, a.n, a.length, "x_lengths");
  check_lengths(y_lengths, a.n, b.length, "y_lengths");
  a.lengths = pointer(x_lengths);
  b.lengths = pointer(y_lengths);
  const auto e = measure_of(measure, first, second, g, a.channels);
  auto out = make_output<T>({a.n});
  T* const to = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::distance::elastic_on<T>(e, {a, b, window, nullptr, nullptr, to}, on_threads);
  }
  return out;
}

template <typename T>
Array<T> elastic_cdist(const Array<T>& x, const Optional<T>& y, const Optional<std::int64_t>& x_offsets,
                       const Optional<std::int64_t>& y_offsets, std::int64_t window, std::int64_t measure, double first,
                       double second, const Optional<T>& g) {
  expect(window >= 0, "`window` must not be negative");
  const auto a = series(x, x_offsets), b = y ? series(*y, y_offsets) : a;
  expect(a.channels == b.channels, "`x` and `y` must have the same channels");
  const auto e = measure_of(measure, first, second, g, a.channels);
  auto out = make_output<T>({a.n, b.n});
  T* const to = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::distance::elastic_cdist_on<T>(e, {a, b, window, !y, nullptr, nullptr, to}, on_threads);
  }
  return out;
}

}  // namespace

void bind_distance(py::module_& m) {
  const auto def = [&](auto cdist, auto nn, auto soft, auto soft_back, auto dba, auto elastic, auto elastic_cdist) {
    m.def("dtw_cdist", cdist, py::arg("x").noconvert(), py::arg("y").noconvert().none(true),
          py::arg("x_offsets").noconvert().none(true), py::arg("y_offsets").noconvert().none(true), py::arg("window"));
    m.def("dtw_nn", nn, py::arg("x").noconvert(), py::arg("y").noconvert().none(true),
          py::arg("x_offsets").noconvert().none(true), py::arg("y_offsets").noconvert().none(true), py::arg("window"),
          py::arg("k"));
    m.def("soft_dtw", soft, py::arg("x").noconvert(), py::arg("y").noconvert(),
          py::arg("x_lengths").noconvert().none(true), py::arg("y_lengths").noconvert().none(true), py::arg("gamma"),
          py::arg("window"));
    m.def("soft_dtw_backward", soft_back, py::arg("grad").noconvert(), py::arg("x").noconvert(),
          py::arg("y").noconvert(), py::arg("x_lengths").noconvert().none(true),
          py::arg("y_lengths").noconvert().none(true), py::arg("gamma"), py::arg("window"));
    m.def("dba_round", dba, py::arg("x").noconvert(), py::arg("offsets").noconvert().none(true),
          py::arg("center").noconvert(), py::arg("weights").noconvert(), py::arg("window"));
    m.def("elastic", elastic, py::arg("x").noconvert(), py::arg("y").noconvert(),
          py::arg("x_lengths").noconvert().none(true), py::arg("y_lengths").noconvert().none(true), py::arg("window"),
          py::arg("measure"), py::arg("first"), py::arg("second"), py::arg("g").noconvert().none(true));
    m.def("elastic_cdist", elastic_cdist, py::arg("x").noconvert(), py::arg("y").noconvert().none(true),
          py::arg("x_offsets").noconvert().none(true), py::arg("y_offsets").noconvert().none(true), py::arg("window"),
          py::arg("measure"), py::arg("first"), py::arg("second"), py::arg("g").noconvert().none(true));
  };
  def(&dtw_cdist<float>, &dtw_nn<float>, &soft_dtw<float>, &soft_dtw_backward<float>, &dba_round<float>,
      &elastic<float>, &elastic_cdist<float>);
  def(&dtw_cdist<double>, &dtw_nn<double>, &soft_dtw<double>, &soft_dtw_backward<double>, &dba_round<double>,
      &elastic<double>, &elastic_cdist<double>);
  m.def("dtw_path", &dtw_path, py::arg("x").noconvert(), py::arg("y").noconvert(), py::arg("window"));
}
