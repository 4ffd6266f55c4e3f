#include "marey/survival/bootstrap.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace marey::survival {

namespace {

using std::int64_t;
using std::uint64_t;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr uint64_t golden = 0x9e3779b97f4a7c15u;

template <typename Visit>
void draw(const Resampling& r, int64_t replicate, Visit&& visit) {
  uint64_t state = mix(mix(r.seed + golden) + golden * uint64_t(replicate + 1));
  for (int64_t k = 0; k < r.n; ++k) {
    state += golden;
    visit(int64_t((static_cast<unsigned __int128>(mix(state)) * uint64_t(r.n)) >> 64));
  }
}

// Counts by rank, with prefix sums in O(log n).
class Tree {
 public:
  explicit Tree(int64_t n) : sums_(n + 1) {}
  void clear() { std::fill(sums_.begin(), sums_.end(), 0); }
  void add(int64_t rank, int64_t count) {
    for (int64_t k = rank + 1; k < int64_t(sums_.size()); k += k & -k) sums_[k] += count;
  }
  int64_t below(int64_t rank) const {
    int64_t sum = 0;
    for (int64_t k = rank; k > 0; k -= k & -k) sum += sums_[k];
    return sum;
  }

 private:
  std::vector<int64_t> sums_;
};

}  // namespace

void bootstrap_counts(const Resampling& r, int64_t replicate, std::int32_t* counts) {
  std::fill_n(counts, r.n, 0);
  draw(r, replicate, [&](int64_t row) { ++counts[row]; });
}

void kaplan_meier_bootstrap(const CurveBootstrap& c, int64_t first, int64_t last, double* out) {
  std::vector<std::int32_t> counts(2 * c.n_ticks);  // censored and events of each tick
  std::vector<std::int32_t> place(c.resampling.n);
  for (int64_t i = 0; i < c.resampling.n; ++i) place[i] = std::int32_t(2 * c.tick[i] + (c.event[i] ? 1 : 0));
  for (int64_t b = first; b < last; ++b) {
    std::fill(counts.begin(), counts.end(), 0);
    draw(c.resampling, b, [&](int64_t row) { ++counts[place[row]]; });
    double survival = 1;
    int64_t at_risk = c.resampling.n, k = 0;
    for (int64_t t = 0; t < c.n_times; ++t) {
      for (; k < c.wanted[t]; ++k) {
        const std::int32_t events = counts[2 * k + 1];
        if (events > 0) survival *= double(at_risk - events) / double(at_risk);
        at_risk -= events + counts[2 * k];
      }
      out[b * c.n_times + t] = survival;
    }
  }
}

void concordance_bootstrap(const ConcordanceBootstrap& c, int64_t first, int64_t last, double* out) {
  const int64_t n = c.resampling.n;
  std::vector<std::int32_t> counts(n);
  Tree later(c.n_ranks);
  for (int64_t b = first; b < last; ++b) {
    bootstrap_counts(c.resampling, b, counts.data());
    later.clear();
    int64_t n_later = 0;
    double twice = 0, pairs = 0;  // twice the concordant pairs, ties counted once
    for (int64_t begin = 0, end; begin < n; begin = end) {
      const int64_t tick = c.tick[c.index[begin]];
      for (end = begin; end < n && c.tick[c.index[end]] == tick && !c.event[c.index[end]]; ++end) {
        const int64_t row = c.index[end];
        if (counts[row] == 0) continue;
        later.add(c.rank[row], counts[row]);
        n_later += counts[row];
      }
      const int64_t events = end;
      for (; end < n && c.tick[c.index[end]] == tick; ++end) {
        const int64_t row = c.index[end];
        if (counts[row] == 0) continue;
        twice += double(counts[row]) * double(later.below(c.rank[row]) + later.below(c.rank[row] + 1));
        pairs += double(counts[row]) * double(n_later);
      }
      for (int64_t k = events; k < end; ++k) {
        const int64_t row = c.index[k];
        if (counts[row] == 0) continue;
        later.add(c.rank[row], counts[row]);
        n_later += counts[row];
      }
    }
    out[b] = pairs > 0 ? twice / 2 / pairs : std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace marey::survival
