// Ordinal patterns, words, and the slopes of fluctuation, length and range over scale.
#include "marey/entropy/entropy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace marey::entropy {

static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void fuzzy(Fuzzy& a) noexcept { MAREY_DISPATCH(fuzzy_kernel, a) }

double mean(const double* x, std::int64_t n) noexcept {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum / double(n);
}

double population_std(const double* x, std::int64_t n) noexcept {
  const double m = mean(x, n);
  double sum = 0, left = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += (x[i] - m) * (x[i] - m);
    left += x[i] - m;  // what the rounded mean is off by
  }
  return std::sqrt(std::max(0.0, sum - left * left / double(n)) / double(n));
}

// The slope of y over x by least squares.
static double slope(const double* x, const double* y, std::int64_t n) {
  const double mx = mean(x, n), my = mean(y, n);
  double xy = 0, xx = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
  }
  return xx > 0 ? xy / xx : nan;
}

double permutation(const double* x, std::int64_t n, int order, std::int64_t delay, bool normalize) {
  const std::int64_t patterns = n - (order - 1) * delay;
  if (patterns < 1) return nan;
  std::int64_t kinds = 1;
  for (int k = 2; k <= order; ++k) kinds *= k;
  std::vector<std::int64_t> counts(kinds);
  for (std::int64_t i = 0; i < patterns; ++i) {
    std::int64_t code = 0;  // in the factorial base: how many later values are smaller than each
    for (int a = 0; a < order - 1; ++a) {
      int smaller = 0;
      for (int b = a + 1; b < order; ++b) smaller += x[i + b * delay] < x[i + a * delay];
      code = code * (order - a) + smaller;
    }
    ++counts[code];
  }
  double entropy = 0;
  for (const std::int64_t count : counts) {
    if (count == 0) continue;
    const double p = double(count) / double(patterns);
    entropy -= p * std::log2(p);
  }
  return normalize ? entropy / std::log2(double(kinds)) : entropy;
}

namespace {
// A suffix automaton over two symbols: every substring of what was read is a path from the root.
struct State {
  std::int64_t length = 0, link = -1;
  std::array<std::int64_t, 2> next{-1, -1};
};
}  // namespace

static void extend(std::vector<State>& states, std::int64_t& last, int symbol) {
  const std::int64_t added = std::int64_t(states.size());
  states.push_back({states[last].length + 1, 0, {-1, -1}});
  std::int64_t p = last;
  for (; p >= 0 && states[p].next[symbol] < 0; p = states[p].link) states[p].next[symbol] = added;
  if (p >= 0) {
    const std::int64_t q = states[p].next[symbol];
    if (states[q].length == states[p].length + 1) {
      states[added].link = q;
    } else {
      const std::int64_t clone = std::int64_t(states.size());
      states.push_back({states[p].length + 1, states[q].link, states[q].next});
      for (; p >= 0 && states[p].next[symbol] == q; p = states[p].link) states[p].next[symbol] = clone;
      states[q].link = states[added].link = clone;
    }
  }
  last = added;
}

std::int64_t lempel_ziv_words(const std::uint8_t* symbols, std::int64_t n) {
  std::vector<State> states;
  states.reserve(2 * n + 1);
  states.push_back({});
  std::int64_t words = 0, last = 0, at = 0,
               length = 0;  // `at` holds the word so far in what came before its last symbol
  for (std::int64_t i = 0; i < n; ++i) {
    while (at > 0 && length <= states[states[at].link].length) at = states[at].link;  // the state may have been split
    const std::int64_t next = states[at].next[symbols[i]];
    if (next < 0) {
      ++words;
      at = length = 0;
    } else {
      at = next;
      ++length;
    }
    extend(states, last, symbols[i]);
  }
  return words + (length > 0);
}

double dfa(const double* x, std::int64_t n, const std::int64_t* scales, std::int64_t n_scales,
           std::int64_t min_segments, double* fluctuation) {
  std::vector<double> profile(n), log_scale, log_fluctuation;
  const double m = n > 0 ? mean(x, n) : 0;
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) profile[i] = sum += x[i] - m;
  for (std::int64_t k = 0; k < n_scales; ++k) {
    const std::int64_t scale = scales[k], segments = n / scale;
    fluctuation[k] = nan;
    if (segments < min_segments) continue;
    const double centre = double(scale - 1) / 2, spread = double(scale) * (double(scale) * double(scale) - 1) / 12;
    double squares = 0;
    for (std::int64_t s = 0; s < segments; ++s) {
      const double* y = profile.data() + s * scale;
      const double level = mean(y, scale);
      double tilt = 0;
      for (std::int64_t i = 0; i < scale; ++i) tilt += (double(i) - centre) * (y[i] - level);
      tilt /= spread;
      for (std::int64_t i = 0; i < scale; ++i) {
        const double left = y[i] - level - tilt * (double(i) - centre);
        squares += left * left;
      }
    }
    const double f = fluctuation[k] = std::sqrt(squares / double(segments * scale));
    if (!(f > 0)) continue;
    log_scale.push_back(std::log(double(scale)));
    log_fluctuation.push_back(std::log(f));
  }
  return log_scale.size() < 2 ? nan : slope(log_scale.data(), log_fluctuation.data(), std::int64_t(log_scale.size()));
}

double higuchi(const double* x, std::int64_t n, int k_max) {
  std::vector<double> log_inverse, log_length;
  for (std::int64_t k = 1; k <= k_max; ++k) {
    double lengths = 0;
    for (std::int64_t start = 0; start < k; ++start) {
      const std::int64_t steps = (n - 1 - start) / k;
      if (steps < 1) return nan;
      double length = 0;
      for (std::int64_t i = 1; i <= steps; ++i) length += std::abs(x[start + i * k] - x[start + (i - 1) * k]);
      lengths += length * double(n - 1) / (double(steps) * double(k) * double(k));
    }
    if (!(lengths > 0)) return nan;
    log_inverse.push_back(-std::log(double(k)));
    log_length.push_back(std::log(lengths / double(k)));
  }
  return slope(log_inverse.data(), log_length.data(), k_max);
}

double hurst(const double* x, std::int64_t n) {
  std::vector<double> log_size, log_ratio;
  for (std::int64_t size = n; size >= 8; size /= 2) {
    double ratios = 0;
    std::int64_t windows = 0;
    for (std::int64_t begin = 0; begin + size <= n; begin += size) {
      const double m = mean(x + begin, size), s = population_std(x + begin, size);
      if (!(s > 0)) continue;
      double walk = 0, low = 0, high = 0;
      for (std::int64_t i = 0; i < size; ++i) {
        walk += x[begin + i] - m;
        low = std::min(low, walk);
        high = std::max(high, walk);
      }
      ratios += (high - low) / s;
      ++windows;
    }
    if (windows == 0) continue;
    log_size.push_back(std::log(double(size)));
    log_ratio.push_back(std::log(ratios / double(windows)));
  }
  return log_size.size() < 2 ? nan : slope(log_size.data(), log_ratio.data(), std::int64_t(log_size.size()));
}

}  // namespace marey::entropy
