// marey._core: heart beats.
#include <memory>

#include "arrays.hpp"
#include "marey/ecg/delineate.hpp"
#include "marey/ecg/hrv.hpp"
#include "marey/ecg/qrs_detect.hpp"
#include "marey/ecg/quality.hpp"

using namespace marey::numpy;
using marey::ecg::QrsDetector;
using std::int64_t;

namespace {

py::array_t<int64_t> copied(const std::vector<int64_t>& values) {
  py::array_t<int64_t> out(static_cast<py::ssize_t>(values.size()));
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

double checked(double fs) {
  expect(fs >= 50 && fs <= 1e6, "`fs` must be from 50 to 1e6 Hz");
  return fs;
}

template <typename T>
py::tuple bind_qrs_detect(const Array<T>& x, double fs) {
  expect(x.ndim() == 2, "`x` must be (B, T)");
  checked(fs);
  const int64_t n_leads = x.shape(0), n = x.shape(1);
  const T* const values = x.data();
  std::vector<std::vector<int64_t>> found(static_cast<std::size_t>(n_leads));
  {
    py::gil_scoped_release nogil;
    const int64_t grain = std::max<int64_t>(1, 200'000 / std::max<int64_t>(n, 1));
    marey::parallel_for(n_leads, grain, [&](int64_t begin, int64_t end) {
      for (int64_t lead = begin; lead < end; ++lead) {
        QrsDetector detector(fs);
        auto& beats = found[static_cast<std::size_t>(lead)];
        detector.push(values + lead * n, n, beats);
        detector.finish(beats);
      }
    });
  }
  std::vector<int64_t> all, offsets{0};
  for (const auto& beats : found) {
    all.insert(all.end(), beats.begin(), beats.end());
    offsets.push_back(static_cast<int64_t>(all.size()));
  }
  return py::make_tuple(copied(all), copied(offsets));
}

// One detector a lead, fed together.
struct Stream {
  std::vector<QrsDetector> leads;

  Stream(int64_t n, double fs) : leads(static_cast<std::size_t>(n), QrsDetector(checked(fs))) {}

  template <typename T>
  py::list push(const Array<T>& x) {
    expect(x.ndim() == 2 && x.shape(0) == static_cast<py::ssize_t>(leads.size()), "`x` must be (B, T)");
    std::vector<std::vector<int64_t>> found(leads.size());
    {
      py::gil_scoped_release nogil;
      for (std::size_t i = 0; i < leads.size(); ++i) {
        leads[i].push(x.data() + static_cast<py::ssize_t>(i) * x.shape(1), x.shape(1), found[i]);
      }
    }
    return told(found);
  }

  py::list finish() {
    std::vector<std::vector<int64_t>> found(leads.size());
    for (std::size_t i = 0; i < leads.size(); ++i) leads[i].finish(found[i]);
    return told(found);
  }

  static py::list told(const std::vector<std::vector<int64_t>>& found) {
    py::list out;
    for (const auto& beats : found) out.append(copied(beats));
    return out;
  }
};

constexpr int kTime = 1, kFrequency = 2, kNonlinear = 4;

py::list bind_hrv_names(int domains) {
  py::list out;
  const auto add = [&](const auto& names) {
    for (const char* name : names) out.append(std::string("HRV_") + name);
  };
  if (domains & kTime) add(marey::ecg::kTimeNames);
  if (domains & kFrequency) add(marey::ecg::kFrequencyNames);
  if (domains & kNonlinear) add(marey::ecg::kNonlinearNames);
  return out;
}

// Window w holds the intervals [begins[w], ends[w]).
Array<double> bind_hrv(const Array<double>& rr, const Array<double>& t, const Array<int64_t>& begins,
                       const Array<int64_t>& ends, int domains, double oversampling) {
  expect(t.size() == rr.size() && begins.size() == ends.size(),
         "`rr` and `t` must have one length, and so the windows");
  expect(oversampling >= 1 && oversampling <= 100, "`oversampling` must be 1 to 100");
  const int64_t n_windows = begins.size(), width = static_cast<int64_t>(bind_hrv_names(domains).size());
  int64_t held = 0;
  for (int64_t w = 0; w < n_windows; ++w) {
    const int64_t begin = begins.data()[w], end = ends.data()[w];
    expect(begin >= 0 && begin <= end && end <= rr.size(), "a window lies outside the intervals");
    held += end - begin;
  }
  auto out = make_output<double>({n_windows, width});
  double* const results = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    const int64_t grain = std::max<int64_t>(1, 100 * n_windows / std::max<int64_t>(1, held));
    marey::parallel_for(n_windows, grain, [&](int64_t from, int64_t to) {
      for (int64_t w = from; w < to; ++w) {
        const int64_t begin = begins.data()[w], n = ends.data()[w] - begin;
        const marey::ecg::Intervals window{rr.data() + begin, t.data() + begin, n};
        double* p = results + w * width;
        if (domains & kTime) marey::ecg::hrv_time(window, p), p += std::size(marey::ecg::kTimeNames);
        if (domains & kFrequency) {
          marey::ecg::hrv_frequency(window, oversampling, p);
          p += std::size(marey::ecg::kFrequencyNames);
        }
        if (domains & kNonlinear) marey::ecg::hrv_nonlinear(window, p);
      }
    });
  }
  return out;
}

// Lead b of x (B, T) has the beats [offsets[b], offsets[b + 1]).
template <typename T>
Array<int64_t> bind_delineate(const Array<T>& x, double fs, const Array<int64_t>& beats,
                              const Array<int64_t>& offsets) {
  expect(x.ndim() == 2, "`x` must be (B, T)");
  expect(fs >= 50 && fs <= 2e4, "`fs` must be 50 to 20,000 Hz");
  const int64_t n_leads = x.shape(0), n = x.shape(1);
  expect(offsets.size() == n_leads + 1 && offsets.data()[0] == 0 && offsets.data()[n_leads] == beats.size(),
         "`offsets` must be (B + 1,), from 0 to the number of beats");
  for (int64_t b = 0; b < n_leads; ++b) {
    expect(offsets.data()[b] <= offsets.data()[b + 1], "`offsets` must never fall");
    for (int64_t k = offsets.data()[b]; k < offsets.data()[b + 1]; ++k) {
      expect(beats.data()[k] >= (k > offsets.data()[b] ? beats.data()[k - 1] + 1 : 0) && beats.data()[k] < n,
             "the beats of a lead must rise and lie in it");
    }
  }
  auto waves = make_output<int64_t>({static_cast<int64_t>(beats.size()), marey::ecg::kWaves});
  int64_t* const out = waves.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(n_leads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t first = offsets.data()[b];
        marey::ecg::delineate(x.data() + b * n, n, fs, beats.data() + first, offsets.data()[b + 1] - first,
                              out + first * marey::ecg::kWaves);
      }
    });
  }
  return waves;
}

template <typename T>
Array<double> bind_quality(const Array<T>& x, double fs, const Array<int64_t>& beats, int64_t width, int64_t step,
                           int64_t n_windows) {
  const int64_t n = x.size();
  if (n_windows == 0) return make_output<double>({0, marey::ecg::kQualities});
  expect(width >= 2 && width <= n && step >= 1 && n_windows > 0 && n_windows - 1 <= (n - width) / step,
         "the windows must lie in `x`");
  for (int64_t k = 0; k < beats.size(); ++k) {
    expect(beats.data()[k] >= (k > 0 ? beats.data()[k - 1] + 1 : 0) && beats.data()[k] < n,
           "`beats` must rise and lie in `x`");
  }
  auto out = make_output<double>({n_windows, marey::ecg::kQualities});
  double* const results = out.mutable_data();
  py::gil_scoped_release nogil;
  marey::ecg::quality(x.data(), n, fs, beats.data(), beats.size(), width, step, n_windows, results);
  return out;
}

}  // namespace

void bind_ecg(py::module_& m) {
  m.def("qrs_detect", &bind_qrs_detect<float>, py::arg("x").noconvert(), py::arg("fs"));
  m.def("qrs_detect", &bind_qrs_detect<double>, py::arg("x"), py::arg("fs"));
  m.def("delineate", &bind_delineate<float>, py::arg("x").noconvert(), py::arg("fs"), py::arg("beats"),
        py::arg("offsets"));
  m.def("delineate", &bind_delineate<double>, py::arg("x"), py::arg("fs"), py::arg("beats"), py::arg("offsets"));
  m.def("signal_quality", &bind_quality<float>, py::arg("x").noconvert(), py::arg("fs"), py::arg("beats"),
        py::arg("width"), py::arg("step"), py::arg("n_windows"));
  m.def("signal_quality", &bind_quality<double>, py::arg("x"), py::arg("fs"), py::arg("beats"), py::arg("width"),
        py::arg("step"), py::arg("n_windows"));
  m.def("hrv_names", &bind_hrv_names, py::arg("domains"));
  m.def("hrv", &bind_hrv, py::arg("rr"), py::arg("t"), py::arg("begins"), py::arg("ends"), py::arg("domains"),
        py::arg("oversampling"));
  py::class_<Stream>(m, "QrsStream")
      .def(py::init<int64_t, double>(), py::arg("n_leads"), py::arg("fs"))
      .def("push", &Stream::push<float>, py::arg("x").noconvert())
      .def("push", &Stream::push<double>, py::arg("x"))
      .def("finish", &Stream::finish)
      .def("copy", [](const Stream& stream) { return Stream(stream); });
}
