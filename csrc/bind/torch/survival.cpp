#include <tuple>

#include "marey/survival/cox_partial_likelihood.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;

namespace {

template <typename T>
std::tuple<Tensor, Tensor> run(const Tensor& risk, const Tensor& time, const Tensor& event,
                               const OptionalTensor& strata, bool efron) {
  const std::int64_t n = risk.numel();
  STD_TORCH_CHECK(risk.dim() == 1 && time.dim() == 1 && event.dim() == 1, "every argument must have one axis");
  STD_TORCH_CHECK(time.numel() == n && event.numel() == n && (!strata || strata->numel() == n),
                  "every argument must have one value a row");
  Tensor loglik = make_output<T>(risk, {}), gradient = make_output<T>(risk, {n});
  const std::int64_t row = marey::survival::cox_partial_likelihood<T>(
      {n, data<T>(risk, "risk"), data<T>(time, "time"),
       reinterpret_cast<const std::uint8_t*>(data<bool>(event, "event")), data<std::int64_t>(strata, "strata"), efron,
       mutable_data<T>(loglik), mutable_data<T>(gradient)});
  STD_TORCH_CHECK(row < 0, "`time` of row ", row, " is NaN; expected a number");
  return {loglik, gradient};
}

std::tuple<Tensor, Tensor> cox_partial_likelihood(const Tensor risk, const Tensor time, const Tensor event,
                                                  const OptionalTensor strata, bool efron) {
  return risk.scalar_type() == ScalarType::Double ? run<double>(risk, time, event, strata, efron)
                                                  : run<float>(risk, time, event, strata, efron);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "cox_partial_likelihood(Tensor risk, Tensor time, Tensor event, Tensor? strata, bool efron) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) { m.impl("cox_partial_likelihood", TORCH_BOX(&cox_partial_likelihood)); }
