#include "marey/survival/risk_table.hpp"

#include <limits>

namespace marey::survival {

namespace {

using std::int64_t;

// One group without entries: sums from the last time back, so that weights never cancel.
void sum_back(int64_t begin, int64_t end, const RiskTable& out) {
  double at_risk = 0, count = 0;
  for (int64_t k = end; k-- > begin;) {
    at_risk += out.events[k] + out.censored[k];
    count += out.count[k];
    out.at_risk[k] = at_risk;
    out.count[k] = count;
  }
}

// One group with entries: those that entered before t less those that left before t.
void sum_with_entries(const Survival& s, const int64_t* entering, int64_t n, int64_t begin, int64_t end,
                      const RiskTable& out) {
  double entered = 0, left = 0;
  int64_t n_entered = 0;
  double n_left = 0;
  for (int64_t k = begin; k < end; ++k) {
    while (n_entered < n && s.entry[entering[n_entered]] < out.time[k]) {
      entered += s.weights ? s.weights[entering[n_entered]] : 1.0;
      ++n_entered;
    }
    const double leaving = out.count[k], weight = out.events[k] + out.censored[k];
    out.count[k] = double(n_entered) - n_left;
    // The last ones at risk: exactly those that leave now, whatever rounding left over.
    out.at_risk[k] = out.count[k] == leaving ? weight : entered - left;
    left += weight;
    n_left += leaving;
  }
}

}  // namespace

void risk_table(const Survival& s, const RiskTable& out) {
  const Order order = sort_rows(s.time, s.n, s.groups);
  const Order entering = s.entry ? sort_rows(s.entry, s.n, s.groups) : Order{};
  int64_t k = 0;
  for (int64_t g = 0; g < s.groups.n_groups; ++g) {
    const int64_t first = k, begin = order.offsets[g], end = order.offsets[g + 1];
    out.offsets[g] = first;
    for (int64_t i = begin; i < end; ++k) {
      const double time = s.time[order.index[i]];
      double events = 0, censored = 0;
      const int64_t at = i;
      for (; i < end && s.time[order.index[i]] == time; ++i) {
        const int64_t row = order.index[i];
        (s.event[row] ? events : censored) += s.weights ? s.weights[row] : 1.0;
      }
      out.time[k] = time;
      out.events[k] = events;
      out.censored[k] = censored;
      out.count[k] = double(i - at);
    }
    if (s.entry) {
      sum_with_entries(s, entering.index.data() + begin, end - begin, first, k, out);
    } else {
      sum_back(first, k, out);
    }
  }
  out.offsets[s.groups.n_groups] = k;
}

void kaplan_meier(const Curve& c) noexcept {
  for (int64_t g = 0; g < c.n_groups; ++g) {
    double survival = 1, sum = 0;
    for (int64_t k = c.offsets[g]; k < c.offsets[g + 1]; ++k) {
      const double r = c.at_risk[k], d = c.events[k];
      if (d > 0) {
        survival *= (r - d) / r;
        sum += r > d ? d / (r * (r - d)) : std::numeric_limits<double>::infinity();
      }
      c.value[k] = survival;
      c.variance[k] = sum;
    }
  }
}

void nelson_aalen(const Curve& c) noexcept {
  for (int64_t g = 0; g < c.n_groups; ++g) {
    double hazard = 0, sum = 0;
    for (int64_t k = c.offsets[g]; k < c.offsets[g + 1]; ++k) {
      const double r = c.at_risk[k], d = c.events[k];
      if (d > 0) {
        hazard += d / r;
        sum += d / (r * r);
      }
      c.value[k] = hazard;
      c.variance[k] = sum;
    }
  }
}

}  // namespace marey::survival
