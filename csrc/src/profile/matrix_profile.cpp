// Windows, tiles and what they found together: matrix_profile.hpp for the method.
#include "marey/profile/matrix_profile.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "marey/core/parallel.hpp"

namespace marey::profile {

constexpr double inf = std::numeric_limits<double>::infinity();

double distance_of(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) noexcept {
  // Two constant windows are alike; a constant one lies as far from any other as that from its own mean.
  if (a.norm[i] == 0 || b.norm[j] == 0) return a.norm[i] == b.norm[j] ? 0.0 : std::sqrt(double(a.m));
  MAREY_DISPATCH(pair_distance, a, i, b, j)
}
static void sweep_of(const Tile& tile) noexcept { MAREY_DISPATCH(sweep, tile) }
static void moments_of(Windows& w) noexcept {MAREY_DISPATCH(moments, w)}

Windows windows_of(const double* t, std::int64_t n, std::int64_t m, double* by_out, double* centre_out) {
  Windows w;
  w.m = m;
  w.count = n - m + 1;
  double low = inf, high = -inf;
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isfinite(t[i])) low = std::min(low, t[i]), high = std::max(high, t[i]);
  }
  // The median's neighbourhood would do as well; what matters is that a level common to all costs no digits.
  double sum = 0, finite = 0;
  const int exponent = high >= low ? std::ilogb(std::max({std::abs(low), std::abs(high), 1e-300})) : 0;
  const double by = std::scalbn(1.0, -exponent);
  const auto scaled = [&](double v) { return v * by; };
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isfinite(t[i])) sum += scaled(t[i]), ++finite;
  }
  const double centre = finite > 0 ? sum / finite : 0.0;
  if (by_out) *by_out = by, *centre_out = centre;
  w.x.assign(n + padding, 0.0);
  for (std::int64_t i = 0, last = 0; i < n; ++i) {
    if (std::isfinite(t[i])) last = i;
    w.x[i] = std::isfinite(t[last]) ? scaled(t[last]) - centre : 0.0;
  }
  const std::int64_t padded = w.count + padding;
  for (auto* v : {&w.mean, &w.norm, &w.inverse, &w.df, &w.dg}) v->assign(padded, 0.0);
  w.bias.assign(padded, -inf);
  w.special.assign(padded + 1, 0);
  moments_of(w);
  std::int64_t missing_until = 0, constant_from = 0;  // windows before `missing_until` have a missing value
  for (std::int64_t i = 0; i < m - 1; ++i) {
    if (!std::isfinite(t[i])) missing_until = i + 1;
    if (i > 0 && t[i] != t[i - 1]) constant_from = i;
  }
  for (std::int64_t i = 0; i < w.count; ++i) {
    const std::int64_t last = i + m - 1;
    if (!std::isfinite(t[last])) missing_until = last + 1;
    if (last > 0 && t[last] != t[last - 1]) constant_from = last;
    const bool missing = missing_until > i;
    if (constant_from <= i || !(w.norm[i] > 0)) w.norm[i] = 0;
    w.bias[i] = missing ? -inf : w.norm[i] == 0 ? 0.5 : 0.0;
    w.inverse[i] = w.norm[i] > 0 && !missing ? 1 / w.norm[i] : 0.0;
    w.special[i + 1] = w.special[i] + (w.bias[i] != 0);
    if (i > 0) {
      w.df[i] = (w.x[last] - w.x[i - 1]) / 2;
      w.dg[i] = (w.x[last] - w.mean[i]) + (w.x[i - 1] - w.mean[i - 1]);
    }
  }
  for (std::int64_t i = w.count; i < padded; ++i) w.special[i + 1] = w.special[i] + 1;
  return w;
}

std::vector<std::int64_t> cuts_of(const Windows& w, std::int64_t side) {
  std::vector<std::int64_t> cuts{0};
  double loudest = 0;
  for (std::int64_t i = 0; i < w.count; ++i) {
    const bool quiet = w.inverse[i] > 0 && w.norm[i] * 32 < loudest;
    if (i > 0 && (quiet || i - cuts.back() >= side)) {
      cuts.push_back(i);
      loudest = 0;
    }
    loudest = std::max(loudest, w.norm[i]);
  }
  cuts.push_back(w.count);
  return cuts;
}

namespace {

struct Found {
  Found(std::int64_t windows, std::int64_t k) : value(windows * k, -inf), index(windows * k, -1) {}
  Best best() { return {value.data(), index.data()}; }
  // The order of threads must not show: of equal values the smaller index.
  void merge(const Found& other, std::int64_t k) {
    std::vector<std::pair<double, std::int64_t>> both(2 * k);
    for (std::size_t i = 0; i < value.size(); i += k) {
      for (std::int64_t p = 0; p < k; ++p) {
        both[p] = {value[i + p], index[i + p]};
        both[k + p] = {other.value[i + p], other.index[i + p]};
      }
      std::sort(both.begin(), both.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      for (std::int64_t p = 0; p < k; ++p) value[i + p] = both[p].first, index[i + p] = both[p].second;
    }
  }
  std::vector<double> value;
  std::vector<std::int64_t> index;
};

}  // namespace

void matrix_profile(const Windows& a, const Windows* other, std::int64_t exclusion, const Profile& out,
                    bool on_threads) {
  const Windows& b = other ? *other : a;
  const bool self = other == nullptr;
  const std::int64_t k = out.k;
  const std::int64_t gap = self ? exclusion + 1 : -std::numeric_limits<std::int64_t>::max() / 4;
  // A side's first row and column cost m a cell; that no chain is longer bounds its roundings.
  const std::int64_t side = std::max(std::clamp<std::int64_t>(std::max(a.count, b.count) / 12, 256, 4096), 4 * a.m);
  const auto row_cuts = cuts_of(a, side), column_cuts = self ? row_cuts : cuts_of(b, side);
  std::vector<Tile> tiles;  // in the order of columns, then of rows: the first of equals has the smallest index
  for (std::size_t c = 0; c + 1 < column_cuts.size(); ++c) {
    for (std::size_t r = 0; r + 1 < row_cuts.size(); ++r) {
      if (row_cuts[r] + gap >= column_cuts[c + 1]) break;
      tiles.push_back(
          {&a, &b, row_cuts[r], row_cuts[r + 1], column_cuts[c], column_cuts[c + 1], gap, k, {}, {}, nullptr});
    }
  }
  Found later(a.count, k), earlier(self ? a.count : 0, k);
  std::atomic<std::size_t> taken{0};
  const auto work = [&](Found& rows, Found& columns) {
    std::vector<double> room(tile_room(side, a.m));
    for (std::size_t i; (i = taken.fetch_add(1)) < tiles.size();) {
      Tile tile = tiles[i];
      tile.rows = rows.best();
      tile.columns = self ? columns.best() : Best{nullptr, nullptr};
      tile.room = room.data();
      sweep_of(tile);
    }
  };
  if (on_threads && tiles.size() > 1) {
    std::vector<std::pair<Found, Found>> others;
    std::mutex lock;
    parallel_for(get_num_threads(), 1, [&](std::int64_t begin, std::int64_t) {
      if (begin == 0) return work(later, earlier);
      std::pair<Found, Found> own{Found(a.count, k), Found(self ? a.count : 0, k)};
      work(own.first, own.second);
      const std::lock_guard guard(lock);
      others.push_back(std::move(own));
    });
    for (const auto& [rows, columns] : others) later.merge(rows, k), earlier.merge(columns, k);
  } else {
    work(later, earlier);
  }

  const auto finish = [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::pair<double, std::int64_t>> near(2 * k);
    for (std::int64_t i = begin; i < end; ++i) {
      std::size_t n = 0;
      const auto take = [&](const Found& found, double* distance, std::int64_t* index) {
        const std::size_t first = n;
        for (std::int64_t p = 0; p < k && found.index[i * k + p] >= 0; ++p, ++n) {
          const std::int64_t j = found.index[i * k + p];
          // The earlier window first, so that both ends of a pair have the same bits.
          near[n] = {self && j < i ? distance_of(a, j, a, i) : distance_of(a, i, b, j), j};
        }
        if (distance == nullptr) return;
        std::sort(near.begin() + first, near.begin() + n);
        distance[i] = n > first ? near[first].first : inf;
        index[i] = n > first ? near[first].second : -1;
      };
      if (self) take(earlier, out.left_distance, out.left_index);
      take(later, out.right_distance, out.right_index);
      std::sort(near.begin(), near.begin() + n);
      for (std::int64_t p = 0; p < k; ++p) {
        const bool here = p < std::int64_t(n);
        out.distance[i * k + p] = here ? near[p].first : inf;
        out.index[i * k + p] = here ? near[p].second : -1;
      }
    }
  };
  if (on_threads) return parallel_for(a.count, std::max<std::int64_t>(16, 100000 / a.m), finish);
  finish(0, a.count);
}

}  // namespace marey::profile
