#include "marey/scan/s5_scan.hpp"

#include <algorithm>

namespace marey::scan {

std::int64_t s5_scan_items(const S5ScanShape& s) noexcept { return s.n_series * s5_scan_blocks(s); }

std::int64_t s5_scan_grain(const S5ScanShape& s) noexcept {
  const std::int64_t elements = s.n_series * s.n_states * s.length;
  return std::max<std::int64_t>(1, s5_scan_items(s) * 16384 / std::max<std::int64_t>(1, elements));
}

std::int64_t s5_scan_backward_workspace(const S5ScanShape& s) noexcept {
  return 2 * s.n_series * s.n_states + s5_scan_blocks(s) * s.n_series * s.length;
}

template <typename T, typename S>
void s5_scan(const S5Scan<T, S>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(s5_scan_kernel, a, begin, end)
}

template <typename T, typename S>
void s5_scan_backward(const S5ScanBackward<T, S>& a, double* workspace, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(s5_scan_backward_kernel, a, workspace, begin, end)
}

template <typename T, typename S>
void s5_scan_backward_finish(const S5ScanBackward<T, S>& a, const double* workspace) noexcept {
  const S5ScanShape& s = a.shape;
  for (std::int64_t i = 0; i < 2 * s.n_states; ++i) {
    double sum = 0.0;
    for (std::int64_t series = 0; series < s.n_series; ++series) sum += workspace[series * 2 * s.n_states + i];
    a.grad_Lambda[i] = T(sum);
  }
  const double* const of_block = workspace + 2 * s.n_series * s.n_states;
  const std::int64_t total = s.n_series * s.length;
  for (std::int64_t t = 0; t < total; ++t) {
    double sum = 0.0;
    for (std::int64_t k = 0; k < s5_scan_blocks(s); ++k) sum += of_block[k * total + t];
    a.grad_dt[t] = T(sum);
  }
}

#define MAREY_INSTANTIATE(T, S)                                                                              \
  template void s5_scan(const S5Scan<T, S>&, std::int64_t, std::int64_t) noexcept;                           \
  template void s5_scan_backward(const S5ScanBackward<T, S>&, double*, std::int64_t, std::int64_t) noexcept; \
  template void s5_scan_backward_finish(const S5ScanBackward<T, S>&, const double*) noexcept;
MAREY_INSTANTIATE(float, float) MAREY_INSTANTIATE(float, double) MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan
