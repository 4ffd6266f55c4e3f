#include <pybind11/pybind11.h>

#include "arrays.hpp"
#include "marey/core/isa.hpp"
#include "marey/core/parallel.hpp"

namespace py = pybind11;

void bind_actigraphy(py::module_& m);
void bind_causal_conv1d(py::module_& m);
void bind_distance(py::module_& m);
void bind_ecg(py::module_& m);
void bind_ppg(py::module_& m);
void bind_entropy(py::module_& m);
void bind_events(py::module_& m);
void bind_features(py::module_& m);
void bind_filters(py::module_& m);
void bind_graph(py::module_& m);
void bind_kernels(py::module_& m);
void bind_linear_recurrence(py::module_& m);
void bind_ode(py::module_& m);
void bind_pk(py::module_& m);
void bind_profile(py::module_& m);
void bind_ragged(py::module_& m);
void bind_s5_scan(py::module_& m);
void bind_scan(py::module_& m);
void bind_selective_scan(py::module_& m);
void bind_spectral(py::module_& m);
void bind_state_space(py::module_& m);
void bind_survival(py::module_& m);
void bind_survival_models(py::module_& m);
void bind_waveforms(py::module_& m);

PYBIND11_MODULE(_core, m) {
  m.doc() = "marey's C++ core for NumPy arrays; the public functions are in the package's domains";
  m.def("set_num_threads", &marey::set_num_threads, py::arg("n"));
  m.def("get_num_threads", &marey::get_num_threads);
  m.def("isa", [] { return marey::isa::name(marey::isa::level()); });
  m.def("best_isa", [] { return marey::isa::name(marey::isa::best_supported()); });
  m.def("poison_outputs", [](bool on) { marey::numpy::poison_outputs = on; }, py::arg("on"));
  m.attr("compiler") = MAREY_COMPILER;
  bind_actigraphy(m);
  bind_causal_conv1d(m);
  bind_distance(m);
  bind_ecg(m);
  bind_ppg(m);
  bind_entropy(m);
  bind_events(m);
  bind_features(m);
  bind_filters(m);
  bind_graph(m);
  bind_kernels(m);
  bind_linear_recurrence(m);
  bind_ode(m);
  bind_pk(m);
  bind_profile(m);
  bind_ragged(m);
  bind_s5_scan(m);
  bind_scan(m);
  bind_selective_scan(m);
  bind_spectral(m);
  bind_state_space(m);
  bind_survival(m);
  bind_survival_models(m);
  bind_waveforms(m);
}
