// segment_reduce: the steps of a row in N vectors side by side, one accumulator a lane, folded by channel at the end.
#include "marey/ragged/segment_reduce.hpp"

#include <type_traits>

#include "lanes.hpp"

namespace marey::ragged::MAREY_LEVEL {

namespace {

// What is stored, of what was combined over `steps` steps.
template <Reduction op>
Vec finish(Vec x, Vec top, Vec steps) {
  if constexpr (op == Reduction::mean) return x / steps;
  if constexpr (op == Reduction::logsumexp) return log(x) + finite_or_zero(top);
  return x;
}

template <Reduction op>
using Combine = std::conditional_t<op == Reduction::min, Min, std::conditional_t<op == Reduction::max, Max, Sum>>;

// One piece by one group of channels: its value in x; for logsumexp the sum around the largest, and that in top.
template <Reduction op, typename G, typename T>
void reduce(const G& group, const T* p, int64_t steps, Vec (&x)[G::n], Vec (&top)[G::n]) {
  if constexpr (op == Reduction::logsumexp) {
    combine_values<Max>(group, p, steps, top);
    Vec shift[G::n];
    for (int v = 0; v < G::n; ++v) shift[v] = finite_or_zero(top[v]);
    combine<Sum>(group, steps, x, [&](int v, int64_t at, auto count) {
      return exp_for<T>(load_or(p + at, count, Max::identity) - shift[v], count);
    });
  } else {
    combine_values<Combine<op>>(group, p, steps, x);
  }
}

template <Reduction op, typename T>
void reduce_rows(const SegmentReduce<T>& a, int64_t row, const ShortRows& rows) {
  rows.prefetch(a.values);
  using Op = std::conditional_t<op == Reduction::logsumexp, Max, Combine<op>>;
  Vec top{}, x = combine_rows<Op>(rows, [&](int, int64_t at, Some part) __attribute__((always_inline)) {
               return load_some(a.values + at, part, Op::identity);
             });
  if constexpr (op == Reduction::logsumexp) {
    top = x;
    const Vec shift = finite_or_zero(top);
    x = combine_rows<Sum>(rows, [&](int i, int64_t at, Some part) __attribute__((always_inline)) {
      return exp_for<T>(load_some(a.values + at, part, Max::identity) - shift[i], Full{});
    });
  }
  store_first(a.result + row, finish<op>(x, top, rows.lengths()), rows.n);
}

template <Reduction op, typename T>
void reduce_piece(const SegmentReduce<T>& a, const Piece& piece, const Groups& groups) {
  const int64_t channels = a.rows.n_channels, steps = piece.end - piece.begin;
  groups.each([&](const auto& group) {
    Vec x[group.n], top[group.n];
    reduce<op>(group, a.values + piece.begin * channels + group.first, steps, x, top);
    if (piece.whole) {
      for (int v = 0; v < group.n; ++v) x[v] = finish<op>(x[v], top[v], splat(double(steps)));
      group.store_channels(a.result + piece.row * channels + group.first, x);
    } else {
      double* to = a.piece(piece.row_begin, piece.begin) + group.first;
      group.store_channels(to, x);
      if constexpr (op == Reduction::logsumexp) group.store_channels(to + channels, top);
    }
  });
}

template <Reduction op, typename T>
void reduce_items(const SegmentReduce<T>& a, int64_t first, int64_t last) {
  const Groups groups(a.rows.n_channels);
  for_rows_and_pieces(
      a.rows, first, last, [&](int64_t row, const ShortRows& rows) { reduce_rows<op>(a, row, rows); },
      [&](const Piece& piece) { reduce_piece<op>(a, piece, groups); });
}

template <Reduction op, typename T>
void join_rows(const SegmentReduce<T>& a) {
  const int64_t channels = a.rows.n_channels, most = a.rows.piece_steps();
  for_long_rows(a.rows, [&](int64_t row, int64_t begin, int64_t end) {
    for (int64_t c = 0; c < channels; c += lanes) {
      const auto value = [&](int64_t i) { return load_first(a.piece(begin, begin + i * most) + c, channels - c); };
      const auto top = [&](int64_t i) {
        return load_first(a.piece(begin, begin + i * most) + channels + c, channels - c);
      };
      const int64_t n = (end - begin + most - 1) / most;
      Vec x, shift{};
      if constexpr (op == Reduction::logsumexp) {
        const ExpSum all = join_exp_sums(n, value, top);
        x = all.sum;
        shift = all.shift;
      } else {
        x = join<Combine<op>>(n, value);
      }
      store_first(a.result + row * channels + c, finish<op>(x, shift, splat(double(end - begin))), channels - c);
    }
  });
}

}  // namespace

template <typename T>
void segment_reduce_kernel(const SegmentReduce<T>& a, int64_t first, int64_t last) noexcept {
  switch (a.op) {
    case Reduction::sum: return reduce_items<Reduction::sum>(a, first, last);
    case Reduction::mean: return reduce_items<Reduction::mean>(a, first, last);
    case Reduction::min: return reduce_items<Reduction::min>(a, first, last);
    case Reduction::max: return reduce_items<Reduction::max>(a, first, last);
    case Reduction::logsumexp: return reduce_items<Reduction::logsumexp>(a, first, last);
    case Reduction::unknown: return;
  }
}

template <typename T>
void segment_reduce_join_kernel(const SegmentReduce<T>& a) noexcept {
  switch (a.op) {
    case Reduction::sum: return join_rows<Reduction::sum>(a);
    case Reduction::mean: return join_rows<Reduction::mean>(a);
    case Reduction::min: return join_rows<Reduction::min>(a);
    case Reduction::max: return join_rows<Reduction::max>(a);
    case Reduction::logsumexp: return join_rows<Reduction::logsumexp>(a);
    case Reduction::unknown: return;
  }
}

#define MAREY_INSTANTIATE(T)                                                               \
  template void segment_reduce_kernel(const SegmentReduce<T>&, int64_t, int64_t) noexcept; \
  template void segment_reduce_join_kernel(const SegmentReduce<T>&) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::ragged::MAREY_LEVEL
