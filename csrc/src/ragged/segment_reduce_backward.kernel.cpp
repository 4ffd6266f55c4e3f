// The gradient of segment_reduce: sum and mean spread a row's gradient, logsumexp weighs it by exp(value - result),
// min and max give it to the first value that is the result.
#include "lanes.hpp"
#include "marey/ragged/segment_reduce.hpp"

namespace marey::ragged::MAREY_LEVEL {

namespace {

template <typename T>
void backward_piece(const SegmentReduceBackward<T>& a, const Piece& piece, const Groups& groups) {
  const int64_t channels = a.rows.n_channels, steps = piece.end - piece.begin;
  groups.each([&](const auto& group) {
    const int64_t row = piece.row * channels + group.first, start = piece.begin * channels + group.first;
    T* out = a.grad_values + start;
    Vec grad[group.n];
    group.load_channels(a.grad + row, grad);
    if (a.op == Reduction::logsumexp) {
      const T* values = a.values + start;
      Vec result[group.n];
      group.load_channels(a.result + row, result);
      group.walk(steps, [&](int v, int64_t at, auto count) {
        store_to(out + at, grad[v] * exp_for<T>(load_or(values + at, count, 0.0) - result[v], count), count);
      });
      return;
    }
    const bool extreme = a.op == Reduction::min || a.op == Reduction::max;
    const double length = double(a.rows.offsets[piece.row + 1] - piece.row_begin);
    for (Vec& g : grad) g = extreme ? Vec{} : a.op == Reduction::mean ? g / length : g;
    group.walk(steps, [&](int v, int64_t at, auto count) { store_to(out + at, grad[v], count); });
  });
}

// The first of n values, `stride` apart, that is `result`; n if none is.
template <typename T>
int64_t find_first(const T* p, int64_t n, int64_t stride, T result) {
  const bool look_for_nan = result != result;
  int64_t t = 0;
  if (stride == 1) {
    const Vec wanted = splat(result);
    for (; t + lanes <= n; t += lanes) {
      const Vec value = load(p + t);
      const Vec hits = select(look_for_nan ? value != value : value == wanted, splat(1.0), Vec{});
      if (sum(hits) != 0.0) break;
    }
  }
  while (t < n && !(look_for_nan ? p[t * stride] != p[t * stride] : p[t * stride] == result)) ++t;
  return t;
}

}  // namespace

template <typename T>
void segment_reduce_backward_kernel(const SegmentReduceBackward<T>& a, int64_t first, int64_t last) noexcept {
  const Groups groups(a.rows.n_channels);
  for_pieces(a.rows, first, last, [&](const Piece& piece) { backward_piece(a, piece, groups); });
}

template <typename T>
void segment_reduce_backward_extreme_kernel(const SegmentReduceBackward<T>& a, int64_t first, int64_t last) noexcept {
  const int64_t channels = a.rows.n_channels;
  for (int64_t row = first; row < last; ++row) {
    const int64_t begin = a.rows.offsets[row], steps = a.rows.offsets[row + 1] - begin;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t start = begin * channels + c;
      const int64_t t = find_first(a.values + start, steps, channels, a.result[row * channels + c]);
      if (t < steps) a.grad_values[start + t * channels] = a.grad[row * channels + c];
    }
  }
}

#define MAREY_INSTANTIATE(T)                                                                                \
  template void segment_reduce_backward_kernel(const SegmentReduceBackward<T>&, int64_t, int64_t) noexcept; \
  template void segment_reduce_backward_extreme_kernel(const SegmentReduceBackward<T>&, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::ragged::MAREY_LEVEL
