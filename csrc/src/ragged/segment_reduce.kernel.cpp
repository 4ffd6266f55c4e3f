// segment_reduce: the steps of a row in N vectors side by side, one accumulator a lane, folded by channel at the end.
#include "marey/ragged/segment_reduce.hpp"

#include <cmath>

#include "lanes.hpp"

namespace marey::ragged::MAREY_LEVEL {

namespace {

template <int N>
void divide(Vec (&x)[N], int64_t steps) {
  for (int v = 0; v < N; ++v) x[v] = x[v] / double(steps);
}

// log(sum) + shift, of the lanes that will be stored.
template <typename G>
void log_of_sum(const G& group, Vec (&x)[G::n], const Vec (&top)[G::n]) {
  double sums[G::n * lanes];
  for (int v = 0; v < G::n; ++v) store(sums + v * lanes, x[v]);
  for (int64_t i = 0; i < group.distinct(); ++i) sums[i] = std::log(sums[i]);
  for (int v = 0; v < G::n; ++v) x[v] = load(sums + v * lanes) + finite_or_zero(top[v]);
}

// One piece by one group of channels: its value in x; for logsumexp the sum around the largest, and that in top.
template <Reduction op, typename G, typename T>
void reduce(const G& group, const T* p, int64_t steps, Vec (&x)[G::n], Vec (&top)[G::n]) {
  if constexpr (op == Reduction::min) {
    combine_values<Min>(group, p, steps, x);
  } else if constexpr (op == Reduction::max) {
    combine_values<Max>(group, p, steps, x);
  } else if constexpr (op == Reduction::logsumexp) {
    combine_values<Max>(group, p, steps, top);
    Vec shift[G::n];
    for (int v = 0; v < G::n; ++v) shift[v] = finite_or_zero(top[v]);
    combine<Sum>(group, steps, x,
                 [&](int v, int64_t at, auto count) { return exp(load_or(p + at, count, Max::identity) - shift[v]); });
  } else {
    combine_values<Sum>(group, p, steps, x);
  }
}

template <Reduction op, typename T>
void reduce_pieces(const SegmentReduce<T>& a, int64_t first, int64_t last) {
  const int64_t channels = a.rows.n_channels;
  const Groups groups(channels);
  for_pieces(a.rows, first, last, [&](const Piece& piece) {
    const int64_t steps = piece.end - piece.begin;
    groups.each(steps, [&](const auto& group) {
      Vec x[group.n], top[group.n];
      reduce<op>(group, a.values + piece.begin * channels + group.first, steps, x, top);
      if (!piece.whole) {
        double* to = a.piece(piece.row_begin, piece.begin) + group.first;
        group.store_channels(to, x);
        if constexpr (op == Reduction::logsumexp) group.store_channels(to + channels, top);
        return;
      }
      if constexpr (op == Reduction::mean) divide(x, steps);
      if constexpr (op == Reduction::logsumexp) log_of_sum(group, x, top);
      group.store_channels(a.result + piece.row * channels + group.first, x);
    });
  });
}

// One channel of a long row from its pieces.
template <typename T>
double join_row(const SegmentReduce<T>& a, int64_t begin, int64_t end, int64_t channel) {
  const int64_t most = a.rows.piece_steps(), n = (end - begin + most - 1) / most;
  const auto value = [&](int64_t i) { return a.piece(begin, begin + i * most)[channel]; };
  const auto top = [&](int64_t i) { return a.piece(begin, begin + i * most)[a.rows.n_channels + channel]; };
  switch (a.op) {
    case Reduction::min: return join<Min>(n, value);
    case Reduction::max: return join<Max>(n, value);
    case Reduction::mean: return join<Sum>(n, value) / double(end - begin);
    case Reduction::logsumexp: {
      const ExpSum all = join_exp_sums(n, value, top);
      return std::log(all.sum) + all.shift;
    }
    default: return join<Sum>(n, value);
  }
}

}  // namespace

template <typename T>
void segment_reduce_kernel(const SegmentReduce<T>& a, int64_t first, int64_t last) noexcept {
  switch (a.op) {
    case Reduction::sum: return reduce_pieces<Reduction::sum>(a, first, last);
    case Reduction::mean: return reduce_pieces<Reduction::mean>(a, first, last);
    case Reduction::min: return reduce_pieces<Reduction::min>(a, first, last);
    case Reduction::max: return reduce_pieces<Reduction::max>(a, first, last);
    case Reduction::logsumexp: return reduce_pieces<Reduction::logsumexp>(a, first, last);
    case Reduction::unknown: return;
  }
}

template <typename T>
void segment_reduce_join_kernel(const SegmentReduce<T>& a) noexcept {
  for_long_rows(a.rows, [&](int64_t row, int64_t begin, int64_t end) {
    for (int64_t c = 0; c < a.rows.n_channels; ++c)
      a.result[row * a.rows.n_channels + c] = T(join_row(a, begin, end, c));
  });
}

#define MAREY_INSTANTIATE(T)                                                               \
  template void segment_reduce_kernel(const SegmentReduce<T>&, int64_t, int64_t) noexcept; \
  template void segment_reduce_join_kernel(const SegmentReduce<T>&) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::ragged::MAREY_LEVEL
