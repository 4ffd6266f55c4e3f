#include "marey/scan/selective_scan.hpp"

namespace marey::scan {

template <typename T>
void selective_scan(const SelectiveScan<T>& a, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(selective_scan_kernel, a, begin, end)
}

template <typename T>
void selective_scan_backward(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& sums, T* scratch,
                             std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(selective_scan_backward_kernel, a, sums, scratch, begin, end)
}

template <typename T>
void selective_scan_backward_finish(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& sums) noexcept {
  using std::int64_t;
  const SelectiveScanShape& s = a.forward.shape;
  const int64_t N = s.n_states, slices = s.slices(), of_group = s.group_channels(), rows = 3 * N + 2;
  // One value a channel and row of the items' parameters, summed over the series.
  const auto sum_parameter = [&](int64_t d, int64_t row) {
    const int64_t group = d / of_group, c = d % of_group;
    double sum = 0.0;
    for (int64_t series = 0; series < s.n_series; ++series) {
      const int64_t item = (series * s.n_groups + group) * slices + c / s.slice_channels;
      sum += sums.parameters[(item * rows + row) * s.slice_channels + c % s.slice_channels];
    }
    return T(sum);
  };
  for (int64_t d = 0; d < s.n_channels; ++d) {
    for (int64_t n = 0; n < N; ++n) {
      a.grad_A[d * N + n] = sum_parameter(d, n);
      if (!s.B_varies) a.grad_B[d * N + n] = sum_parameter(d, N + n);
      if (!s.C_varies) a.grad_C[d * N + n] = sum_parameter(d, 2 * N + n);
    }
    if (a.grad_D) a.grad_D[d] = sum_parameter(d, 3 * N);
    if (a.grad_delta_bias) a.grad_delta_bias[d] = sum_parameter(d, 3 * N + 1);
  }

  // Rows of the items' steps, summed over the slices of a group.
  const auto sum_steps = [&](int64_t first_item, int64_t items, int64_t row, T* to, int64_t stride) {
    const T* const from = sums.steps + (first_item * (2 * N + 1) + row) * s.length;
    for (int64_t t = 0; t < s.length; ++t) {
      double sum = 0.0;
      for (int64_t i = 0; i < items; ++i) sum += from[i * (2 * N + 1) * s.length + t];
      to[t * stride] = T(sum);
    }
  };
  for (int64_t series = 0; series < s.n_series; ++series) {
    for (int64_t group = 0; group < s.n_groups; ++group) {
      const int64_t pair = series * s.n_groups + group, stride = s.channels_last ? N : 1;
      for (int64_t n = 0; n < N; ++n) {
        const int64_t start = pair * N * s.length + n * (s.channels_last ? 1 : s.length);
        if (s.B_varies) sum_steps(pair * slices, slices, n, a.grad_B + start, stride);
        if (s.C_varies) sum_steps(pair * slices, slices, N + n, a.grad_C + start, stride);
      }
    }
    if (a.grad_dt_scale) {
      const int64_t items = s.n_groups * slices;
      sum_steps(series * items, items, 2 * N, a.grad_dt_scale + series * s.length, 1);
    }
  }
}

#define MAREY_INSTANTIATE(T)                                                                              \
  template void selective_scan(const SelectiveScan<T>&, std::int64_t, std::int64_t) noexcept;             \
  template void selective_scan_backward(const SelectiveScanBackward<T>&, const SelectiveScanSums<T>&, T*, \
                                        std::int64_t, std::int64_t) noexcept;                             \
  template void selective_scan_backward_finish(const SelectiveScanBackward<T>&, const SelectiveScanSums<T>&) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::scan
