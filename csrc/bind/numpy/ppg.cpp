// marey.ppg for NumPy.
#include <algorithm>
#include <vector>

#include "arrays.hpp"
#include "marey/core/parallel.hpp"
#include "marey/ppg/ppg_peaks.hpp"

using namespace marey::numpy;
using std::int64_t;

namespace {

py::tuple bind_ppg_peaks(const Array<double>& y, double fs) {
  expect(y.ndim() == 2, "`y` must be (B, T)");
  expect(fs >= 20 && fs <= 1e5, "`fs` must be 20 to 100,000 Hz");
  const int64_t n_series = y.shape(0), n = y.shape(1);
  std::vector<std::vector<int64_t>> found(static_cast<std::size_t>(n_series));
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(n_series, std::max<int64_t>(1, 100'000 / std::max<int64_t>(1, n)),
                        [&](int64_t from, int64_t to) {
                          for (int64_t s = from; s < to; ++s)
                            found[static_cast<std::size_t>(s)] = marey::ppg::ppg_peaks(y.data() + s * n, n, fs);
                        });
  }
  auto offsets = make_output<int64_t>({n_series + 1});
  offsets.mutable_data()[0] = 0;
  for (int64_t s = 0; s < n_series; ++s) {
    offsets.mutable_data()[s + 1] = offsets.data()[s] + static_cast<int64_t>(found[static_cast<std::size_t>(s)].size());
  }
  auto indices = make_output<int64_t>({offsets.data()[n_series]});
  for (int64_t s = 0; s < n_series; ++s) {
    const auto& peaks = found[static_cast<std::size_t>(s)];
    std::copy(peaks.begin(), peaks.end(), indices.mutable_data() + offsets.data()[s]);
  }
  return py::make_tuple(indices, offsets);
}

}  // namespace

void bind_ppg(py::module_& m) { m.def("ppg_peaks", &bind_ppg_peaks, py::arg("y"), py::arg("fs")); }
