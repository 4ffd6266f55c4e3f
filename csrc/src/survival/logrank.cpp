#include "marey/survival/logrank.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace marey::survival {

namespace {

using std::int64_t;

double power(double base, double exponent) { return exponent == 0 ? 1.0 : std::pow(base, exponent); }

double test_weight(const LogRank& a, double survival, double at_risk) {
  switch (a.weight) {
    case TestWeight::gehan: return at_risk;
    case TestWeight::tarone_ware: return std::sqrt(at_risk);
    default: return power(survival, a.rho) * power(1 - survival, a.gamma);
  }
}

// What the sweep reads of a row, gathered first: loads that do not wait for each other.
struct Leaving {
  double time;
  std::int32_t group;
  bool event;
};

}  // namespace

void logrank(const LogRank& a) {
  const Survival& s = a.rows;
  const int64_t G = a.n_groups;
  std::fill_n(a.observed, G, 0.0);
  std::fill_n(a.expected, G, 0.0);
  std::fill_n(a.difference, G, 0.0);
  std::fill_n(a.covariance, G * G, 0.0);
  const Order order = sort_rows(s.time, s.n, s.groups);
  const Order entering = s.entry ? sort_rows(s.entry, s.n, s.groups) : Order{};
  std::vector<Leaving> rows(s.n);
  for (int64_t i = 0; i < s.n; ++i) {
    const int64_t row = order.index[i];
    rows[i] = {s.time[row], std::int32_t(a.group[row]), s.event[row] != 0};
  }
  std::vector<double> at_risk(G), events(G), leaving(G), share(G);
  for (int64_t stratum = 0; stratum < s.groups.n_groups; ++stratum) {
    const int64_t begin = order.offsets[stratum], end = order.offsets[stratum + 1];
    std::fill(at_risk.begin(), at_risk.end(), 0.0);
    int64_t entered = begin;
    if (!s.entry) {
      for (int64_t i = begin; i < end; ++i) ++at_risk[rows[i].group];
    }
    double survival = 1;
    for (int64_t i = begin; i < end;) {
      const double time = rows[i].time;
      for (; s.entry && entered < end && s.entry[entering.index[entered]] < time; ++entered) {
        ++at_risk[a.group[entering.index[entered]]];
      }
      for (; i < end && rows[i].time == time; ++i) {
        events[rows[i].group] += rows[i].event ? 1.0 : 0.0;
        ++leaving[rows[i].group];
      }
      double d = 0, n = 0;
      for (int64_t g = 0; g < G; ++g) d += events[g], n += at_risk[g];
      if (d > 0) {
        const double W = test_weight(a, survival, n), scale = n > 1 ? W * W * d * (n - d) / (n - 1) : 0.0;
        for (int64_t g = 0; g < G; ++g) share[g] = at_risk[g] / n;
        for (int64_t g = 0; g < G; ++g) {
          a.observed[g] += events[g];
          a.expected[g] += d * share[g];
          a.difference[g] += W * (events[g] - d * share[g]);
          a.covariance[g * G + g] += scale * share[g];
          for (int64_t h = 0; h < G; ++h) a.covariance[g * G + h] -= scale * share[g] * share[h];
        }
        survival *= (n - d) / n;
      }
      for (int64_t g = 0; g < G; ++g) {
        at_risk[g] -= leaving[g];
        leaving[g] = events[g] = 0;
      }
    }
  }
}

}  // namespace marey::survival
