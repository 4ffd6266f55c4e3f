#include "marey/survival/cox_partial_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/survival/order.hpp"

namespace marey::survival {

namespace {

using std::int64_t;

struct Tick {
  int64_t begin, end;
  double shift, all, own;  // exposure of those at risk and of the events, times exp(shift)
};

// Back in time every risk at risk is at most `shift`, the largest so far; forward it falls again. So no exponential
// overflows, and none is lost beside one that has left.
template <typename T>
double one_stratum(const CoxPartialLikelihood<T>& a, const std::vector<double>& time, const std::vector<int64_t>& index,
                   int64_t begin, int64_t end, std::vector<Tick>& ticks) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  ticks.clear();
  double loglik = 0, S0 = 0, shift = -inf;
  for (int64_t last = end, first; last > begin; last = first) {
    double largest = shift;
    for (first = last; first > begin && time[index[first - 1]] == time[index[last - 1]]; --first) {
      largest = std::max(largest, double(a.risk[index[first - 1]]));
    }
    if (largest > shift) {
      S0 *= shift == -inf ? 0.0 : std::exp(shift - largest);
      shift = largest;
    }
    double E0 = 0;
    int64_t d = 0;
    for (int64_t i = first; i < last; ++i) {
      const int64_t row = index[i];
      const double risk = double(a.risk[row]) - shift, r = std::exp(risk);
      S0 += r;
      if (!a.event[row]) continue;
      ++d;
      E0 += r;
      loglik += risk;
    }
    if (d == 0) continue;
    Tick tick{first, last, shift, 0, 0};
    for (int64_t k = 0; k < d; ++k) {
      const double f = a.efron ? double(k) / double(d) : 0.0, phi = S0 - f * E0;
      loglik -= std::log(phi);
      tick.all += 1 / phi;
      tick.own += (1 - f) / phi;
    }
    ticks.push_back(tick);
  }
  double hazard = 0;
  int64_t i = begin;
  const auto leave = [&](double all, double own) {
    const int64_t row = index[i];
    const double exposure = hazard + (a.event[row] ? own : all);
    const double expected = exposure == 0 ? 0.0 : std::exp(double(a.risk[row]) - shift) * exposure;
    a.gradient[row] = T((a.event[row] ? 1.0 : 0.0) - expected);
  };
  for (auto tick = ticks.rbegin(); tick != ticks.rend(); ++tick) {
    for (; i < tick->begin; ++i) leave(0.0, 0.0);
    if (tick->shift < shift) hazard *= std::exp(tick->shift - shift);
    shift = tick->shift;
    for (; i < tick->end; ++i) leave(tick->all, tick->own);
    hazard += tick->all;
  }
  for (; i < end; ++i) leave(0.0, 0.0);
  return loglik;
}

}  // namespace

template <typename T>
int64_t cox_partial_likelihood(const CoxPartialLikelihood<T>& a) {
  const T* not_a_number = std::find_if(a.time, a.time + a.n, [](T t) { return t != t; });
  if (not_a_number != a.time + a.n) return not_a_number - a.time;
  if (std::any_of(a.risk, a.risk + a.n, [](T r) { return r != r; })) {
    *a.loglik = std::numeric_limits<T>::quiet_NaN();
    std::fill_n(a.gradient, a.n, std::numeric_limits<T>::quiet_NaN());
    return -1;
  }
  const std::vector<double> time(a.time, a.time + a.n);
  std::vector<int64_t> index = sort_rows(time.data(), a.n, {}).index;
  const auto stratum = [&](int64_t row) { return a.strata ? a.strata[row] : 0; };
  if (a.strata) {
    std::stable_sort(index.begin(), index.end(), [&](int64_t x, int64_t y) { return stratum(x) < stratum(y); });
  }
  std::vector<Tick> ticks;
  double loglik = 0;
  for (int64_t begin = 0, end; begin < a.n; begin = end) {
    for (end = begin + 1; end < a.n && stratum(index[end]) == stratum(index[begin]);) ++end;
    loglik += one_stratum(a, time, index, begin, end, ticks);
  }
  *a.loglik = T(loglik);
  return -1;
}

template int64_t cox_partial_likelihood(const CoxPartialLikelihood<float>&);
template int64_t cox_partial_likelihood(const CoxPartialLikelihood<double>&);

}  // namespace marey::survival
