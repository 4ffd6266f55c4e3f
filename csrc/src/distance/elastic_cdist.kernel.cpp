// elastic_cdist: the groups of pairs of a cdist by a measure's rule.
#include <utility>

#include "marey/distance/cdist_groups.hpp"
#include "marey/distance/with_rule.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

template <typename T, typename Rule>
void run(Rule& rule, const Cdist<T>& a, std::int64_t first, std::int64_t last) {
  const std::int64_t channels = Rule::by_channel ? 1 : a.x.channels, rounds = Rule::by_channel ? a.x.channels : 1;
  for (std::int64_t round = 0; round < rounds; ++round) {
    cdist_groups(
        a, {round, channels}, first, last, [&](Block<T>& block) { rule.before_block(block, channels); },
        [&](auto& s, const std::int64_t (&of)[streams], std::int64_t j, VecOf<T>* row) {
          rule.before_group(s, [&](int q, std::int64_t l) { return std::pair(of[q], j + l < a.y.n ? j + l : -1); });
          warp(rule, s, channels, a.window, row);
        },
        [&](std::int64_t i, std::int64_t j, T end) {
          const T d = distance_of(rule, a.x, i, a.y, j, a.window, end);
          return round > 0 ? a.out[i * a.y.n + j] + d : d;
        });
  }
}

}  // namespace

template <typename T>
void elastic_cdist_kernel(const Elastic<T>& e, const Cdist<T>& a, std::int64_t first, std::int64_t last) {
  with_rule(e, [&](auto rule) { run(rule, a, first, last); });
}

template void elastic_cdist_kernel(const Elastic<float>&, const Cdist<float>&, std::int64_t, std::int64_t);
template void elastic_cdist_kernel(const Elastic<double>&, const Cdist<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
