// One subject after another: from event to event in scalars, the observations between two in vectors.
#include "marey/pk/simulate.hpp"

#include <cmath>
#include <limits>

#include "modes.hpp"
#include "state.hpp"

namespace marey::pk::MAREY_LEVEL {

namespace {

using namespace marey::MAREY_LEVEL;
using namespace marey::MAREY_LEVEL::pk_modes;
using namespace marey::MAREY_LEVEL::pk_state;

enum What : std::int32_t { be_reset, be_steady, begin_dose, end_infusion };

constexpr double infinity = std::numeric_limits<double>::infinity();

// Implied and delayed doses, and all ends, come after an observation of their own time.
constexpr std::int64_t after_all = INT64_MAX;

Repeated repeated_of(const Simulation& s, std::int64_t record, const Given& g) {
  const Records& r = s.records;
  return {r.depot[record], g.amount, r.rate[record], g.per_fraction, r.interval[record]};
}

bool before(const Happening& a, const Happening& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.row != b.row) return a.row < b.row;
  if (a.record != b.record) return a.record < b.record;
  return a.what < b.what;
}

// The happenings of a subject in their order; nearly sorted as they come, so each is moved down into its place.
std::int64_t schedule(const Simulation& s, std::int64_t subject, Happening* out) {
  const Records& r = s.records;
  std::int64_t n = 0;
  const auto add = [&](double time, std::int64_t row, std::int64_t record, What what) {
    const Happening made{time, row, record, what};
    std::int64_t at = n++;
    for (; at > 0 && before(made, out[at - 1]); --at) out[at] = out[at - 1];
    out[at] = made;
  };
  for (std::int64_t k = r.offsets[subject]; k < r.offsets[subject + 1]; ++k) {
    const std::int64_t row = r.implied[k] ? after_all : r.row[k];
    if ((r.kind[k] & reset) != 0) add(r.time[k], row, k, be_reset);
    if ((r.kind[k] & dose) == 0) continue;
    const Given g = given(s, subject, k);
    const double start = r.time[k] + g.lag;
    if (r.steady[k] != 0) {
      add(r.time[k], row, k, be_steady);
      if (r.rate[k] > 0.0) {  // earlier infusions that still run
        const Repeated repeated = repeated_of(s, k, g);
        for (double j = repeated.still(r.interval[k] - g.lag); j > 0.0; --j) {
          const double end = start + (repeated.duration() - j * r.interval[k]);
          add(end > r.time[k] ? end : r.time[k], after_all, k, end_infusion);
        }
      }
    }
    add(start, g.lag > 0.0 ? after_all : row, k, begin_dose);
    if (r.rate[k] > 0.0) add(start + g.amount / r.rate[k], after_all, k, end_infusion);
  }
  return n;
}

template <int N>
struct Model {
  static constexpr int dual = 2 * N;  // clearances and volumes
  Subject<N> subject;
  double weight[N], volume;
  Dual<dual> rate_by[N], weight_by[N];  // where sensitivities are wanted

  Model(const Simulation& s, const double* p) {
    volume = p[1];
    if (s.depot) subject.ka = p[2 * N];
    Modes<N, double> plain;
    modes(p, plain);
    for (int i = 0; i < N; ++i) subject.rate[i] = plain.rate[i], weight[i] = plain.weight[i];
    if (s.sens == nullptr) return;
    Dual<dual> lifted_p[dual];
    for (int k = 0; k < dual; ++k) lifted_p[k].v = p[k], lifted_p[k].d[k] = 1.0;
    Modes<N, Dual<dual>> by;
    modes(lifted_p, by);
    for (int i = 0; i < N; ++i) rate_by[i] = by.rate[i], weight_by[i] = by.weight[i];
  }
};

// Observations first .. last, `now` the time of the state. Where no two rates times tau are close, which the first of a
// vector tells, a sum of one exponential a rate; else divided differences.
template <int N, bool depot>
void observe(const Model<N>& m, const State<N>& x, double now, const double* times, std::int64_t first,
             std::int64_t last, double* y) {
  const double ka = m.subject.ka, per_volume = 1.0 / m.volume;
  const double supply = depot ? ka * x.d - x.into_depot : 0.0, total = x.into_central + x.into_depot;
  double sum_of[N], of_ka = 0.0, constant = 0.0, gap = infinity;
  for (int i = 0; i < N; ++i) {
    const double l = m.subject.rate[i], c = m.weight[i] * per_volume;
    const double absorbed = depot ? c * supply / (ka - l) : 0.0, infused = c * total / l;
    sum_of[i] = c * x.z[i] + absorbed - infused;
    of_ka -= absorbed, constant += infused;
    if (depot && supply != 0.0) gap = std::fmin(gap, std::abs(ka - l));
    if (total != 0.0) gap = std::fmin(gap, l);
  }
  for (std::int64_t j = first; j < last; j += lanes) {
    const Vec tau = load_first(times + j, last - j, now) - now;
    const Vec ek = depot ? exp(-ka * tau) : Vec{};
    Vec sum{};
    if ((times[j] - now) * gap >= near_zero) {
      sum = depot ? madd(splat(of_ka), ek, splat(constant)) : splat(constant);
      for (int i = 0; i < N; ++i) sum = madd(splat(sum_of[i]), exp(-m.subject.rate[i] * tau), sum);
    } else {
      for (int i = 0; i < N; ++i) {
        const double l = m.subject.rate[i];
        const Vec e = exp(-l * tau);
        Vec z = e * x.z[i];
        if (total != 0.0) z = madd(splat(total), convolved(l, 0.0, tau, e, splat(1.0)), z);
        if (depot && supply != 0.0) z = madd(splat(supply), convolved(l, ka, tau, e, ek), z);
        sum = madd(splat(m.weight[i] * per_volume), z, sum);
      }
    }
    store_first(y + j, sum, last - j);
  }
}

// The same with derivatives, one observation after another.
template <int N>
void observe_sens(const Simulation& s, const Model<N>& m, const State<N>& x, double now, const double* times,
                  std::int64_t first, std::int64_t last, double* sens) {
  constexpr int dual = 2 * N;
  for (std::int64_t j = first; j < last; ++j) {
    State<N> at = x;
    m.subject.advance(at, times[j] - now, true);
    double sum = 0.0, by_ka = 0.0, by_fraction = 0.0, by_lag = 0.0, by[dual] = {};
    for (int i = 0; i < N; ++i) {
      sum += m.weight[i] * at.z[i];
      by_ka += m.weight[i] * at.by_ka[i];
      by_fraction += m.weight[i] * at.by_fraction[i];
      by_lag += m.weight[i] * at.by_lag[i];
      for (int k = 0; k < dual; ++k) {
        by[k] += m.weight_by[i].d[k] * at.z[i] + m.weight[i] * at.by_rate[i] * m.rate_by[i].d[k];
      }
    }
    by[1] -= sum / m.volume;
    double* row = sens + j * s.n_params;
    for (int k = 0; k < dual; ++k) *row++ = by[k] / m.volume;
    if (s.depot) *row++ = by_ka / m.volume;
    if (s.scaled) *row++ = by_fraction / m.volume, *row++ = by_lag / m.volume;
  }
}

template <int N>
void happen(const Simulation& s, const Model<N>& m, std::int64_t subject, const Happening& h, State<N>& x) {
  const Records& r = s.records;
  const std::int64_t k = h.record;
  const bool sens = s.sens != nullptr, depot = r.depot[k];
  const Given g = given(s, subject, k);
  switch (h.what) {
    case be_reset: x = State<N>{}; break;
    case be_steady: {
      if (r.steady[k] == 1) x = State<N>{};
      x += steady(m.subject, repeated_of(s, k, g), r.interval[k] - g.lag, g.per_lag, sens);
      break;
    }
    case begin_dose:
      if (r.rate[k] > 0.0) {
        m.subject.infusion(x, depot, r.rate[k], 0.0, g.per_lag);
      } else {
        m.subject.bolus(x, depot, g.amount, g.per_fraction, g.per_lag);
      }
      break;
    case end_infusion: m.subject.infusion(x, depot, -r.rate[k], g.per_fraction, g.per_lag); break;
  }
}

template <int N>
void simulate_subject(const Simulation& s, Happening* work, std::int64_t subject) {
  const Model<N> m(s, s.params + subject * s.n_params);
  const std::int64_t offset = s.observed[subject], n = s.observed[subject + 1] - offset;
  const double* times = s.times + (s.shared_times ? 0 : offset);
  const std::int64_t* row = s.observed_row == nullptr ? nullptr : s.observed_row + offset;
  double* y = s.y + offset;
  double* sens = s.sens == nullptr ? nullptr : s.sens + offset * s.n_params;
  const std::int64_t count = schedule(s, subject, work);
  State<N> x;
  // Nothing is there before the first event, from where no time runs backwards.
  double now = count > 0 ? work[0].time : 0.0;
  if (n > 0 && (count == 0 || times[0] < now)) now = times[0];
  std::int64_t seen = 0, ended = -1;
  const auto observe_until = [&](std::int64_t last) {
    if (sens != nullptr) observe_sens(s, m, x, now, times, seen, last, sens);
    s.depot ? observe<N, true>(m, x, now, times, seen, last, y) : observe<N, false>(m, x, now, times, seen, last, y);
    seen = last;
  };
  for (std::int64_t k = 0; k < count; ++k) {
    const Happening& h = work[k];
    if (s.records.row[h.record] < ended) continue;
    std::int64_t last = seen;
    while (last < n && (times[last] < h.time || (times[last] == h.time && (row == nullptr || row[last] < h.row)))) {
      ++last;
    }
    if (last > seen) observe_until(last);
    m.subject.advance(x, h.time - now, sens != nullptr);
    now = h.time;
    happen(s, m, subject, h, x);
    if (h.what == be_reset || (h.what == be_steady && s.records.steady[h.record] == 1)) {
      ended = s.records.row[h.record];
    }
  }
  if (seen < n) observe_until(n);
}

}  // namespace

void simulate_kernel(const Simulation& s, Happening* work, std::int64_t begin, std::int64_t end) noexcept {
  const auto run = s.compartments == 1   ? &simulate_subject<1>
                   : s.compartments == 2 ? &simulate_subject<2>
                                         : &simulate_subject<3>;
  for (std::int64_t i = begin; i < end; ++i) run(s, work, i);
}

}  // namespace marey::pk::MAREY_LEVEL
