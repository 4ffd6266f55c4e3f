#include "arrays.hpp"
#include "marey/ragged/segment_reduce.hpp"
#include "marey/ragged/segment_softmax.hpp"

using namespace marey::numpy;
using marey::ragged::Reduction;
using marey::ragged::Rows;

namespace {

// values is (total, n_channels).
template <typename T>
Rows make_rows(const Array<T>& values, const Array<std::int64_t>& offsets) {
  expect(values.ndim() == 2, "`values` must have two axes");
  Rows rows{offsets.data(), offsets.size() - 1, values.shape(1), values.shape(0)};
  check_offsets(offsets, rows.total, &rows.longest);
  return rows;
}

const auto on_threads = [](std::int64_t n, std::int64_t grain, auto&& work) { marey::parallel_for(n, grain, work); };

template <typename T>
Array<T> segment_reduce(const Array<T>& values, const Array<std::int64_t>& offsets, const std::string& op) {
  const Rows rows = make_rows(values, offsets);
  const Reduction reduction = marey::ragged::reduction(op);
  expect(reduction != Reduction::unknown, "`op` must be sum, mean, min, max or logsumexp");
  auto result = make_output<T>({rows.n_rows, rows.n_channels});
  const marey::ragged::SegmentReduce<T> a{rows, reduction, values.data(), result.mutable_data(), nullptr};
  {
    py::gil_scoped_release nogil;
    marey::ragged::segment_reduce_on(a, on_threads);
  }
  return result;
}

template <typename T>
Array<T> segment_softmax(const Array<T>& values, const Array<std::int64_t>& offsets) {
  const Rows rows = make_rows(values, offsets);
  auto result = make_output<T>({rows.total, rows.n_channels});
  const marey::ragged::SegmentSoftmax<T> a{rows, values.data(), result.mutable_data(), nullptr};
  {
    py::gil_scoped_release nogil;
    marey::ragged::segment_softmax_on(a, on_threads);
  }
  return result;
}

}  // namespace

void bind_ragged(py::module_& m) {
  const auto def = [&](auto reduce, auto softmax) {
    m.def("segment_reduce", reduce, py::arg("values").noconvert(), py::arg("offsets").noconvert(), py::arg("op"));
    m.def("segment_softmax", softmax, py::arg("values").noconvert(), py::arg("offsets").noconvert());
  };
  def(&segment_reduce<float>, &segment_softmax<float>);
  def(&segment_reduce<double>, &segment_softmax<double>);
}
