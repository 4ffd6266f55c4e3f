// dtw_nn: bounds of all candidates, then the candidates by their bounds, four vectors at a time.
#include "marey/distance/dtw_nn.hpp"

#include <algorithm>
#include <vector>

#include "marey/distance/warp_rules.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

// The least and greatest value of the query within the window of each step: [channels][steps], for candidates of any
// length up to `steps`. Two monotone queues (Lemire 2009).
template <typename T>
struct Envelope {
  std::int64_t steps;
  std::vector<T> lower, upper;
  std::vector<std::int64_t> queue;

  Envelope(std::int64_t channels, std::int64_t steps)
      : steps(steps), lower(channels * steps), upper(channels * steps) {}

  void of(const T* x, std::int64_t n, std::int64_t x_channel, std::int64_t channels, std::int64_t window) {
    for (std::int64_t c = 0; c < channels; ++c) {
      extremes(x + c * x_channel, n, window, lower.data() + c * steps, [](T a, T b) { return a < b; });
      extremes(x + c * x_channel, n, window, upper.data() + c * steps, [](T a, T b) { return a > b; });
    }
  }

  template <typename Before>
  void extremes(const T* x, std::int64_t n, std::int64_t window, T* out, Before before) {
    queue.clear();
    std::size_t head = 0;
    std::int64_t next = 0;
    for (std::int64_t j = 0; j < steps; ++j) {
      for (; next < n && next - j <= window; ++next) {
        while (queue.size() > head && !before(x[queue.back()], x[next])) queue.pop_back();
        queue.push_back(next);
      }
      while (queue.size() > head && j - queue[head] > window) ++head;
      out[j] = queue.size() > head ? x[queue[head]] : x[n - 1];  // out of reach: no path, whatever the bound
    }
  }
};

template <typename T>
T keogh(const T* y, std::int64_t m, const T* lower, const T* upper) {
  using V = VecOf<T>;
  V total{};
  std::int64_t j = 0;
  for (; j + width<T> <= m; j += width<T>) {
    const V v = marey::MAREY_LEVEL::row(y + j);
    const V outside =
        greater(greater(v - marey::MAREY_LEVEL::row(upper + j), marey::MAREY_LEVEL::row(lower + j) - v), V{});
    total = madd(outside, outside, total);
  }
  T sum_of = sum(total);
  for (; j < m; ++j) {
    const T outside = std::max({y[j] - upper[j], lower[j] - y[j], T(0)});
    sum_of += outside * outside;
  }
  return sum_of;
}

template <typename T>
struct Found {
  T square;
  std::int64_t index;
  bool operator<(const Found& other) const {
    return square < other.square || (square == other.square && index < other.index);
  }
};

template <typename T>
class Search {
 public:
  explicit Search(const DtwNn<T>& a)
      : a(a), most(a.y.longest()), envelope(a.y.channels, most), row(new VecOf<T>[most * streams + 1]) {
    for (int q = 0; q < streams; ++q) blocks.emplace_back(a.y.channels, most);
  }

  void query(std::int64_t i) {
    const std::int64_t n = a.x.length_of(i);
    candidates.clear();
    nearest.clear();
    std::vector<std::int64_t> without;  // candidates whose distance is NaN
    if (a.x_finite[i] && n > 0) envelope.of(a.x.channel(i), n, a.x.length, a.x.channels, a.window);
    for (std::int64_t j = 0; j < a.y.n; ++j) {
      if (a.without_self && j == i) continue;
      if (!a.x_finite[i] || !a.y_finite[j]) {
        without.push_back(j);
      } else if (n == 0 || a.y.length_of(j) == 0) {
        keep({n == a.y.length_of(j) ? T(0) : std::numeric_limits<T>::infinity(), j});
      } else {
        candidates.push_back({bound(i, j), j});
      }
    }
    std::sort(candidates.begin(), candidates.end());
    const std::int64_t n_candidates = candidates.size(), step = width<T> * streams;
    for (std::int64_t at = 0; at < n_candidates && !(candidates[at].square > farthest()); at += step) {
      vectors(i, at, n_candidates);
    }
    for (std::int64_t r = 0; r < a.k; ++r) {
      const bool is_found = r < std::int64_t(nearest.size());
      a.index[i * a.k + r] = is_found ? nearest[r].index : without[r - nearest.size()];
      a.distance[i * a.k + r] = is_found ? std::sqrt(nearest[r].square) : std::numeric_limits<T>::quiet_NaN();
    }
  }

 private:
  T farthest() const {
    return std::int64_t(nearest.size()) < a.k ? std::numeric_limits<T>::infinity() : nearest.back().square;
  }

  void keep(Found<T> found) {
    if (std::int64_t(nearest.size()) == a.k && !(found < nearest.back())) return;
    nearest.insert(std::upper_bound(nearest.begin(), nearest.end(), found), found);
    if (std::int64_t(nearest.size()) > a.k) nearest.pop_back();
  }

  T bound(std::int64_t i, std::int64_t j) const {
    const std::int64_t n = a.x.length_of(i), m = a.y.length_of(j);
    T envelopes = 0, ends = 0;
    for (std::int64_t c = 0; c < a.x.channels; ++c) {
      const T *x = a.x.channel(i) + c * a.x.length, *y = a.y.channel(j) + c * a.y.length;
      envelopes += keogh(y, m, envelope.lower.data() + c * most, envelope.upper.data() + c * most);
      const T first = x[0] - y[0], last = x[n - 1] - y[m - 1];
      ends += first * first + (n > 1 || m > 1 ? last * last : T(0));
    }
    // Both sums and the distance round: a bound may pass the distance by this much and no more.
    const T rounding = 4 * T(n + m) * T(a.x.channels) * std::numeric_limits<T>::epsilon();
    return std::max(envelopes, ends) * std::max(T(0), 1 - rounding);
  }

  void vectors(std::int64_t i, std::int64_t at, std::int64_t n_candidates) {
    Stream<T, One<T>> s[streams];
    for (int q = 0; q < streams; ++q) {
      const std::int64_t first = at + q * width<T>;
      blocks[q].fill(a.y, [&](std::int64_t l) { return first + l < n_candidates ? candidates[first + l].index : -1; });
      s[q] = {{a.x.channel(i), a.x.length_of(i), a.x.length}, &blocks[q], {}};
    }
    warp(Dtw<T>{}, s, a.x.channels, a.window, row.get(), farthest());
    for (int q = 0; q < streams; ++q) {
      for (std::int64_t l = 0; l < width<T> && at + q * width<T> + l < n_candidates; ++l) {
        keep({s[q].ends[l], candidates[at + q * width<T> + l].index});
      }
    }
  }

  const DtwNn<T>& a;
  std::int64_t most;
  Envelope<T> envelope;
  std::unique_ptr<VecOf<T>[]> row;
  std::vector<Block<T>> blocks;
  std::vector<Found<T>> candidates, nearest;
};

}  // namespace

template <typename T>
void dtw_nn_kernel(const DtwNn<T>& a, std::int64_t first, std::int64_t last) {
  Search<T> search(a);
  for (std::int64_t i = first; i < last; ++i) search.query(i);
}

template void dtw_nn_kernel(const DtwNn<float>&, std::int64_t, std::int64_t);
template void dtw_nn_kernel(const DtwNn<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
