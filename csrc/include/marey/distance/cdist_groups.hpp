// The groups of pairs of a cdist: a block of candidates in the lanes, four queries beside each other. Included by
// kernel sources only.
#pragma once
#include "marey/distance/cdist.hpp"
#include "marey/distance/warp.hpp"

namespace marey::distance::MAREY_LEVEL {

// The channels first .. first + many - 1 of every series.
struct Channels {
  std::int64_t first, many;
};

// begin_block(block): once candidates are in its lanes. run(s, of, j, row): fills the ends of the streams, which hold
// the queries of[..] and the candidates j on. value(i, j, end): the distance.
template <typename T, typename Begin, typename Run, typename Value>
void cdist_groups(const Cdist<T>& a, Channels channels, std::int64_t first, std::int64_t last, Begin begin_block,
                  Run run, Value value) {
  const std::int64_t most = a.y.longest();
  Block<T> block(channels.many, most);
  const std::unique_ptr<VecOf<T>[]> row(new VecOf<T>[most * streams + 1]);
  for (std::int64_t j = 0; j < a.y.n; j += width<T>) {
    const std::int64_t end = j + width<T> < a.y.n ? j + width<T> : a.y.n;
    const std::int64_t begin = a.pairs_before(j), pairs = a.pairs_before(end) - begin;
    if (begin >= last || begin + pairs <= first) continue;
    const std::int64_t queries = a.symmetric ? end - 1 : a.x.n, groups = (queries + streams - 1) / streams;
    bool filled = false;
    for (std::int64_t g = 0; g < groups; ++g) {
      const std::int64_t at = begin + g * pairs / groups;
      if (at < first || at >= last) continue;
      if (!filled) {
        block.fill(a.y, [&](std::int64_t l) { return j + l < end ? j + l : -1; }, channels.first, channels.many);
        begin_block(block);
      }
      filled = true;
      Stream<T, One<T>> s[streams];
      std::int64_t of[streams];
      for (int q = 0; q < streams; ++q) {
        // Beyond the last query its row is computed again.
        of[q] = g * streams + q < queries ? g * streams + q : queries - 1;
        s[q] = {{a.x.channel(of[q]) + channels.first * a.x.length, a.x.length_of(of[q]), a.x.length}, &block, {}};
      }
      run(s, of, j, row.get());
      for (int q = 0; q < streams && g * streams + q < queries; ++q) {
        for (std::int64_t l = 0; l < width<T> && j + l < a.y.n; ++l) {
          if (a.symmetric && j + l <= of[q]) continue;
          const bool finite = a.x_finite[of[q]] && a.y_finite[j + l];
          const T d = finite ? value(of[q], j + l, s[q].ends[l]) : std::numeric_limits<T>::quiet_NaN();
          a.out[of[q] * a.y.n + j + l] = d;
          if (a.symmetric) a.out[(j + l) * a.y.n + of[q]] = d;
        }
      }
    }
  }
}

}  // namespace marey::distance::MAREY_LEVEL
