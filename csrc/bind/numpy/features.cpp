// marey._core: features of rows x[starts[i] .. stops[i]), which may overlap; a row of results for each.
#include <mutex>

#include "arrays.hpp"
#include "marey/features/catch22.hpp"
#include "marey/features/statistics.hpp"

using namespace marey::numpy;
namespace features = marey::features;
using std::int64_t;

namespace {

struct Room {  // of one thread
  features::Catch22Room catch22;
  std::vector<double> values;
};

template <typename F>
Array<double> each_row(const Array<double>& values, const Array<int64_t>& starts, const Array<int64_t>& stops,
                       py::ssize_t width, F f) {
  expect(values.ndim() == 1 && starts.ndim() == 1 && stops.ndim() == 1 && starts.size() == stops.size(),
         "`values`, `starts` and `stops` must be flat, and of starts as many as stops");
  const int64_t rows = starts.size();
  int64_t total = 0;
  for (int64_t i = 0; i < rows; ++i) {
    expect(0 <= starts.data()[i] && starts.data()[i] <= stops.data()[i] && stops.data()[i] <= values.size(),
           "a row must lie within `values`");
    total += stops.data()[i] - starts.data()[i];
  }
  auto out = make_output<double>({rows, width});
  const double* x = values.data();
  const int64_t *from = starts.data(), *to = stops.data();
  double* results = out.mutable_data();
  std::exception_ptr failure;
  std::mutex lock;
  {
    py::gil_scoped_release nogil;
    const int64_t mean_length = std::max<int64_t>(1, rows > 0 ? total / rows : 1);
    marey::parallel_for(rows, std::max<int64_t>(1, 2000 / mean_length), [&](int64_t begin, int64_t end) {
      try {
        Room room;
        for (int64_t i = begin; i < end; ++i) f(x + from[i], to[i] - from[i], results + i * width, room);
      } catch (...) {
        const std::lock_guard guard(lock);
        failure = std::current_exception();
      }
    });
  }
  if (failure) std::rethrow_exception(failure);
  return out;
}

Array<double> bind_catch22(const Array<double>& values, const Array<int64_t>& starts, const Array<int64_t>& stops) {
  return each_row(values, starts, stops, features::kCatch22, [](const double* x, int64_t n, double* out, Room& room) {
    features::catch22(x, n, out, room.catch22);
  });
}

Array<double> bind_statistics(const Array<double>& values, const Array<int64_t>& starts, const Array<int64_t>& stops) {
  return each_row(
      values, starts, stops, features::kStatistics,
      [](const double* x, int64_t n, double* out, Room& room) { features::statistics(x, n, out, room.values); });
}

}  // namespace

void bind_features(py::module_& m) {
  const auto values = py::arg("values").noconvert(), starts = py::arg("starts").noconvert(),
             stops = py::arg("stops").noconvert();
  m.def("features_catch22", &bind_catch22, values, starts, stops);
  m.def("features_statistics", &bind_statistics, values, starts, stops);
}
