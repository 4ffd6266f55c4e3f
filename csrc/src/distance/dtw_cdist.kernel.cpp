// dtw_cdist: a block of candidates in the lanes, four queries beside each other.
#include "marey/distance/dtw_cdist.hpp"

#include "marey/distance/dtw_streams.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

template <typename T>
T distance_of(const DtwCdist<T>& a, std::int64_t i, std::int64_t j, T square) {
  if (!a.x_finite[i] || !a.y_finite[j]) return std::numeric_limits<T>::quiet_NaN();
  if (a.x.length_of(i) == 0 && a.y.length_of(j) == 0) return 0;
  return std::sqrt(square);
}

// Queries first .. first + 3 against the block of candidates from j on.
template <typename T>
void group(const DtwCdist<T>& a, const Block<T>& block, std::int64_t first, std::int64_t queries, std::int64_t j,
           VecOf<T>* row) {
  Stream<T> s[streams];
  for (int q = 0; q < streams; ++q) {
    // Beyond the last query its row is computed again; one without steps is left at inf by a step count of 0.
    const std::int64_t i = first + q < queries ? first + q : queries - 1;
    s[q] = {a.x.channel(i), a.x.length_of(i), &block, {}};
  }
  dtw_streams(s, a.x.channels, a.x.length, a.window, row);
  for (int q = 0; q < streams && first + q < queries; ++q) {
    const std::int64_t i = first + q;
    for (std::int64_t l = 0; l < width<T> && j + l < a.y.n; ++l) {
      if (a.symmetric && j + l <= i) continue;
      const T d = distance_of(a, i, j + l, s[q].squares[l]);
      a.out[i * a.y.n + j + l] = d;
      if (a.symmetric) a.out[(j + l) * a.y.n + i] = d;
    }
  }
}

}  // namespace

template <typename T>
void dtw_cdist_kernel(const DtwCdist<T>& a, std::int64_t first, std::int64_t last) {
  const std::int64_t most = a.y.longest();
  Block<T> block(a.y.channels, most);
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
      if (!filled) block.fill(a.y, [&](std::int64_t l) { return j + l < end ? j + l : -1; });
      filled = true;
      group(a, block, g * streams, queries, j, row.get());
    }
  }
}

template void dtw_cdist_kernel(const DtwCdist<float>&, std::int64_t, std::int64_t);
template void dtw_cdist_kernel(const DtwCdist<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
