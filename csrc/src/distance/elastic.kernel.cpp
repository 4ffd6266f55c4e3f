// elastic: pairs in the lanes, both of their series a lane each.
#include <utility>
#include <vector>

#include "marey/distance/with_rule.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

template <typename T, typename Rule>
void run(Rule& rule, const Pairs<T>& a, std::int64_t first, std::int64_t last) {
  const std::int64_t channels = Rule::by_channel ? 1 : a.x.channels, rounds = Rule::by_channel ? a.x.channels : 1;
  std::vector<Block<T>> xs, ys;
  for (int q = 0; q < streams; ++q) {
    xs.emplace_back(channels, a.x.longest());
    ys.emplace_back(channels, a.y.longest());
  }
  const std::unique_ptr<VecOf<T>[]> row(new VecOf<T>[a.y.longest() * streams + 1]);
  for (std::int64_t at = first; at < last; at += streams * width<T>) {
    const auto pair_in = [&](int q, std::int64_t l) {
      const std::int64_t b = at + q * width<T> + l;
      return b < last ? b : -1;
    };
    for (std::int64_t round = 0; round < rounds; ++round) {
      Stream<T, Many<T>> s[streams];
      for (int q = 0; q < streams; ++q) {
        xs[q].fill(a.x, [&](std::int64_t l) { return pair_in(q, l); }, round, channels);
        ys[q].fill(a.y, [&](std::int64_t l) { return pair_in(q, l); }, round, channels);
        rule.before_block(ys[q], channels);
        s[q] = {{&xs[q], channels}, &ys[q], {}};
      }
      rule.before_group(s, [&](int q, std::int64_t l) { return std::pair(pair_in(q, l), pair_in(q, l)); });
      warp(rule, s, channels, a.window, row.get());
      for (int q = 0; q < streams; ++q) {
        for (std::int64_t l = 0; l < width<T> && pair_in(q, l) >= 0; ++l) {
          const std::int64_t b = pair_in(q, l);
          const T d = a.x_finite[b] && a.y_finite[b] ? distance_of(rule, a.x, b, a.y, b, a.window, s[q].ends[l])
                                                     : std::numeric_limits<T>::quiet_NaN();
          a.out[b] = round > 0 ? a.out[b] + d : d;
        }
      }
    }
  }
}

}  // namespace

template <typename T>
void elastic_kernel(const Elastic<T>& e, const Pairs<T>& a, std::int64_t first, std::int64_t last) {
  with_rule(e, [&](auto rule) { run(rule, a, first, last); });
}

template void elastic_kernel(const Elastic<float>&, const Pairs<float>&, std::int64_t, std::int64_t);
template void elastic_kernel(const Elastic<double>&, const Pairs<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
