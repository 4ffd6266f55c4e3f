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
    const Vec e = exp(load_or(values + at, count, Max::identity) - shift[v]);
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
    store_to(a.result + start + at, exp(load_or(a.values + start + at, count, 0.0) - shift[v]) * scale[v], count);
  });
}

template <typename T>
void join_row(const SegmentSoftmax<T>& a, int64_t begin, int64_t n, int64_t channel) {
  const int64_t most = a.rows.piece_steps(), channels = a.rows.n_channels;
  const auto piece = [&](int64_t i) { return piece_of(a, begin, begin + i * most) + channel; };
  const ExpSum all =
      join_exp_sums(n, [&](int64_t i) { return piece(i)[0]; }, [&](int64_t i) { return piece(i)[channels]; });
  piece(0)[0] = inverse(splat(all.sum))[0];
  piece(0)[channels] = all.shift;
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
void join_row(const SegmentSoftmaxBackward<T>& a, int64_t begin, int64_t n, int64_t channel) {
  const int64_t most = a.rows.piece_steps();
  const auto piece = [&](int64_t i) { return piece_of(a, begin, begin + i * most) + channel; };
  piece(0)[0] = join<Sum>(n, [&](int64_t i) { return piece(i)[0]; });
}

}  // namespace

template <typename A>
void segment_softmax_first_kernel(const A& a, int64_t first, int64_t last) noexcept {
  const Groups groups(a.rows.n_channels);
  for_pieces(a.rows, first, last, [&](const Piece& piece) {
    groups.each(piece.end - piece.begin, [&](const auto& group) { first_stage(a, piece, group); });
  });
}

template <typename A>
void segment_softmax_join_kernel(const A& a) noexcept {
  const int64_t most = a.rows.piece_steps();
  for_long_rows(a.rows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t c = 0; c < a.rows.n_channels; ++c) join_row(a, begin, (end - begin + most - 1) / most, c);
  });
}

template <typename A>
void segment_softmax_last_kernel(const A& a, int64_t first, int64_t last) noexcept {
  const Groups groups(a.rows.n_channels);
  for_pieces(a.rows, first, last, [&](const Piece& piece) {
    if (piece.whole) return;
    groups.each(piece.end - piece.begin, [&](const auto& group) { last_stage(a, piece, group); });
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
