// The passes of finegray.hpp: back in time for the sums over those at risk, then forward for each row's exposure.
#include "marey/survival/finegray.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "marey/survival/symmetric_sum.hpp"

namespace marey::survival::MAREY_LEVEL {

namespace {

bool is(const FineGrayRows& rows, int64_t i, Outcome outcome) { return rows.outcome[i] == std::uint8_t(outcome); }

// One time with events of interest.
struct Tick {
  int64_t begin, end;
  double hazard, uncensored;  // dLambda = W / S0, and G just before
  double tail;                // sum of G dLambda over later times
};

struct Risks {
  std::vector<double> r, kept;  // w exp(eta - shift); the same over G(T-) for competing events, else 0
  double shift = 0;
};

Risks make_risks(const FineGrayRows& rows) {
  Risks risks{std::vector<double>(rows.n), std::vector<double>(rows.n)};
  if (rows.n > 0) risks.shift = *std::max_element(rows.eta, rows.eta + rows.n);
  for (int64_t i = 0; i < rows.n; ++i) {
    risks.r[i] = rows.weights[i] * std::exp(rows.eta[i] - risks.shift);
    risks.kept[i] = is(rows, i, Outcome::competing) ? risks.r[i] / rows.uncensored[i] : 0.0;
  }
  return risks;
}

// Back in time. visit(tick, S0, S1, W) sees every time with events, latest first.
template <typename Visit>
void back_in_time(const FineGrayRows& rows, const Risks& risks, double& loglik, Visit&& visit) {
  const int64_t p = rows.p;
  std::vector<double> later(p), kept(p), S1(p);
  double later0 = 0, kept0 = 0, tail = 0;
  for (int64_t i = 0; i < rows.n; ++i) {
    kept0 += risks.kept[i];
    if (risks.kept[i] != 0) add_scaled(kept.data(), risks.kept[i], rows.X + i * p, p);
  }
  for (int64_t last = rows.n, first; last > 0; last = first) {
    double W = 0;
    int64_t event = -1;
    for (first = last; first > 0 && rows.time[first - 1] == rows.time[last - 1]; --first) {
      const int64_t i = first - 1;
      later0 += risks.r[i];
      add_scaled(later.data(), risks.r[i], rows.X + i * p, p);
      if (risks.kept[i] != 0) {
        kept0 -= risks.kept[i];
        add_scaled(kept.data(), -risks.kept[i], rows.X + i * p, p);
      }
      if (!is(rows, i, Outcome::event) || rows.weights[i] == 0) continue;
      event = i;
      W += rows.weights[i];
      loglik += rows.weights[i] * (rows.eta[i] - risks.shift);
    }
    if (event < 0) continue;
    const double G = rows.uncensored[event], S0 = later0 + G * kept0;
    for (int64_t j = 0; j < p; ++j) S1[j] = later[j] + G * kept[j];
    loglik -= W * std::log(S0);
    const Tick tick{first, last, W / S0, G, tail};
    visit(tick, S0, S1.data());
    tail += G * tick.hazard;
  }
}

}  // namespace

void finegray_pass_kernel(const FineGrayRows& rows, const FineGrayPass& out) {
  const int64_t p = rows.p;
  const Risks risks = make_risks(rows);
  SymmetricSum hessian(p);
  std::vector<Tick> ticks;
  *out.loglik = 0;
  std::fill_n(out.gradient, p, 0.0);
  std::fill_n(out.hazard, rows.n, 0.0);
  back_in_time(rows, risks, *out.loglik, [&](const Tick& tick, double S0, const double* S1) {
    ticks.push_back(tick);
    hessian.add(-tick.hazard / S0, S1);
  });
  double hazard = 0, tail = ticks.empty() ? 0.0 : ticks.back().tail + ticks.back().uncensored * ticks.back().hazard;
  int64_t i = 0;
  const auto leave_until = [&](int64_t end) {
    for (; i < end; ++i) {
      const double expected = risks.r[i] * hazard + risks.kept[i] * tail;
      const double seen = is(rows, i, Outcome::event) ? rows.weights[i] : 0.0;
      add_scaled(out.gradient, seen - expected, rows.X + i * p, p);
      hessian.add(expected, rows.X + i * p);
    }
  };
  for (auto tick = ticks.rbegin(); tick != ticks.rend(); ++tick) {
    leave_until(tick->begin);
    hazard += tick->hazard;
    tail = tick->tail;
    out.hazard[tick->begin] = tick->hazard * std::exp(-risks.shift);
    leave_until(tick->end);
  }
  leave_until(rows.n);
  hessian.write(out.hessian);
}

void finegray_influence_kernel(const FineGrayRows& rows, double* influence) {
  const int64_t p = rows.p;
  const Risks risks = make_risks(rows);
  std::vector<Tick> ticks;
  std::vector<double> means;  // xbar of each tick
  double loglik = 0;
  back_in_time(rows, risks, loglik, [&](const Tick& tick, double S0, const double* S1) {
    ticks.push_back(tick);
    for (int64_t j = 0; j < p; ++j) means.push_back(S1[j] / S0);
  });
  const int64_t n_ticks = int64_t(ticks.size());
  std::vector<double> B(p), tail1(p), kept(p), C(p), q(p);  // tail1: of G xbar dLambda; C: integral of q dLambda^c / pi
  for (int64_t t = 0; t < n_ticks; ++t) {
    add_scaled(tail1.data(), ticks[t].uncensored * ticks[t].hazard, means.data() + t * p, p);
  }
  double A = 0, kept0 = 0, pi = 0;
  double tail = n_ticks ? ticks.back().tail + ticks.back().uncensored * ticks.back().hazard : 0.0;
  for (int64_t i = 0; i < rows.n; ++i) pi += rows.weights[i];
  int64_t t = n_ticks;  // ticks lie latest first
  for (int64_t first = 0, last; first < rows.n; first = last) {
    const double* mean = nullptr;
    if (t > 0 && ticks[t - 1].begin == first) {
      const Tick& tick = ticks[--t];
      mean = means.data() + t * p;
      A += tick.hazard;
      add_scaled(B.data(), tick.hazard, mean, p);
      tail = tick.tail;
      add_scaled(tail1.data(), -tick.uncensored * tick.hazard, mean, p);
    }
    double leaving = 0, censored = 0;
    for (last = first; last < rows.n && rows.time[last] == rows.time[first]; ++last) {
      leaving += rows.weights[last];
      if (is(rows, last, Outcome::censored)) censored += rows.weights[last];
      if (risks.kept[last] == 0) continue;
      kept0 += risks.kept[last];
      add_scaled(kept.data(), risks.kept[last], rows.X + last * p, p);
    }
    // A censoring now changes G after now alone: weights of earlier competing events at later events.
    if (censored > 0) {
      for (int64_t j = 0; j < p; ++j) q[j] = (kept[j] * tail - kept0 * tail1[j]) / pi;
      add_scaled(C.data(), censored / pi, q.data(), p);
    }
    for (int64_t i = first; i < last; ++i) {
      const double *x = rows.X + i * p, risk = std::exp(rows.eta[i] - risks.shift);
      double* out = influence + i * p;
      const bool event = is(rows, i, Outcome::event), competing = is(rows, i, Outcome::competing);
      for (int64_t j = 0; j < p; ++j) {
        out[j] = -risk * (x[j] * A - B[j]) - C[j];
        if (event && mean) out[j] += x[j] - mean[j];
        if (competing) out[j] -= risk / rows.uncensored[i] * (x[j] * tail - tail1[j]);
        if (is(rows, i, Outcome::censored)) out[j] += q[j];
      }
    }
    pi -= leaving;
  }
}

}  // namespace marey::survival::MAREY_LEVEL
