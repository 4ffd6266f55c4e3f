#include "arrays.hpp"
#include "marey/distance/dtw_cdist.hpp"
#include "marey/distance/dtw_nn.hpp"
#include "marey/distance/dtw_path.hpp"

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

}  // namespace

void bind_distance(py::module_& m) {
  const auto def = [&](auto cdist, auto nn) {
    m.def("dtw_cdist", cdist, py::arg("x").noconvert(), py::arg("y").noconvert().none(true),
          py::arg("x_offsets").noconvert().none(true), py::arg("y_offsets").noconvert().none(true), py::arg("window"));
    m.def("dtw_nn", nn, py::arg("x").noconvert(), py::arg("y").noconvert().none(true),
          py::arg("x_offsets").noconvert().none(true), py::arg("y_offsets").noconvert().none(true), py::arg("window"),
          py::arg("k"));
  };
  def(&dtw_cdist<float>, &dtw_nn<float>);
  def(&dtw_cdist<double>, &dtw_nn<double>);
  m.def("dtw_path", &dtw_path, py::arg("x").noconvert(), py::arg("y").noconvert(), py::arg("window"));
}
