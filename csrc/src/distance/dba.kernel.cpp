// dba: the table of dynamic time warping, with the way back kept in two bits a cell and lane.
#include "marey/distance/dba.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "marey/distance/warp_rules.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

template <typename T>
struct Ways {
  // Of each lane: whether the way into the cell was not the diagonal one, and whether from the left then.
  using Came = std::conditional_t<(width<T> > 8), std::uint32_t, std::uint16_t>;
  std::int64_t window, columns;  // row i holds the columns low(i) on
  std::unique_ptr<Came[]> came;

  Ways(std::int64_t rows, std::int64_t most, std::int64_t window)
      : window(window), columns(window < most / 2 ? 2 * window + 1 : most), came(new Came[rows * columns * streams]) {}

  Came& at(std::int64_t i, std::int64_t j, int q) const {
    const std::int64_t low = i > window ? i - window : 0;
    return came[(i * columns + j - low) * streams + q];
  }
};

template <typename T>
struct WithWays : Dtw<T> {
  using V = VecOf<T>;
  const Ways<T>* ways;

  explicit WithWays(const Ways<T>& ways) : ways(&ways) {}

  template <typename S>
  V cell(const S& s, std::int64_t j, int q, V up, V diagonal, V left) const {
    using Came = typename Ways<T>::Came;
    ways->at(s.i, j, q) = Came(below(lesser(up, left), diagonal) | below(left, up) << width<T>);
    return Dtw<T>::cell(s, j, q, up, diagonal, left);
  }
};

template <typename T>
void go_back(const Dba<T>& a, const Ways<T>& ways, std::int64_t k, int q, std::int64_t lane) {
  Matched* const of = a.matched + k * a.m;
  std::int64_t i = a.m - 1, j = a.x.length_of(k) - 1;
  for (of[i].last = j;;) {
    of[i].first = j;
    if (i == 0 && j == 0) return;
    const auto came = ways.at(i, j, q) >> lane;
    const bool straight = (came & 1) != 0, left = (came >> width<T> & 1) != 0;
    j -= !straight || left;
    if (straight && left) continue;
    of[--i].last = j;
  }
}

}  // namespace

template <typename T>
void dba_align_kernel(const Dba<T>& a, std::int64_t first, std::int64_t last) {
  const std::int64_t most = a.x.longest();
  std::vector<Block<T>> blocks;
  for (int q = 0; q < streams; ++q) blocks.emplace_back(a.x.channels, most);
  const std::unique_ptr<VecOf<T>[]> row(new VecOf<T>[most * streams + 1]);
  const Ways<T> ways(a.m, most, a.window);
  for (std::int64_t at = first; at < last; at += streams * width<T>) {
    const auto series_in = [&](int q, std::int64_t l) {
      const std::int64_t k = at + q * width<T> + l;
      return k < last ? k : -1;
    };
    Stream<T, One<T>> s[streams];
    for (int q = 0; q < streams; ++q) {
      blocks[q].fill(a.x, [&](std::int64_t l) { return series_in(q, l); });
      s[q] = {{a.center, a.m, a.m}, &blocks[q], {}};
    }
    warp(WithWays<T>(ways), s, a.x.channels, a.window, row.get());
    for (int q = 0; q < streams; ++q) {
      for (std::int64_t l = 0; l < width<T> && series_in(q, l) >= 0; ++l) {
        const std::int64_t k = series_in(q, l);
        a.squares[k] = a.x_finite[k] ? s[q].ends[l] : std::numeric_limits<T>::quiet_NaN();
        if (std::isfinite(a.squares[k])) {
          go_back(a, ways, k, q, l);
        } else {
          std::fill_n(a.matched + k * a.m, a.m, Matched{0, -1});
        }
      }
    }
  }
}

template void dba_align_kernel(const Dba<float>&, std::int64_t, std::int64_t);
template void dba_align_kernel(const Dba<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
