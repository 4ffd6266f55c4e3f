// The passes of cox.hpp: back in time for the sums over those at risk, then forward for each row's exposure.
#include "marey/survival/cox.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "marey/survival/symmetric_sum.hpp"

namespace marey::survival::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

namespace {

// One time with events: where its rows lie, and the sums over k of wbar f^a / phi_k^b.
struct Tick {
  int64_t begin, end;
  double all, own;            // wbar / phi_k; wbar (1 - f_k) / phi_k: exposure of those at risk, of the events
  double alpha, beta, gamma;  // wbar f_k^{0, 1, 2} / phi_k^2
  double mean_weight;
};

struct AtRisk {
  double S0 = 0, E0 = 0, W = 0;
  int64_t d = 0;
};

Tick make_tick(const AtRisk& at, bool efron, int64_t begin, int64_t end, double& sum_log_phi) {
  Tick tick{begin, end, 0, 0, 0, 0, 0, at.W / double(at.d)};
  for (int64_t k = 0; k < at.d; ++k) {
    const double f = efron ? double(k) / double(at.d) : 0.0, phi = at.S0 - f * at.E0, share = tick.mean_weight / phi;
    sum_log_phi += tick.mean_weight * std::log(phi);
    tick.all += share;
    tick.own += share * (1 - f);
    tick.alpha += share / phi;
    tick.beta += share / phi * f;
    tick.gamma += share / phi * f * f;
  }
  return tick;
}

// Risks relative to the largest of the stratum, so that none overflows.
double relative_risks(const CoxRows& rows, int64_t begin, int64_t end, std::vector<double>& r) {
  const double shift = begin == end ? 0.0 : *std::max_element(rows.eta + begin, rows.eta + end);
  for (int64_t i = begin; i < end; ++i) r[i] = rows.weights[i] * std::exp(rows.eta[i] - shift);
  return shift;
}

// Back in time through one stratum. visit(tick, S1, E1) sees every time with events, latest first.
template <typename Visit>
void back_in_time(const CoxRows& rows, int64_t begin, int64_t end, const std::vector<double>& r, double shift,
                  double& loglik, Visit&& visit) {
  const int64_t p = rows.p;
  std::vector<double> S1(p), E1(p);
  AtRisk at;
  int64_t entering = end, n_at_risk = 0;
  for (int64_t last = end; last > begin;) {
    int64_t first = last;
    while (first > begin && rows.time[first - 1] == rows.time[last - 1]) --first;
    if (rows.entry) {
      for (; entering > begin && rows.entry[rows.entering[entering - 1]] >= rows.time[first]; --entering) {
        const int64_t row = rows.entering[entering - 1];
        at.S0 -= r[row];
        add_scaled(S1.data(), -r[row], rows.X + row * p, p);
        // Nobody left: exactly nothing, whatever rounding left over.
        if (--n_at_risk == 0) {
          at.S0 = 0;
          std::fill(S1.begin(), S1.end(), 0.0);
        }
      }
    }
    at.E0 = at.W = 0;
    at.d = 0;
    std::fill(E1.begin(), E1.end(), 0.0);
    for (int64_t i = first; i < last; ++i) {
      at.S0 += r[i];
      add_scaled(S1.data(), r[i], rows.X + i * p, p);
      if (!rows.event[i] || rows.weights[i] == 0) continue;
      ++at.d;
      at.E0 += r[i];
      at.W += rows.weights[i];
      loglik += rows.weights[i] * (rows.eta[i] - shift);
      if (rows.efron) add_scaled(E1.data(), r[i], rows.X + i * p, p);
    }
    n_at_risk += last - first;
    if (at.d > 0) {
      double sum_log_phi = 0;
      const Tick tick = make_tick(at, rows.efron, first, last, sum_log_phi);
      loglik -= sum_log_phi;
      visit(tick, S1.data(), E1.data());
    }
    last = first;
  }
}

}  // namespace

void cox_pass_kernel(const CoxRows& rows, const CoxPass& out) {
  const int64_t p = rows.p;
  SymmetricSum hessian(p);
  std::vector<double> r(rows.n), at_entry(rows.entry ? rows.n : 0), mixed(p);
  std::vector<Tick> ticks;
  *out.loglik = 0;
  std::fill_n(out.gradient, p, 0.0);
  for (int64_t stratum = 0; stratum < rows.n_strata; ++stratum) {
    const int64_t begin = rows.offsets[stratum], end = rows.offsets[stratum + 1];
    const double shift = relative_risks(rows, begin, end, r), unshift = std::exp(-shift);
    ticks.clear();
    back_in_time(rows, begin, end, r, shift, *out.loglik, [&](const Tick& tick, const double* S1, const double* E1) {
      ticks.push_back(tick);
      if (tick.beta == 0) return hessian.add(-tick.alpha, S1);
      const double share = tick.beta / tick.alpha;
      for (int64_t j = 0; j < p; ++j) mixed[j] = S1[j] - share * E1[j];
      hessian.add(-tick.alpha, mixed.data());
      hessian.add(-(tick.gamma - tick.beta * share), E1);
    });
    double hazard = 0;
    int64_t entering = begin, i = begin;
    const auto leave = [&](int64_t row, double step, double exposed) {
      const double exposure = hazard + exposed - (rows.entry ? at_entry[row] : 0.0), expected = r[row] * exposure;
      const bool event = rows.event[row] != 0;
      add_scaled(out.gradient, (event ? rows.weights[row] : 0.0) - expected, rows.X + row * p, p);
      hessian.add(expected, rows.X + row * p);
      out.exposure[row] = exposure * unshift;
      out.hazard[row] = step * unshift;
    };
    const auto enter_before = [&](double time) {
      for (; rows.entry && entering < end && rows.entry[rows.entering[entering]] < time; ++entering) {
        at_entry[rows.entering[entering]] = hazard;
      }
    };
    for (auto tick = ticks.rbegin(); tick != ticks.rend(); ++tick) {
      for (; i < tick->begin; ++i) {
        enter_before(rows.time[i]);
        leave(i, 0.0, 0.0);
      }
      enter_before(rows.time[i]);
      for (; i < tick->end; ++i) {
        const bool event = rows.event[i] && rows.weights[i] != 0;
        leave(i, tick->all, event ? tick->own : tick->all);
      }
      hazard += tick->all;
    }
    for (; i < end; ++i) {
      enter_before(rows.time[i]);
      leave(i, 0.0, 0.0);
    }
  }
  hessian.write(out.hessian);
}

void cox_residuals_kernel(const CoxRows& rows, const CoxResiduals& out) {
  const int64_t p = rows.p;
  std::vector<double> r(rows.n), at_entry(rows.entry ? rows.n : 0), sums, E1(p), cumulative(p), mean(p), own(p);
  std::vector<Tick> ticks;
  double loglik = 0, *schoenfeld = out.schoenfeld;
  for (int64_t stratum = 0; stratum < rows.n_strata; ++stratum) {
    const int64_t begin = rows.offsets[stratum], end = rows.offsets[stratum + 1];
    const double shift = relative_risks(rows, begin, end, r);
    ticks.clear();
    sums.clear();
    back_in_time(rows, begin, end, r, shift, loglik, [&](const Tick& tick, const double* S1, const double*) {
      ticks.push_back(tick);
      sums.insert(sums.end(), S1, S1 + p);
    });
    std::fill(cumulative.begin(), cumulative.end(), 0.0);
    double hazard = 0;
    int64_t entering = begin, i = begin;
    const auto enter_before = [&](double time) {
      for (; rows.entry && entering < end && rows.entry[rows.entering[entering]] < time; ++entering) {
        const int64_t row = rows.entering[entering];
        at_entry[row] = hazard;
        std::copy(cumulative.begin(), cumulative.end(), out.score + row * p);
      }
    };
    // score = -exp(eta) (x A - B) with A and B what came since the row's entry
    const auto leave = [&](int64_t row, double exposed, const double* weighted) {
      const double* x = rows.X + row * p;
      double* score = out.score + row * p;
      const double A = hazard + exposed - (rows.entry ? at_entry[row] : 0.0), risk = std::exp(rows.eta[row] - shift);
      for (int64_t j = 0; j < p; ++j) {
        const double B = cumulative[j] + (weighted ? weighted[j] : 0.0) - (rows.entry ? score[j] : 0.0);
        score[j] = -risk * (x[j] * A - B);
      }
    };
    for (int64_t t = int64_t(ticks.size()); t-- > 0;) {
      const Tick& tick = ticks[t];
      const double* S1 = sums.data() + t * p;
      for (; i < tick.begin; ++i) {
        enter_before(rows.time[i]);
        leave(i, 0.0, nullptr);
      }
      enter_before(rows.time[i]);
      std::fill(E1.begin(), E1.end(), 0.0);
      int64_t d = 0;
      for (int64_t k = tick.begin; k < tick.end; ++k) {
        if (!rows.event[k] || rows.weights[k] == 0) continue;
        ++d;
        if (rows.efron) add_scaled(E1.data(), r[k], rows.X + k * p, p);
      }
      const double per_event = 1 / (tick.mean_weight * double(d));
      std::vector<double> all(p);
      for (int64_t j = 0; j < p; ++j) {
        all[j] = tick.alpha * S1[j] - tick.beta * E1[j];
        own[j] = (tick.alpha - tick.beta) * S1[j] - (tick.beta - tick.gamma) * E1[j];
        mean[j] = per_event * (tick.all * S1[j] - (tick.all - tick.own) * E1[j]);
      }
      for (; i < tick.end; ++i) {
        const bool event = rows.event[i] && rows.weights[i] != 0;
        leave(i, event ? tick.own : tick.all, event ? own.data() : all.data());
        if (!rows.event[i]) continue;
        for (int64_t j = 0; j < p; ++j) {
          schoenfeld[j] = rows.X[i * p + j] - mean[j];
          out.score[i * p + j] += schoenfeld[j];
        }
        schoenfeld += p;
      }
      hazard += tick.all;
      for (int64_t j = 0; j < p; ++j) cumulative[j] += all[j];
    }
    for (; i < end; ++i) {
      enter_before(rows.time[i]);
      leave(i, 0.0, nullptr);
    }
  }
}

}  // namespace marey::survival::MAREY_LEVEL
