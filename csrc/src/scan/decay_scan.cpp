#include "marey/scan/decay_scan.hpp"

namespace marey::scan {

// Forward work is cut into blocks of 8 channels of one series, a multiple of every level's lanes.
std::int64_t decay_scan_items(const DecayScanShape& shape) noexcept {
  return shape.n_series * ((shape.n_channels + 7) / 8);
}

template <typename T, typename S>
void decay_scan(const DecayScan<T, S>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(decay_scan_kernel, a, begin, end)
}

template <typename T, typename S>
void decay_scan_backward(const DecayScanBackward<T, S>& a, std::int64_t begin,
                         std::int64_t end) noexcept {MAREY_DISPATCH(decay_scan_backward_kernel, a, begin, end)}

#define MAREY_INSTANTIATE(T, S)                                                          \
  template void decay_scan(const DecayScan<T, S>&, std::int64_t, std::int64_t) noexcept; \
  template void decay_scan_backward(const DecayScanBackward<T, S>&, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(float, float) MAREY_INSTANTIATE(float, double) MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan
