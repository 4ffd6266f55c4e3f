// marey._core: spectra.
#include "arrays.hpp"
#include "marey/spectral/lomb_scargle.hpp"

using namespace marey::numpy;
using std::int64_t;

namespace {

py::tuple bind_lomb_scargle(const Array<double>& t, const Array<double>& y, const Optional<double>& dy,
                            const Array<int64_t>& offsets, const Array<double>& freqs, bool fit_mean, bool center,
                            bool fast) {
  expect(y.size() == t.size() && (!dy || dy->size() == t.size()), "`t`, `y` and `dy` must have one length");
  check_offsets(offsets, t.size());
  const int64_t n = offsets.size() - 1;
  auto power = make_output<double>({n, freqs.size()}), variance = make_output<double>({n}),
       total = make_output<double>({n});
  const marey::spectral::LombScargle problem{n,
                                             offsets.data(),
                                             t.data(),
                                             y.data(),
                                             pointer(dy),
                                             freqs.size(),
                                             freqs.data(),
                                             marey::spectral::regular_spacing(freqs.data(), freqs.size()),
                                             fit_mean,
                                             center,
                                             fast,
                                             power.mutable_data(),
                                             variance.mutable_data(),
                                             total.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::spectral::lomb_scargle(problem);
  }
  return py::make_tuple(power, variance, total);
}

}  // namespace

void bind_spectral(py::module_& m) {
  m.def("lomb_scargle", &bind_lomb_scargle, py::arg("t"), py::arg("y"), py::arg("dy").none(true), py::arg("offsets"),
        py::arg("freqs"), py::arg("fit_mean"), py::arg("center"), py::arg("fast"));
}
