#include "marey/survival/ranking_loss.hpp"

#include <tuple>

#include "tensors.hpp"

using namespace marey::torch_ops;

namespace {

template <typename T>
std::tuple<Tensor, Tensor> run(const Tensor& risk, const Tensor& time, const Tensor& event, double sigma) {
  const std::int64_t n = risk.numel();
  STD_TORCH_CHECK(risk.dim() == 1 && time.dim() == 1 && event.dim() == 1, "every argument must have one axis");
  STD_TORCH_CHECK(time.numel() == n && event.numel() == n, "every argument must have one value a row");
  Tensor loss = make_output<T>(risk, {}), gradient = make_output<T>(risk, {n});
  const std::int64_t row =
      marey::survival::ranking_loss<T>({n, data<T>(risk, "risk"), data<T>(time, "time"),
                                        reinterpret_cast<const std::uint8_t*>(data<bool>(event, "event")), sigma,
                                        mutable_data<T>(loss), mutable_data<T>(gradient)});
  STD_TORCH_CHECK(row < 0, "`time` of row ", row, " is NaN; expected a number");
  return {loss, gradient};
}

std::tuple<Tensor, Tensor> ranking_loss(const Tensor risk, const Tensor time, const Tensor event, double sigma) {
  return risk.scalar_type() == ScalarType::Double ? run<double>(risk, time, event, sigma)
                                                  : run<float>(risk, time, event, sigma);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def("ranking_loss(Tensor risk, Tensor time, Tensor event, float sigma) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) { m.impl("ranking_loss", TORCH_BOX(&ranking_loss)); }
