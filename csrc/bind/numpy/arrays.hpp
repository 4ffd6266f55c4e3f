// Arrays at the NumPy boundary: typed contiguous views in, fresh arrays out, a Status to an exception.
//
// The Python layer has checked kinds, shapes and values already; what is checked here keeps a direct call
// safe.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "marey/core/offsets.hpp"
#include "marey/core/parallel.hpp"
#include "marey/core/recycle.hpp"

namespace marey::numpy {

namespace py = pybind11;

template <typename T>
using Array = py::array_t<T, py::array::c_style>;
template <typename T>
using Optional = std::optional<Array<T>>;

inline bool poison_outputs = false;  // tests fill outputs with NaN first, so that an unwritten element shows

// Uninitialised; a large one in memory that an earlier one left.
template <typename T>
Array<T> new_array(const std::vector<py::ssize_t>& shape) {
  std::size_t bytes = sizeof(T);
  for (py::ssize_t n : shape) bytes *= n;
  void* const block = take_block(bytes);
  if (block == nullptr) return Array<T>(shape);
  return Array<T>(shape, static_cast<T*>(block), py::capsule(block, &give_block));
}

template <typename T>
Array<T> make_output(const std::vector<py::ssize_t>& shape) {
  Array<T> out = new_array<T>(shape);
  if (poison_outputs) {
    const T mark = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::min();
    std::fill_n(out.mutable_data(), out.size(), mark);
  }
  return out;
}

template <typename T>
const T* pointer(const Optional<T>& array) {
  return array ? array->data() : nullptr;
}

inline void expect(bool condition, const char* message) {
  if (!condition) throw py::value_error(message);
}

inline void check_offsets(const Array<std::int64_t>& offsets, std::int64_t total, std::int64_t* longest = nullptr) {
  expect(offsets.ndim() == 1 && offsets.size() > 0, "`offsets` must be one-dimensional and not empty");
  const Status status = marey::check_offsets(offsets.data(), offsets.size() - 1, total, longest);
  if (!status.ok()) {
    throw py::value_error(std::string("`offsets` ") + rule(status.code) + std::to_string(status.index));
  }
}

}  // namespace marey::numpy
