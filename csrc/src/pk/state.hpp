// A subject's compartments between events: modes, depot, running infusions, and the derivatives of all of them.
#pragma once
#include <cmath>

#include "marey/core/simd.hpp"

namespace marey::MAREY_LEVEL {

namespace pk_state {

// Below this |x| the divided differences come from their series, whose remainder is then under 1e-17; above it their
// cancellation costs at most the factor 16.
inline constexpr double near_zero = 1.0 / 16.0;

inline Vec broadcast(double value, Vec) { return splat(value); }
inline double broadcast(double value, double) { return value; }
inline Int below(Vec x, double bound) { return (x < bound) & (x > -bound); }
inline bool below(double x, double bound) { return x < bound && x > -bound; }
inline bool any(bool condition) { return condition; }
inline bool any(Int condition) {
#if defined(__AVX512F__)
  return _mm512_movepi64_mask((__m512i)condition) != 0;
#else
  std::int64_t bits = 0;
  for (int i = 0; i < lanes; ++i) bits |= condition[i];
  return bits != 0;
#endif
}
inline double select(bool condition, double yes, double no) { return condition ? yes : no; }
using ::marey::MAREY_LEVEL::select;

// sum_k (-x)^k / (k + first)!  for first = 1: (1 - e^-x) / x,  for first = 2: (x - 1 + e^-x) / x^2.
template <int first, typename T>
inline T series(T x) {
  constexpr int terms = 9;
  T sum = broadcast(1.0, x);
#pragma GCC unroll 9
  for (int k = terms; k >= 1; --k) sum = madd(sum, x * (-1.0 / (k + first)), broadcast(1.0, x));
  return first == 2 ? 0.5 * sum : sum;
}

// Int_0^tau e^{-a (tau - s)} e^{-b s} ds = (e^{-a tau} - e^{-b tau}) / (b - a), ea and eb being the exponentials.
template <typename T>
inline T convolved(double a, double b, T tau, T ea, T eb) {
  const T x = (b - a) * tau;
  const T apart = (ea - eb) * (1.0 / (b - a));
  const auto close = below(x, near_zero);
  if (!any(close)) return apart;
  return select(close, tau * ea * series<1>(x), apart);
}

// d convolved / d a.
template <typename T>
inline T convolved_slope(double a, double b, T tau, T ea, T eb) {
  const T x = (b - a) * tau;
  const T apart = ((ea - eb) * (1.0 / (b - a)) - tau * ea) * (1.0 / (b - a));
  const auto close = below(x, near_zero);
  if (!any(close)) return apart;
  return select(close, -tau * tau * ea * series<2>(x), apart);
}

// z_i and its derivatives by lambda_i, ka, the fraction and the lag; likewise of the depot (not by lambda).
template <int N>
struct State {
  double z[N] = {}, by_rate[N] = {}, by_ka[N] = {}, by_fraction[N] = {}, by_lag[N] = {};
  double d = 0.0, d_by_ka = 0.0, d_by_fraction = 0.0, d_by_lag = 0.0;
  double into_central = 0.0, into_depot = 0.0, running = 0.0;

  void operator+=(const State& o) {
    for (int i = 0; i < N; ++i) {
      z[i] += o.z[i], by_rate[i] += o.by_rate[i], by_ka[i] += o.by_ka[i];
      by_fraction[i] += o.by_fraction[i], by_lag[i] += o.by_lag[i];
    }
    d += o.d, d_by_ka += o.d_by_ka, d_by_fraction += o.d_by_fraction, d_by_lag += o.d_by_lag;
    into_central += o.into_central, into_depot += o.into_depot, running += o.running;
  }
};

template <int N>
struct Subject {
  double rate[N];  // lambda
  double ka = 0.0;

  // Everything `tau` later.
  void advance(State<N>& s, double tau, bool sens) const {
    if (!(tau > 0.0)) return;
    const double ek = std::exp(-ka * tau);
    const double supply = ka * s.d - s.into_depot, total = s.into_central + s.into_depot;
    for (int i = 0; i < N; ++i) {
      const double l = rate[i], e = std::exp(-l * tau);
      const double absorbed = convolved(l, ka, tau, e, ek), infused = convolved(l, 0.0, tau, e, 1.0);
      if (sens) {
        s.by_rate[i] = e * (s.by_rate[i] - tau * s.z[i]) + total * convolved_slope(l, 0.0, tau, e, 1.0) +
                       supply * convolved_slope(l, ka, tau, e, ek);
        s.by_ka[i] = e * s.by_ka[i] + (s.d + ka * s.d_by_ka) * absorbed + supply * convolved_slope(ka, l, tau, ek, e);
        s.by_fraction[i] = e * s.by_fraction[i] + ka * s.d_by_fraction * absorbed;
        s.by_lag[i] = e * s.by_lag[i] + ka * s.d_by_lag * absorbed;
      }
      s.z[i] = e * s.z[i] + total * infused + supply * absorbed;
    }
    const double infused = convolved(ka, 0.0, tau, ek, 1.0);
    s.d_by_ka = ek * (s.d_by_ka - tau * s.d) + s.into_depot * convolved_slope(ka, 0.0, tau, ek, 1.0);
    s.d_by_fraction *= ek, s.d_by_lag *= ek;
    s.d = ek * s.d + s.into_depot * infused;
  }

  // A bolus of `amount`, `per_fraction` the derivative of that by the fraction, `per_lag` that of its time by the lag.
  // What comes later moves a derivative by how the right-hand side jumps.
  void bolus(State<N>& s, bool depot, double amount, double per_fraction, double per_lag) const {
    if (depot) {
      s.d += amount, s.d_by_fraction += per_fraction, s.d_by_lag += ka * amount * per_lag;
      for (int i = 0; i < N; ++i) s.by_lag[i] -= ka * amount * per_lag;
    } else {
      for (int i = 0; i < N; ++i) {
        s.z[i] += amount, s.by_fraction[i] += per_fraction, s.by_lag[i] += rate[i] * amount * per_lag;
      }
    }
  }

  // `change` of the infusion rate, at a time whose derivative by the fraction, times the rate, is `per_fraction`. The
  // last infusion to end leaves no rounding behind.
  void infusion(State<N>& s, bool depot, double change, double per_fraction, double per_lag) const {
    (depot ? s.into_depot : s.into_central) += change;
    s.running += change > 0.0 ? 1.0 : -1.0;
    if (s.running == 0.0) s.into_depot = s.into_central = 0.0;
    if (depot) {
      s.d_by_lag -= change * per_lag, s.d_by_fraction += per_fraction;
    } else {
      for (int i = 0; i < N; ++i) s.by_lag[i] -= change * per_lag, s.by_fraction[i] += per_fraction;
    }
  }
};

// A dose repeated every `interval` for ever.
struct Repeated {
  bool depot;
  double amount, rate, per_fraction, interval;

  double duration() const { return amount / rate; }
  // Infusions just after a dose, it among them, and when the oldest of them ends.
  double running() const { return duration() > interval ? std::ceil(duration() / interval) : 1.0; }
  double end() const { return duration() - (running() - 1.0) * interval; }
  // How many run at `until` after a dose; at the whole interval, just before the next.
  double still(double until) const { return until < interval && until < end() ? running() : running() - 1.0; }
};

// From just before a dose to `until` (at most the interval) after it.
template <int N>
void period(const Subject<N>& subject, State<N>& s, const Repeated& r, double until, bool sens) {
  if (!(r.rate > 0.0)) {
    subject.bolus(s, r.depot, r.amount, r.per_fraction, 0.0);
    subject.advance(s, until, sens);
    return;
  }
  const double end = r.end();
  subject.infusion(s, r.depot, r.rate, 0.0, 0.0);
  subject.advance(s, until < end ? until : end, sens);
  if (until < end) return;
  subject.infusion(s, r.depot, -r.rate, r.per_fraction, 0.0);
  subject.advance(s, until - end, sens);
}

// The state `until` after one of infinitely many doses; at the whole interval, just before the next.
template <int N>
State<N> steady(const Subject<N>& subject, const Repeated& r, double until, double per_lag, bool sens) {
  State<N> start;
  if (r.rate > 0.0) {
    start.running = r.running() - 1.0;
    (r.depot ? start.into_depot : start.into_central) = start.running * r.rate;
  }
  // The depot repeats itself first, then the modes with it: x = e x + (what a period gives).
  State<N> given = start;
  period(subject, given, r, r.interval, sens);
  if (r.depot) {
    const double kept = std::exp(-subject.ka * r.interval), lost = -std::expm1(-subject.ka * r.interval);
    start.d = given.d / lost;
    start.d_by_ka = (given.d_by_ka - r.interval * kept * start.d) / lost;
    start.d_by_fraction = given.d_by_fraction / lost;
    given = start;
    period(subject, given, r, r.interval, sens);
  }
  for (int i = 0; i < N; ++i) {
    const double kept = std::exp(-subject.rate[i] * r.interval), lost = -std::expm1(-subject.rate[i] * r.interval);
    start.z[i] = given.z[i] / lost;
    start.by_rate[i] = (given.by_rate[i] - r.interval * kept * start.z[i]) / lost;
    start.by_ka[i] = given.by_ka[i] / lost;
    start.by_fraction[i] = given.by_fraction[i] / lost;
  }
  if (until < r.interval) period(subject, start, r, until, sens);
  // The lag moves the phase: d state / d lag = -d state / dt.
  for (int i = 0; i < N; ++i) {
    const double slope = start.into_central + subject.ka * start.d - subject.rate[i] * start.z[i];
    start.by_lag[i] = -slope * per_lag;
  }
  start.d_by_lag = (subject.ka * start.d - start.into_depot) * per_lag;
  return start;
}

}  // namespace pk_state

}  // namespace marey::MAREY_LEVEL
