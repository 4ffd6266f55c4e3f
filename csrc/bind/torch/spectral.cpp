#include <cmath>
#include <tuple>

#include "marey/spectral/lomb_scargle.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::spectral::LombScargle;
using marey::spectral::LombScargleBackward;

namespace {

LombScargle problem_of(const Tensor& t, const Tensor& y, const OptionalTensor& dy, const Tensor& offsets,
                       const Tensor& frequency, bool fit_mean, bool center) {
  STD_TORCH_CHECK(t.dim() == 1 && y.dim() == 1 && frequency.dim() == 1, "`t`, `y` and `frequency` must have one axis");
  STD_TORCH_CHECK(t.numel() == y.numel() && (!dy || (dy->dim() == 1 && dy->numel() == y.numel())),
                  "`t`, `y` and `dy` must have one length");
  check_offsets(offsets, y.numel());
  const double *freqs = data<double>(frequency, "frequency"), *errors = data<double>(dy, "dy");
  const std::int64_t n = frequency.numel();
  for (std::int64_t k = 0; k < n; ++k) {
    STD_TORCH_CHECK(freqs[k] >= 0 && std::isfinite(freqs[k]), "`frequency` has a value that is not finite and >= 0");
  }
  for (std::int64_t i = 0; errors != nullptr && i < y.numel(); ++i) {
    STD_TORCH_CHECK(errors[i] > 0, "`dy` has a value that is not > 0");
  }
  return {offsets.numel() - 1,
          data<std::int64_t>(offsets, "offsets"),
          data<double>(t, "t"),
          data<double>(y, "y"),
          errors,
          n,
          freqs,
          marey::spectral::regular_spacing(freqs, n),
          fit_mean,
          center,
          false,
          nullptr,
          nullptr,
          nullptr};
}

template <typename Problem>
void on_torch_threads(const Problem& problem, const LombScargle& sizes) {
  torch::stable::parallel_for(
      0, sizes.n_series, marey::spectral::lomb_scargle_grain(sizes),
      [&](std::int64_t begin, std::int64_t end) { marey::spectral::lomb_scargle_range(problem, begin, end); });
}

std::tuple<Tensor, Tensor, Tensor> lomb_scargle(const Tensor t, const Tensor y, const OptionalTensor dy,
                                                const Tensor offsets, const Tensor frequency, bool fit_mean,
                                                bool center, bool fast) {
  LombScargle problem = problem_of(t, y, dy, offsets, frequency, fit_mean, center);
  Tensor power = make_output<double>(y, {problem.n_series, problem.n_freqs}),
         variance = make_output<double>(y, {problem.n_series}), total = make_output<double>(y, {problem.n_series});
  problem.fast = fast;
  problem.power = mutable_data<double>(power);
  problem.variance = mutable_data<double>(variance);
  problem.total = mutable_data<double>(total);
  on_torch_threads(problem, problem);
  return {power, variance, total};
}

// The gradient of `frequency` is told by series; that of `dy`, where there is none, is empty.
std::tuple<Tensor, Tensor, Tensor, Tensor> lomb_scargle_backward(const Tensor grad_power, const Tensor grad_variance,
                                                                 const Tensor grad_total, const Tensor t,
                                                                 const Tensor y, const OptionalTensor dy,
                                                                 const Tensor offsets, const Tensor frequency,
                                                                 bool fit_mean, bool center) {
  const LombScargle problem = problem_of(t, y, dy, offsets, frequency, fit_mean, center);
  const std::int64_t series = problem.n_series, freqs = problem.n_freqs, points = y.numel();
  STD_TORCH_CHECK(
      grad_power.numel() == series * freqs && grad_variance.numel() == series && grad_total.numel() == series,
      "a gradient is not shaped like its output");
  Tensor grad_t = make_output<double>(y, {points}), grad_y = make_output<double>(y, {points}),
         grad_dy = make_output<double>(y, {dy ? points : 0}), grad_freqs = make_output<double>(y, {series, freqs});
  const LombScargleBackward backward{problem,
                                     data<double>(grad_power, "grad_power"),
                                     data<double>(grad_variance, "grad_variance"),
                                     data<double>(grad_total, "grad_total"),
                                     mutable_data<double>(grad_t),
                                     mutable_data<double>(grad_y),
                                     mutable_data<double>(grad_dy),
                                     mutable_data<double>(grad_freqs)};
  on_torch_threads(backward, problem);
  return {grad_t, grad_y, grad_dy, grad_freqs};
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "lomb_scargle(Tensor t, Tensor y, Tensor? dy, Tensor offsets, Tensor frequency, bool fit_mean, bool center, "
      "bool fast) -> (Tensor, Tensor, Tensor)");
  m.def(
      "lomb_scargle_backward(Tensor grad_power, Tensor grad_variance, Tensor grad_total, Tensor t, Tensor y, "
      "Tensor? dy, Tensor offsets, Tensor frequency, bool fit_mean, bool center) -> (Tensor, Tensor, Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("lomb_scargle", TORCH_BOX(&lomb_scargle));
  m.impl("lomb_scargle_backward", TORCH_BOX(&lomb_scargle_backward));
}
