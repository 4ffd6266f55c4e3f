#include "marey/scan/linear_recurrence.hpp"

#include <algorithm>

namespace marey::scan {

std::int64_t linear_recurrence_items(const LinearRecurrenceShape& s) noexcept {
  const std::int64_t rows = s.channels_last ? s.n_channels : s.n_series * s.n_channels;
  const std::int64_t blocks = (rows + linear_recurrence_item_rows(s) - 1) / linear_recurrence_item_rows(s);
  return s.channels_last ? s.n_series * blocks : blocks;
}

std::int64_t linear_recurrence_grain(const LinearRecurrenceShape& s) noexcept {
  const std::int64_t elements = s.n_series * s.n_channels * s.length * (s.is_complex ? 2 : 1);
  return std::max<std::int64_t>(1, linear_recurrence_items(s) * 65536 / std::max<std::int64_t>(1, elements));
}

template <typename T, typename S>
void linear_recurrence(const LinearRecurrence<T, S>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(linear_recurrence_kernel, a, begin, end)
}

template <typename T, typename S>
void linear_recurrence_backward(const LinearRecurrenceBackward<T, S>& a, std::int64_t begin,
                                std::int64_t end) noexcept {
    MAREY_DISPATCH(linear_recurrence_backward_kernel, a, begin, end)}

#define MAREY_INSTANTIATE(T, S)                                                                        \
  template void linear_recurrence(const LinearRecurrence<T, S>&, std::int64_t, std::int64_t) noexcept; \
  template void linear_recurrence_backward(const LinearRecurrenceBackward<T, S>&, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(float, float) MAREY_INSTANTIATE(float, double) MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan
