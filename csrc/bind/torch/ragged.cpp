#include "marey/ragged/segment_reduce.hpp"
#include "marey/ragged/segment_softmax.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::ragged::Reduction;
using marey::ragged::Rows;

namespace {

// values is (total, n_channels).
Rows make_rows(const Tensor& values, const Tensor& offsets) {
  STD_TORCH_CHECK(values.dim() == 2, "`values` must have two axes");
  Rows rows{data<std::int64_t>(offsets, "offsets"), offsets.numel() - 1, values.size(1), values.size(0)};
  check_offsets(offsets, rows.total, &rows.longest);
  return rows;
}

Reduction reduction(const std::string& op) {
  const Reduction found = marey::ragged::reduction(op);
  STD_TORCH_CHECK(found != Reduction::unknown, "`op` is '", op, "'; expected sum, mean, min, max or logsumexp");
  return found;
}

void expect_rows(const Tensor& tensor, const Rows& rows, const char* name) {
  STD_TORCH_CHECK(tensor.dim() == 2 && tensor.size(0) == rows.n_rows && tensor.size(1) == rows.n_channels, "`", name,
                  "` must be (row, channel)");
}

const auto on_torch_threads = [](std::int64_t n, std::int64_t grain, auto&& work) {
  torch::stable::parallel_for(0, n, grain, work);
};

template <typename T>
Tensor reduce(const Tensor& values, const Tensor& offsets, Reduction op) {
  const Rows rows = make_rows(values, offsets);
  Tensor result = make_output<T>(values, {rows.n_rows, rows.n_channels});
  const marey::ragged::SegmentReduce<T> a{rows, op, data<T>(values, "values"), mutable_data<T>(result), nullptr};
  marey::ragged::segment_reduce_on(a, on_torch_threads);
  return result;
}

Tensor segment_reduce(const Tensor values, const Tensor offsets, const std::string op) {
  return values.scalar_type() == ScalarType::Double ? reduce<double>(values, offsets, reduction(op))
                                                    : reduce<float>(values, offsets, reduction(op));
}

template <typename T>
Tensor reduce_backward(const Tensor& grad, const Tensor& values, const Tensor& result, const Tensor& offsets,
                       Reduction op) {
  const Rows rows = make_rows(values, offsets);
  expect_rows(grad, rows, "grad");
  expect_rows(result, rows, "result");
  const bool reads_values = op != Reduction::sum && op != Reduction::mean;
  Tensor grad_values = make_output<T>(grad, {rows.total, rows.n_channels});
  const marey::ragged::SegmentReduceBackward<T> a{rows,
                                                  op,
                                                  data<T>(grad, "grad"),
                                                  reads_values ? data<T>(values, "values") : nullptr,
                                                  reads_values ? data<T>(result, "result") : nullptr,
                                                  mutable_data<T>(grad_values)};
  marey::ragged::segment_reduce_backward_on(a, on_torch_threads);
  return grad_values;
}

Tensor segment_reduce_backward(const Tensor grad, const Tensor values, const Tensor result, const Tensor offsets,
                               const std::string op) {
  return grad.scalar_type() == ScalarType::Double
             ? reduce_backward<double>(grad, values, result, offsets, reduction(op))
             : reduce_backward<float>(grad, values, result, offsets, reduction(op));
}

template <typename T>
Tensor softmax(const Tensor& values, const Tensor& offsets) {
  const Rows rows = make_rows(values, offsets);
  Tensor result = make_output<T>(values, {rows.total, rows.n_channels});
  const marey::ragged::SegmentSoftmax<T> a{rows, data<T>(values, "values"), mutable_data<T>(result), nullptr};
  marey::ragged::segment_softmax_on(a, on_torch_threads);
  return result;
}

Tensor segment_softmax(const Tensor values, const Tensor offsets) {
  return values.scalar_type() == ScalarType::Double ? softmax<double>(values, offsets)
                                                    : softmax<float>(values, offsets);
}

template <typename T>
Tensor softmax_backward(const Tensor& grad, const Tensor& result, const Tensor& offsets) {
  const Rows rows = make_rows(result, offsets);
  STD_TORCH_CHECK(grad.dim() == 2 && grad.size(0) == rows.total && grad.size(1) == rows.n_channels,
                  "`grad` must be shaped like `result`");
  Tensor grad_values = make_output<T>(grad, {rows.total, rows.n_channels});
  const marey::ragged::SegmentSoftmaxBackward<T> a{rows, data<T>(grad, "grad"), data<T>(result, "result"),
                                                   mutable_data<T>(grad_values), nullptr};
  marey::ragged::segment_softmax_on(a, on_torch_threads);
  return grad_values;
}

Tensor segment_softmax_backward(const Tensor grad, const Tensor result, const Tensor offsets) {
  return result.scalar_type() == ScalarType::Double ? softmax_backward<double>(grad, result, offsets)
                                                    : softmax_backward<float>(grad, result, offsets);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("segment_reduce(Tensor values, Tensor offsets, str op) -> Tensor");
  // Of `values` and `result`, sum and mean read the shapes alone.
  m.def("segment_reduce_backward(Tensor grad, Tensor values, Tensor result, Tensor offsets, str op) -> Tensor");
  m.def("segment_softmax(Tensor values, Tensor offsets) -> Tensor");
  m.def("segment_softmax_backward(Tensor grad, Tensor result, Tensor offsets) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("segment_reduce", TORCH_BOX(&segment_reduce));
  m.impl("segment_reduce_backward", TORCH_BOX(&segment_reduce_backward));
  m.impl("segment_softmax", TORCH_BOX(&segment_softmax));
  m.impl("segment_softmax_backward", TORCH_BOX(&segment_softmax_backward));
}
