#include "marey/scan/decay_scan.hpp"

#include "marey/scan/decay_scan_blocks.hpp"

namespace marey::scan {

std::int64_t decay_scan_items(const DecayScanShape& shape) noexcept {
  return shape.n_series * channel_blocks(shape.n_channels);
}

std::int64_t decay_scan_backward_workspace(const DecayScanShape& shape) noexcept {
  return shape.n_series * shape.n_channels + channel_blocks(shape.n_channels) * shape.total;
}

template <typename T, typename S>
void decay_scan(const DecayScan<T, S>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(decay_scan_kernel, a, begin, end)
}

template <typename T, typename S>
void decay_scan_backward(const DecayScanBackward<T, S>& a, double* workspace, std::int64_t begin,
                         std::int64_t end) noexcept {
  MAREY_DISPATCH(decay_scan_backward_kernel, a, workspace, begin, end)
}

template <typename T, typename S>
void decay_scan_backward_finish(const DecayScanBackward<T, S>& a, const double* workspace) noexcept {
  const DecayScanShape& s = a.shape;
  const std::int64_t blocks = channel_blocks(s.n_channels);
  for (std::int64_t d = 0; d < s.n_channels; ++d) {
    double sum = 0.0;
    for (std::int64_t series = 0; series < s.n_series; ++series) sum += workspace[series * s.n_channels + d];
    a.grad_rate[d] = T(sum);
  }
  const double* const of_block = workspace + s.n_series * s.n_channels;
  for (std::int64_t t = 0; t < s.total; ++t) {
    double sum = 0.0;
    for (std::int64_t k = 0; k < blocks; ++k) sum += of_block[k * s.total + t];
    a.grad_dt[t] = T(sum);
  }
}

#define MAREY_INSTANTIATE(T, S)                                                                                    \
  template void decay_scan(const DecayScan<T, S>&, std::int64_t, std::int64_t) noexcept;                           \
  template void decay_scan_backward(const DecayScanBackward<T, S>&, double*, std::int64_t, std::int64_t) noexcept; \
  template void decay_scan_backward_finish(const DecayScanBackward<T, S>&, const double*) noexcept;
MAREY_INSTANTIATE(float, float) MAREY_INSTANTIATE(float, double) MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan
