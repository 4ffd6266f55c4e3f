// marey._core: readers of waveform records.
#include <cstring>
#include <string_view>

#include "arrays.hpp"
#include "marey/waveforms/cwa.hpp"
#include "marey/waveforms/wfdb.hpp"

using namespace marey::numpy;
using namespace marey::waveforms;
using std::int64_t;

namespace {

py::str shown(std::string_view text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::object told(const Problem& problem) {
  if (problem.text == nullptr) return py::none();
  return py::make_tuple(problem.text, problem.offset);
}

template <typename T>
py::array_t<T> copied(const std::vector<T>& values) {
  py::array_t<T> out(static_cast<py::ssize_t>(values.size()));
  if (!values.empty()) std::memcpy(out.mutable_data(), values.data(), values.size() * sizeof(T));
  return out;
}

py::dict bind_header(const py::bytes& text) {
  const WfdbHeader header = parse_wfdb_header(static_cast<std::string_view>(text));
  py::list signals, comments;
  for (const WfdbSignal& s : header.signals) {
    py::dict signal;
    signal["file"] = shown(s.file);
    signal["format"] = s.format;
    signal["per_frame"] = s.per_frame;
    signal["skew"] = s.skew;
    signal["byte_offset"] = s.byte_offset;
    signal["gain"] = s.gain;
    signal["baseline"] = s.baseline;
    signal["units"] = shown(s.units);
    signal["checksum"] = s.has_checksum ? py::object(py::int_(s.checksum)) : py::none();
    signal["description"] = shown(s.description);
    signals.append(signal);
  }
  for (const std::string_view comment : header.comments) comments.append(shown(comment));
  py::dict out;
  out["problem"] = told(header.problem);
  out["name"] = shown(header.name);
  out["start"] = shown(header.start);
  out["fs"] = header.fs;
  out["frames"] = header.frames;
  out["signals"] = signals;
  out["comments"] = comments;
  return out;
}

template <typename T>
py::tuple decode_as(std::string_view bytes, const WfdbGroup& group, int64_t first_sample, int64_t n_frames,
                    bool whole) {
  py::list arrays;
  std::vector<T*> pointers;
  for (const int64_t n : group.per_frame) {
    auto array = make_output<T>({whole ? n_frames * n : n_frames});
    pointers.push_back(array.mutable_data());
    arrays.append(array);
  }
  std::vector<int64_t> sums(group.per_frame.size());
  const bool fits = [&] {
    py::gil_scoped_release nogil;
    return decode_wfdb<T>(bytes, group, first_sample, n_frames, whole, pointers.data(), sums.data());
  }();
  expect(fits, "the bytes are fewer than the frames need");
  return py::make_tuple(arrays, copied(sums));
}

py::tuple bind_decode(const py::buffer& bytes, int64_t format, const std::vector<int64_t>& per_frame,
                      const std::vector<double>& gain, const std::vector<double>& baseline, int64_t first_sample,
                      int64_t n_frames, bool whole, bool single) {
  const py::buffer_info view = bytes.request();
  expect(view.ndim == 1 && view.itemsize == 1, "`bytes` must be a flat buffer of bytes");
  expect(gain.size() == per_frame.size() && baseline.size() == per_frame.size(), "one gain and baseline a signal");
  int64_t samples = 0;
  for (const int64_t n : per_frame) {
    expect(n >= 1 && n <= kLargestFrame, "`per_frame` is out of range");
    samples += n;
  }
  expect(first_sample >= 0 && n_frames >= 0 && (samples == 0 || n_frames <= 2 * view.size / samples),
         "the bytes are fewer than the frames need");
  const std::string_view text{static_cast<const char*>(view.ptr), static_cast<std::size_t>(view.size)};
  const WfdbGroup group{format, per_frame, gain, baseline};
  return single ? decode_as<float>(text, group, first_sample, n_frames, whole)
                : decode_as<double>(text, group, first_sample, n_frames, whole);
}

py::dict bind_annotations(const py::bytes& bytes) {
  const WfdbAnnotations a = parse_wfdb_annotations(static_cast<std::string_view>(bytes));
  py::list aux;
  const std::string_view text = a.aux;
  for (std::size_t i = 0; i + 1 < a.aux_offsets.size(); ++i) {
    const auto begin = static_cast<std::size_t>(a.aux_offsets[i]), end = static_cast<std::size_t>(a.aux_offsets[i + 1]);
    aux.append(shown(text.substr(begin, end - begin)));
  }
  py::dict out;
  out["problem"] = told(a.problem);
  out["sample"] = copied(a.sample);
  out["code"] = copied(a.code);
  out["subtype"] = copied(a.subtype);
  out["channel"] = copied(a.channel);
  out["number"] = copied(a.number);
  out["aux"] = aux;
  return out;
}

std::string_view view_of(const py::buffer_info& view) {
  expect(view.ndim == 1 && view.itemsize == 1, "`bytes` must be a flat buffer of bytes");
  return {static_cast<const char*>(view.ptr), static_cast<std::size_t>(view.size)};
}

// The header, the blocks' columns, and the samples. With a problem of the header nothing else is told.
template <typename T>
py::dict read_cwa_as(const py::buffer& bytes, bool strict) {
  const py::buffer_info info = bytes.request();
  const std::string_view text = view_of(info);
  const CwaHeader header = parse_cwa_header(text);
  py::dict out;
  out["problem"] = told(header.problem);
  if (header.problem.text != nullptr) return out;
  CwaBlocks found;
  {
    py::gil_scoped_release nogil;
    found = scan_cwa(text, header.data_begins, strict);
  }
  out["problem"] = told(found.problem);
  out["bad"] = found.bad;
  out["device"] = header.device;
  out["session"] = header.session;
  out["starts"] = header.starts;
  out["ends"] = header.ends;
  out["range"] = header.range;
  out["annotation"] = shown(header.annotation);
  out["fs"] = found.blocks.empty() ? header.fs : found.blocks.front().fs;
  const auto n = static_cast<py::ssize_t>(found.blocks.size());
  const int64_t total = n == 0 ? 0 : found.blocks.back().first + found.blocks.back().samples;
  const bool has_gyro = n > 0 && found.blocks.front().axes > 3;
  auto acc = make_output<T>({3, total}), gyro = make_output<T>({3, has_gyro ? total : 0});
  T* const acc_at = acc.mutable_data();
  T* const gyro_at = has_gyro ? gyro.mutable_data() : nullptr;
  bool fits = true;
  {
    py::gil_scoped_release nogil;
    fits = decode_cwa(text, found.blocks, total, acc_at, gyro_at);
  }
  expect(fits, "the blocks are not those of the bytes");
  out["acc"] = acc;
  out["gyro"] = has_gyro ? py::object(gyro) : py::none();
  const auto column = [&](auto f) {
    py::array_t<decltype(f(found.blocks[0]))> values(n);
    for (py::ssize_t i = 0; i < n; ++i) values.mutable_data()[i] = f(found.blocks[static_cast<std::size_t>(i)]);
    return values;
  };
  out["first"] = column([](const CwaBlock& b) { return b.first; });
  out["samples"] = column([](const CwaBlock& b) { return b.samples; });
  out["sequence"] = column([](const CwaBlock& b) { return int64_t(b.sequence); });
  out["sessions"] = column([](const CwaBlock& b) { return int64_t(b.session); });
  out["time"] = column([](const CwaBlock& b) { return b.time; });
  out["light"] = column([](const CwaBlock& b) { return b.light; });
  out["temperature"] = column([](const CwaBlock& b) { return b.temperature; });
  out["battery"] = column([](const CwaBlock& b) { return b.battery; });
  return out;
}

py::dict bind_cwa(const py::buffer& bytes, bool strict, bool single) {
  return single ? read_cwa_as<float>(bytes, strict) : read_cwa_as<double>(bytes, strict);
}

}  // namespace

void bind_waveforms(py::module_& m) {
  m.def("wfdb_header", &bind_header, py::arg("text"));
  m.def("wfdb_decode", &bind_decode, py::arg("bytes"), py::arg("format"), py::arg("per_frame"), py::arg("gain"),
        py::arg("baseline"), py::arg("first_sample"), py::arg("n_frames"), py::arg("whole"), py::arg("single"));
  m.def("wfdb_annotations", &bind_annotations, py::arg("bytes"));
  m.def("read_cwa", &bind_cwa, py::arg("bytes"), py::arg("strict"), py::arg("single"));
}
