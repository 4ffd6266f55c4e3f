// segment_softmax and its gradient, result * (grad - sum of grad * result): groups of vectors step through a piece of a
// row, once for what the row shares and once more to write.
#include "marey/ragged/segment_softmax.hpp"

#include "lanes.hpp"

namespace marey::ragged::MAREY_LEVEL {

namespace {

template <typename A>
double* piece_of(const A& a, int64_t row_begin, int64_t begin) {
  return a.pieces + a.rows.slot(row_begin, begin) * 2 * a.rows.n_channels;
}

// 1 / sum; NaN for a sum that is no softmax's: those hold a 1 and end.
inline Vec inverse(Vec sum) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return select((sum > 0.0) & (sum < inf), 1.0 / sum, splat(std::numeric_limits<double>::quiet_NaN()));
}

template <typename G, typename T>
void first_stage(const SegmentSoftmax<T>& a, const Piece& piece, const G& group) {
  const int64_t steps = piece.end - piece.begin, start = piece.begin * a.rows.n_channels + group.first;
  const T* values = a.values + start;
  T* out = a.result + start;
  Vec top[G::n], shift[G::n], sum[G::n];
  combine_values<Max>(group, values, steps, top);
  for (int v = 0; v < G::n; ++v) shift[v] = finite_or_zero(top[v]);
  combine<Sum>(group, steps, sum, [&](int v, int64_t at, auto count) {
    const Vec e = exp_for<T>(load_or(values + at, count, Max::identity) - shift[v], count);
    if (piece.whole) store_to(out + at, e, count);
    return e;
  });
  if (piece.whole) {
    for (int v = 0; v < G::n; ++v) sum[v] = inverse(sum[v]);
    group.walk(steps, [&](int v, int64_t at, auto count) {
      store_to(out + at, load_or(out + at, count, 0.0) * sum[v], count);
    });
  } else {
    double* to = piece_of(a, piece.row_begin, piece.begin) + group.first;
    group.store_channels(to, sum);
    group.store_channels(to + a.rows.n_channels, top);
  }
}

template <typename G, typename T>
void last_stage(const SegmentSoftmax<T>& a, const Piece& piece, const G& group) {
  const int64_t start = piece.begin * a.rows.n_channels + group.first;
  const double* row = piece_of(a, piece.row_begin, piece.row_begin) + group.first;
  Vec scale[G::n], shift[G::n];
  group.load_channels(row, scale);
  group.load_channels(row + a.rows.n_channels, shift);
  group.walk(piece.end - piece.begin, [&](int v, int64_t at, auto count) {
    const Vec e = exp_for<T>(load_or(a.values + start + at, count, 0.0) - shift[v], count);
    store_to(a.result + start + at, e * scale[v], count);
  });
}

// Joins the n pieces of the row that starts at `begin`, for the channels from c on, into its first piece's slot.
template <typename T>
void join_row(const SegmentSoftmax<T>& a, int64_t begin, int64_t n, int64_t c) {
  const int64_t most = a.rows.piece_steps(), channels = a.rows.n_channels;
  const auto sum = [&](int64_t i) { return piece_of(a, begin, begin + i * most) + c; };
  const auto top = [&](int64_t i) { return sum(i) + channels; };
  const ExpSum all = join_exp_sums(
      n, [&](int64_t i) { return load_first(sum(i), channels - c); },
      [&](int64_t i) { return load_first(top(i), channels - c); });
  store_first(sum(0), inverse(all.sum), channels - c);
  store_first(top(0), all.shift, channels - c);
}

template <typename G, typename T>
void write_gradient(const SegmentSoftmaxBackward<T>& a, const Piece& piece, const G& group, const Vec (&dot)[G::n]) {
  const int64_t start = piece.begin * a.rows.n_channels + group.first;
  group.walk(piece.end - piece.begin, [&](int v, int64_t at, auto count) {
    const Vec y = load_or(a.result + start + at, count, 0.0);
    store_to(a.grad_values + start + at, y * (load_or(a.grad + start + at, count, 0.0) - dot[v]), count);
  });
}

template <typename G, typename T>
void first_stage(const SegmentSoftmaxBackward<T>& a, const Piece& piece, const G& group) {
  const int64_t start = piece.begin * a.rows.n_channels + group.first;
  Vec dot[G::n];
  combine<Sum>(group, piece.end - piece.begin, dot, [&](int, int64_t at, auto count) {
    return load_or(a.grad + start + at, count, 0.0) * load_or(a.result + start + at, count, 0.0);
  });
  if (piece.whole) {
    write_gradient(a, piece, group, dot);
  } else {
    group.store_channels(piece_of(a, piece.row_begin, piece.begin) + group.first, dot);
  }
}

template <typename G, typename T>
void last_stage(const SegmentSoftmaxBackward<T>& a, const Piece& piece, const G& group) {
  Vec dot[G::n];
  group.load_channels(piece_of(a, piece.row_begin, piece.row_begin) + group.first, dot);
  write_gradient(a, piece, group, dot);
}

template <typename T>
void join_row(const SegmentSoftmaxBackward<T>& a, int64_t begin, int64_t n, int64_t c) {
  const int64_t most = a.rows.piece_steps(), channels = a.rows.n_channels;
  const auto dot = [&](int64_t i) { return piece_of(a, begin, begin + i * most) + c; };
  store_first(dot(0), join<Sum>(n, [&](int64_t i) { return load_first(dot(i), channels - c); }), channels - c);
}

template <typename T>
void short_rows(const SegmentSoftmax<T>& a, const ShortRows& rows) {
  rows.prefetch(a.values);
  const Vec top = combine_rows<Max>(rows, [&](int, int64_t at, Some part) __attribute__((always_inline)) {
    return load_some(a.values + at, part, Max::identity);
  });
  const Vec shift = finite_or_zero(top);
  const Vec sum = combine_rows<Sum>(rows, [&](int i, int64_t at, Some part) __attribute__((always_inline)) {
    const Vec e = exp_for<T>(load_some(a.values + at, part, Max::identity) - shift[i], Full{});
    store_some(a.result + at, e, part);
    return e;
  });
  const Vec scale = inverse(sum);
  rows.walk([&](int i, int64_t at, Some part) __attribute__((always_inline)) {
    store_some(a.result + at, load_some(a.result + at, part, 0.0) * scale[i], part);
  });
}

template <typename T>
void short_rows(const SegmentSoftmaxBackward<T>& a, const ShortRows& rows) {
  rows.prefetch(a.grad);
  rows.prefetch(a.result);
  const Vec dot = combine_rows<Sum>(rows, [&](int, int64_t at, Some part) __attribute__((always_inline)) {
    return load_some(a.grad + at, part, 0.0) * load_some(a.result + at, part, 0.0);
  });
  rows.walk([&](int i, int64_t at, Some part) __attribute__((always_inline)) {
    const Vec y = load_some(a.result + at, part, 0.0);
    store_some(a.grad_values + at, y * (load_some(a.grad + at, part, 0.0) - dot[i]), part);
  });
}

}  // namespace

template <typename A>
void segment_softmax_first_kernel(const A& a, int64_t first, int64_t last) noexcept {
  const Groups groups(a.rows.n_channels);
  for_rows_and_pieces(
      a.rows, first, last, [&](int64_t, const ShortRows& rows) { short_rows(a, rows); },
      [&](const Piece& piece) { groups.each([&](const auto& group) { first_stage(a, piece, group); }); });
}

template <typename A>
void segment_softmax_join_kernel(const A& a) noexcept {
  const int64_t most = a.rows.piece_steps();
  for_long_rows(a.rows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t c = 0; c < a.rows.n_channels; c += lanes) join_row(a, begin, (end - begin + most - 1) / most, c);
  });
}

template <typename A>
void segment_softmax_last_kernel(const A& a, int64_t first, int64_t last) noexcept {
  const Groups groups(a.rows.n_channels);
  for_pieces(a.rows, first, last, [&](const Piece& piece) {
    if (piece.whole) return;
    groups.each([&](const auto& group) { last_stage(a, piece, group); });
  });
}

#define MAREY_INSTANTIATE(A)                                                       \
  template void segment_softmax_first_kernel(const A&, int64_t, int64_t) noexcept; \
  template void segment_softmax_join_kernel(const A&) noexcept;                    \
  template void segment_softmax_last_kernel(const A&, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(SegmentSoftmax<float>)
MAREY_INSTANTIATE(SegmentSoftmax<double>)
MAREY_INSTANTIATE(SegmentSoftmaxBackward<float>)
MAREY_INSTANTIATE(SegmentSoftmaxBackward<double>)

}  // namespace marey::ragged::MAREY_LEVEL
