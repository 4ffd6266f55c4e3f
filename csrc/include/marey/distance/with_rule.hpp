// From a measure to its rule. Included by kernel sources only.
#pragma once
#include "marey/distance/elastic.hpp"
#include "marey/distance/warp_rules.hpp"

namespace marey::distance::MAREY_LEVEL {

template <typename T, typename Run>
void with_rule(const Elastic<T>& e, Run run) {
  switch (e.measure) {
    case Measure::lcss: return run(Lcss<T>(e.first));
    case Measure::erp: return run(Erp<T>(e.g));
    case Measure::edr: return run(Edr<T>(e.first, e.x_deviation, e.y_deviation));
    case Measure::msm: return run(Msm<T>(e.first));
    case Measure::twe: return run(Twe<T>(e.first, e.second));
    case Measure::wdtw: return run(Wdtw<T>(e.first));
  }
}

// The distance of series i of x and j of y, whose last cell holds `end`.
template <typename T, typename Rule>
T distance_of(const Rule& rule, const Series<T>& x, std::int64_t i, const Series<T>& y, std::int64_t j,
              std::int64_t window, T end) {
  const std::int64_t n = x.length_of(i), m = y.length_of(j);
  if (n == 0 && m == 0) return 0;
  if (m == 0) return rule.of_empty(x.channel(i), n, x.length, x.channels, window);
  if (n == 0) return rule.of_empty(y.channel(j), m, y.length, y.channels, window);
  return rule.value(n, m, end);
}

}  // namespace marey::distance::MAREY_LEVEL
