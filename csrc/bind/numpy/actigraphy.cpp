// marey._core: activity from raw acceleration (B, 3, T).
#include <atomic>

#include "arrays.hpp"
#include "marey/actigraphy/epochs.hpp"

using namespace marey::numpy;
namespace actigraphy = marey::actigraphy;
using std::int64_t;

namespace {

// Counts (B, 3, E), and epochs (B, E', columns); either is None where it is not asked for.
template <typename T>
py::tuple actigraphy_pass(const Array<T>& acc, int64_t fs, int64_t count_tenths, int64_t samples_per_epoch,
                          unsigned what, const std::vector<double>& scale, const std::vector<double>& offset) {
  expect(acc.ndim() == 3 && acc.shape(1) == actigraphy::kAxes, "`acc` must be (B, 3, T)");
  expect(scale.size() == 3 && offset.size() == 3, "`scale` and `offset` must have three values");
  const int64_t n_batch = acc.shape(0), n = acc.shape(2);
  actigraphy::CountPlan plan;
  py::object counts = py::none(), epochs = py::none();
  int64_t* counts_at = nullptr;
  double* epochs_at = nullptr;
  int64_t n_epochs = 0;
  if (count_tenths > 0) {
    expect(actigraphy::count_factors(fs, plan), "counts are of 30, 40, ..., 100 Hz");
    plan.tenths_per_epoch = count_tenths;
    plan.n_epochs = n / (fs / 10) / count_tenths;
    auto array = make_output<int64_t>({n_batch, 3, plan.n_epochs});
    counts_at = array.mutable_data();
    counts = array;
  }
  if (samples_per_epoch > 0) {
    n_epochs = n / samples_per_epoch;
    auto array = make_output<double>({n_batch, n_epochs, actigraphy::kEpochColumns});
    epochs_at = array.mutable_data();
    epochs = array;
  }
  std::atomic<bool> fits{true};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(
        n_batch, std::max<int64_t>(1, 200'000 / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            actigraphy::Acceleration<T> a;
            a.x = acc.data() + 3 * n * i;
            a.stride = n;
            std::copy_n(scale.begin(), 3, a.scale);
            std::copy_n(offset.begin(), 3, a.offset);
            int64_t* c = counts_at == nullptr ? nullptr : counts_at + 3 * plan.n_epochs * i;
            auto* e = epochs_at == nullptr ? nullptr : reinterpret_cast<actigraphy::Epoch*>(epochs_at) + n_epochs * i;
            if (!actigraphy::pass(a, n, fs, plan, c, samples_per_epoch, what, e)) fits = false;
          }
        });
  }
  if (!fits) throw std::bad_alloc();
  return py::make_tuple(counts, epochs);
}

template <typename T>
Array<double> rolling_median(const Array<T>& x, int64_t window) {
  expect(x.ndim() == 2 && window >= 1, "`x` must be (B, T) and `window` at least 1");
  auto out = make_output<double>({x.shape(0), x.shape(1)});
  double* to = out.mutable_data();
  const int64_t n = x.shape(1);
  std::atomic<bool> fits{true};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(x.shape(0), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (!actigraphy::rolling_median(x.data() + i * n, n, window, to + i * n)) fits = false;
      }
    });
  }
  if (!fits) throw std::bad_alloc();
  return out;
}

}  // namespace

void bind_actigraphy(py::module_& m) {
  const auto acc = py::arg("acc").noconvert(), x = py::arg("x").noconvert();
  const py::arg fs("fs"), tenths("count_tenths"), samples("samples_per_epoch"), what("what"), scale("scale"),
      offset("offset"), window("window");
  m.def("actigraphy_pass", &actigraphy_pass<float>, acc, fs, tenths, samples, what, scale, offset);
  m.def("actigraphy_pass", &actigraphy_pass<double>, acc, fs, tenths, samples, what, scale, offset);
  m.def("rolling_median", &rolling_median<float>, x, window);
  m.def("rolling_median", &rolling_median<double>, x, window);
}
