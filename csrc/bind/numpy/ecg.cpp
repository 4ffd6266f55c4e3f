// marey._core: heart beats.
#include <memory>

#include "arrays.hpp"
#include "marey/ecg/qrs_detect.hpp"

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

}  // namespace

void bind_ecg(py::module_& m) {
  m.def("qrs_detect", &bind_qrs_detect<float>, py::arg("x").noconvert(), py::arg("fs"));
  m.def("qrs_detect", &bind_qrs_detect<double>, py::arg("x"), py::arg("fs"));
  py::class_<Stream>(m, "QrsStream")
      .def(py::init<int64_t, double>(), py::arg("n_leads"), py::arg("fs"))
      .def("push", &Stream::push<float>, py::arg("x").noconvert())
      .def("push", &Stream::push<double>, py::arg("x"))
      .def("finish", &Stream::finish)
      .def("copy", [](const Stream& stream) { return Stream(stream); });
}
