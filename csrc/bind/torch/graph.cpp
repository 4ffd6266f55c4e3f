#include <tuple>

#include "marey/graph/spmm.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;

namespace marey::torch_ops {
template <>
inline constexpr ScalarType scalar_type<std::int32_t> = ScalarType::Int;
}

namespace {

const auto on_torch_threads = [](std::int64_t n, std::int64_t grain, auto&& work) {
  torch::stable::parallel_for(0, n, grain, work);
};

// x is (column, channel).
template <typename T, typename I>
marey::graph::Spmm<T, I> make(const Tensor& offsets, const Tensor& targets, const Tensor& x,
                              const OptionalTensor& weights) {
  STD_TORCH_CHECK(targets.dim() == 1 && x.dim() == 2, "`targets` must have one axis and `x` two");
  STD_TORCH_CHECK(!weights || weights->numel() == targets.numel(), "`weights` must have one value an arc");
  check_offsets(offsets, targets.numel());
  const I* columns = data<I>(targets, "targets");
  STD_TORCH_CHECK(marey::graph::targets_are_columns(columns, targets.numel(), x.size(0)),
                  "`targets` has a node that `x` has no row for");
  return {offsets.numel() - 1,
          x.size(1),
          data<std::int64_t>(offsets, "offsets"),
          columns,
          data<T>(weights, "weights"),
          nullptr,
          data<T>(x, "x"),
          nullptr};
}

template <typename Run>
auto by_dtype(const Tensor& x, const Tensor& targets, Run&& run) {
  const bool wide = targets.scalar_type() == ScalarType::Long;
  if (x.scalar_type() == ScalarType::Double) {
    return wide ? run(double{}, std::int64_t{}) : run(double{}, std::int32_t{});
  }
  return wide ? run(float{}, std::int64_t{}) : run(float{}, std::int32_t{});
}

Tensor spmm(const Tensor offsets, const Tensor targets, const Tensor x, const OptionalTensor weights) {
  return by_dtype(x, targets, [&]<typename T, typename I>(T, I) {
    auto a = make<T, I>(offsets, targets, x, weights);
    Tensor out = make_output<T>(x, {a.n_rows, a.n_channels});
    a.out = mutable_data<T>(out);
    marey::graph::spmm_on(a, on_torch_threads);
    return out;
  });
}

std::tuple<Tensor, Tensor> spmm_backward(const Tensor grad, const Tensor offsets, const Tensor targets, const Tensor x,
                                         const OptionalTensor weights) {
  return by_dtype(x, targets, [&]<typename T, typename I>(T, I) {
    const auto a = make<T, I>(offsets, targets, x, weights);
    STD_TORCH_CHECK(grad.dim() == 2 && grad.size(0) == a.n_rows && grad.size(1) == a.n_channels,
                    "`grad` must be (row, channel)");
    Tensor grad_x = make_output<T>(x, {x.size(0), x.size(1)});
    Tensor grad_weights = make_output<T>(x, {weights ? targets.numel() : 0});
    marey::graph::spmm_backward_on(a, data<T>(grad, "grad"), x.size(0), mutable_data<T>(grad_x),
                                   weights ? mutable_data<T>(grad_weights) : nullptr, on_torch_threads);
    return std::tuple<Tensor, Tensor>(grad_x, grad_weights);
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("spmm(Tensor offsets, Tensor targets, Tensor x, Tensor? weights) -> Tensor");
  // Without weights their gradient has no element.
  m.def("spmm_backward(Tensor grad, Tensor offsets, Tensor targets, Tensor x, Tensor? weights) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("spmm", TORCH_BOX(&spmm));
  m.impl("spmm_backward", TORCH_BOX(&spmm_backward));
}
