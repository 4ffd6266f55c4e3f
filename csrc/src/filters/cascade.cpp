#include "marey/filters/cascade.hpp"

#include <algorithm>
#include <cmath>

namespace marey::filters {

Status normalize(const double* sections, std::int64_t rows, std::int64_t order, std::vector<double>& coefficients) {
  const std::int64_t width = 2 * order + 1;
  coefficients.resize(rows * width);
  for (std::int64_t r = 0; r < rows; ++r) {
    const double *b = sections + r * (width + 1), *a = b + order + 1;
    if (a[0] == 0.0) return {Code::zero_leading_coefficient, r};
    double* out = coefficients.data() + r * width;
    for (std::int64_t i = 0; i <= order; ++i) out[i] = b[i] / a[0];
    for (std::int64_t i = 1; i <= order; ++i) out[order + i] = a[i] / a[0];
  }
  return {};
}

bool is_recursive(const double* coefficients, std::int64_t rows, std::int64_t order) noexcept {
  for (std::int64_t r = 0; r < rows; ++r) {
    const double* a = coefficients + r * (2 * order + 1) + order + 1;
    for (std::int64_t i = 0; i < order; ++i) {
      if (a[i] != 0.0) return true;
    }
  }
  return false;
}

void normalize_backward(const double* sections, const double* grad_coefficients, std::int64_t rows, std::int64_t order,
                        double* grad_sections) noexcept {
  const std::int64_t width = 2 * order + 1;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double *b = sections + r * (width + 1), *a = b + order + 1, *in = grad_coefficients + r * width;
    double *grad_b = grad_sections + r * (width + 1), *grad_a = grad_b + order + 1;
    double scale = 0.0;
    for (std::int64_t i = 0; i <= order; ++i) {
      grad_b[i] = in[i] / a[0];
      scale += grad_b[i] * b[i];
    }
    for (std::int64_t i = 1; i <= order; ++i) {
      grad_a[i] = in[order + i] / a[0];
      scale += grad_a[i] * a[i];
    }
    grad_a[0] = -scale / a[0];
  }
}

bool all_finite(const double* values, std::int64_t n) noexcept {
  return std::all_of(values, values + n, [](double v) { return std::isfinite(v); });
}

std::int64_t default_padlen(const Cascade& cascade) noexcept {
  const auto sections_without = [&](std::int64_t coefficient) {
    std::int64_t count = 0;
    for (std::int64_t s = 0; s < cascade.n_sections; ++s) {
      bool zero = true;
      for (std::int64_t c = 0; c < (cascade.per_channel ? cascade.n_channels : 1); ++c) {
        zero &= cascade.coefficients[(c * cascade.n_sections + s) * cascade.width() + coefficient] == 0.0;
      }
      count += zero;
    }
    return count;
  };
  const std::int64_t origin = std::min(sections_without(cascade.order), sections_without(2 * cascade.order));
  return 3 * (2 * cascade.n_sections + 1 - origin);
}

std::int64_t items(const Cascade& cascade) noexcept { return (cascade.n_channels + 7) / 8; }

std::int64_t grain(const Cascade& cascade) noexcept {
  const std::int64_t work = cascade.n_channels * cascade.length * cascade.n_sections * (cascade.order + 1);
  return std::max<std::int64_t>(1, items(cascade) * 65536 / std::max<std::int64_t>(1, work));
}

// In doubles; each of the parts taken from a scratch may leave a cache line's rest unused.
constexpr std::int64_t most_lanes = 8, slack = 16 * 8;

std::int64_t forward_scratch(const Cascade& cascade) noexcept {
  return most_lanes * (cascade.n_sections * (cascade.width() + cascade.order) + 2 * 64) + slack;
}

std::int64_t backward_scratch(const Cascade& cascade) noexcept {
  const std::int64_t states = cascade.n_sections * cascade.order, tiles = (cascade.length + 255) / 256;
  return forward_scratch(cascade) +
         most_lanes *
             (cascade.n_sections * 2 * (cascade.width() + 1) + states * (1 + tiles) + (cascade.n_sections + 3) * 256) +
         slack;
}

std::int64_t zero_phase_scratch(const Cascade& cascade, std::int64_t padlen) noexcept {
  return forward_scratch(cascade) + most_lanes * 2 * (padlen + 1);
}

template <typename T>
void cascade(const CascadeForward<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept {
  if (a.cascade.order == 2 && a.cascade.recursive) {
    MAREY_DISPATCH(sosfilt_kernel, a, begin, end, scratch)
  } else {
    MAREY_DISPATCH(lfilter_kernel, a, begin, end, scratch)
  }
}

template <typename T>
void cascade_backward(const CascadeBackward<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept {
  if (a.cascade.order == 2 && a.cascade.recursive) {
    MAREY_DISPATCH(sosfilt_backward_kernel, a, begin, end, scratch)
  } else {
    MAREY_DISPATCH(lfilter_backward_kernel, a, begin, end, scratch)
  }
}

template <typename T>
void zero_phase(const ZeroPhase<T>& a, std::int64_t begin, std::int64_t end, double* scratch) noexcept {
  if (a.cascade.order == 2 && a.cascade.recursive) {
    MAREY_DISPATCH(sosfiltfilt_kernel, a, begin, end, scratch)
  } else {
    MAREY_DISPATCH(filtfilt_kernel, a, begin, end, scratch)
  }
}

#define MAREY_INSTANTIATE(T)                                                                               \
  template void cascade(const CascadeForward<T>&, std::int64_t, std::int64_t, double*) noexcept;           \
  template void cascade_backward(const CascadeBackward<T>&, std::int64_t, std::int64_t, double*) noexcept; \
  template void zero_phase(const ZeroPhase<T>&, std::int64_t, std::int64_t, double*) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::filters
