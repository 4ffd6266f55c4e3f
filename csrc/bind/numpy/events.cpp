// marey._core: readers of event files. The buffers stay owned by Python; the arrays own the vectors they
// show.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "marey/events/physionet2012.hpp"
#include "marey/events/tar.hpp"

namespace py = pybind11;

namespace {

namespace p12 = marey::events::physionet2012;

constexpr std::size_t kTextShown = 120;

template <class T>
py::array_t<T> owned(std::vector<T>&& values) {
  auto held = std::make_unique<std::vector<T>>(std::move(values));
  std::vector<T>* vector = held.get();
  py::capsule owner(held.release(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(static_cast<py::ssize_t>(vector->size()), vector->data(), owner);
}

py::str shown(std::string_view text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::tuple list_tar(const py::bytes& archive) {
  const auto bytes = static_cast<std::string_view>(archive);
  const marey::events::TarListing listing = [&] {
    py::gil_scoped_release released;
    return marey::events::list_tar(bytes);
  }();
  py::list members;
  for (const marey::events::TarMember& member : listing.members) {
    members.append(py::make_tuple(shown(member.name), py::str(shown({&member.type, 1})),
                                  member.bytes.data() - bytes.data(), member.bytes.size()));
  }
  return py::make_tuple(members, listing.offset, marey::events::describe(listing.problem));
}

py::dict read_physionet2012(const std::vector<py::buffer>& texts, const std::vector<std::int64_t>& ids_in_names,
                            int threads) {
  if (texts.size() != ids_in_names.size()) throw py::value_error("`texts` and `ids_in_names` differ in length");
  std::vector<py::buffer_info> views;
  std::vector<p12::StayFile> files;
  views.reserve(texts.size());
  files.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const py::buffer_info& view = views.emplace_back(texts[i].request());
    if (view.ndim != 1 || view.itemsize != 1 || (view.size > 1 && view.strides[0] != 1)) {
      throw py::value_error("`texts` are flat buffers of bytes");
    }
    files.push_back({{static_cast<const char*>(view.ptr), static_cast<std::size_t>(view.size)}, ids_in_names[i]});
  }
  p12::Stays stays = [&] {
    py::gil_scoped_release released;
    return p12::read(files.data(), static_cast<std::int64_t>(files.size()), threads);
  }();
  if (stays.outcome != p12::Outcome::ok) throw std::bad_alloc();

  py::list skipped;
  for (const p12::Skipped& row : stays.skipped) {
    skipped.append(py::make_tuple(row.file, row.line, shown(row.text.substr(0, kTextShown)), describe(row.reason)));
  }
  py::dict statics;
  for (std::size_t d = 0; d < p12::kDescriptors.size(); ++d) {
    statics[shown(p12::kDescriptors[d])] = owned(std::move(stays.statics[d]));
  }
  py::dict out;
  out["subject_id"] = owned(std::move(stays.subject_id));
  out["offsets"] = owned(std::move(stays.offsets));
  out["time"] = owned(std::move(stays.time));
  out["code"] = owned(std::move(stays.code));
  out["value"] = owned(std::move(stays.value));
  out["statics"] = statics;
  out["file"] = owned(std::move(stays.file));
  out["rows"] = owned(std::move(stays.rows));
  out["rows_skipped"] = owned(std::move(stays.rows_skipped));
  out["skipped"] = skipped;
  return out;
}

}  // namespace

void bind_events(py::module_& m) {
  m.def("list_tar", &list_tar, py::arg("archive"));
  m.def("read_physionet2012", &read_physionet2012, py::arg("texts"), py::arg("ids_in_names"), py::arg("threads"));
  py::tuple variables(p12::kVariables.size());
  for (std::size_t i = 0; i < p12::kVariables.size(); ++i) variables[i] = shown(p12::kVariables[i]);
  m.attr("physionet2012_variables") = variables;
}
