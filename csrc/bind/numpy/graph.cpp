#include "arrays.hpp"
#include "marey/graph/spmm.hpp"

using namespace marey::numpy;

namespace {

// x is (column, channel).
template <typename T, typename I>
Array<T> spmm(const Array<std::int64_t>& offsets, const Array<I>& targets, const Array<T>& x,
              const Optional<T>& weights) {
  expect(targets.ndim() == 1 && x.ndim() == 2, "`targets` must have one axis and `x` two");
  expect(!weights || weights->size() == targets.size(), "`weights` must have one value an arc");
  check_offsets(offsets, targets.size());
  expect(marey::graph::targets_are_columns(targets.data(), targets.size(), x.shape(0)),
         "`targets` has a node that `x` has no row for");
  const std::int64_t n_rows = offsets.size() - 1;
  auto out = make_output<T>({n_rows, x.shape(1)});
  const marey::graph::Spmm<T, I> a{n_rows,           x.shape(1), offsets.data(), targets.data(),
                                   pointer(weights), nullptr,    x.data(),       out.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::graph::spmm_on(a, [](std::int64_t n, std::int64_t grain, auto&& f) { marey::parallel_for(n, grain, f); });
  }
  return out;
}

}  // namespace

void bind_graph(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("spmm", function, py::arg("offsets").noconvert(), py::arg("targets").noconvert(), py::arg("x").noconvert(),
          py::arg("weights").noconvert().none(true));
  };
  def(&spmm<float, std::int32_t>);
  def(&spmm<float, std::int64_t>);
  def(&spmm<double, std::int32_t>);
  def(&spmm<double, std::int64_t>);
}
