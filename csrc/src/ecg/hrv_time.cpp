#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/ecg/hrv.hpp"
#include "marey/entropy/entropy.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double kBin = 1000.0 / 128;            // ms, of the histogram (Task Force)
constexpr double kTolerance = 10;                // ms by which the times may miss an interval
constexpr double kMadScale = 1.482602218505602;  // a normal distribution's standard deviation over its MAD
constexpr int64_t kMostBins = 1 << 20;

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const double share = at - static_cast<double>(low);
  return sorted[low] + share * (sorted[high] - sorted[low]);
}

// SD of the segments' means and mean of the segments' SDs; of at least three segments.
void segments(const Intervals& a, double minutes, double& sdann, double& sdnni) {
  sdann = sdnni = nan;
  const double width = 60 * minutes, begin = a.t[0] - a.rr[0] / 1000;
  const double count = std::nearbyint((a.t[a.n - 1] - begin) / width);
  if (!(count >= 3)) return;
  std::vector<double> means, deviations;
  int64_t i = 0;
  // A long gap has empty segments; only those with intervals are visited.
  while (i < a.n) {
    const double segment = std::floor((a.t[i] - begin) / width);
    if (segment >= count) break;
    int64_t end = i;
    while (end < a.n && std::floor((a.t[end] - begin) / width) == segment) ++end;
    means.push_back(entropy::mean(a.rr + i, end - i));
    if (end - i > 1) deviations.push_back(sample_std(a.rr + i, end - i));
    i = end;
  }
  sdann = sample_std(means.data(), static_cast<int64_t>(means.size()));
  if (!deviations.empty()) sdnni = entropy::mean(deviations.data(), static_cast<int64_t>(deviations.size()));
}

// The triangle from (N, 0) over the mode to (M, 0) with the least squared error: either side has its own best.
double side(const std::vector<double>& bars, int64_t mode, int64_t foot) {
  const int64_t step = foot < mode ? 1 : -1;
  double error = 0;
  for (int64_t k = foot; k != mode; k += step) {
    const double line =
        bars[static_cast<std::size_t>(mode)] * static_cast<double>(k - foot) / static_cast<double>(mode - foot);
    error += (bars[static_cast<std::size_t>(k)] - line) * (bars[static_cast<std::size_t>(k)] - line);
  }
  return error;
}

void histogram(const std::vector<double>& sorted, double& hti, double& tinn) {
  hti = tinn = nan;
  const double top = sorted.back(), low = sorted.front();
  if (!(low >= 0) || top / kBin > static_cast<double>(kMostBins)) return;
  const auto n_bins = static_cast<int64_t>(std::ceil((top + kBin) / kBin)) - 1;
  std::vector<double> bars(static_cast<std::size_t>(n_bins + 2));  // an empty one on either side: feet may stand there
  for (const double x : sorted) {
    auto k = static_cast<int64_t>(x / kBin);
    if (static_cast<double>(k) * kBin > x) --k;
    bars[static_cast<std::size_t>(std::min(k, n_bins - 1) + 1)] += 1;
  }
  const auto mode = static_cast<int64_t>(std::max_element(bars.begin(), bars.end()) - bars.begin());
  hti = static_cast<double>(sorted.size()) / bars[static_cast<std::size_t>(mode)];
  const auto best_foot = [&](int64_t from) {
    double least = std::numeric_limits<double>::infinity(), outside = 0, best = nan;
    for (int64_t foot = from; foot != mode; foot += from < mode ? 1 : -1) {
      const double error = outside + side(bars, mode, foot), bar = bars[static_cast<std::size_t>(foot)];
      if (error < least) least = error, best = static_cast<double>(foot);
      outside += bar * bar;
    }
    return best;
  };
  const double right_foot = best_foot(n_bins + 1), left_foot = best_foot(static_cast<int64_t>(low / kBin));
  tinn = (right_foot - left_foot) * kBin;
}

}  // namespace

bool successive(const Intervals& a, int64_t i) {
  return std::fabs((a.t[i + 1] - a.t[i]) * 1000 - a.rr[i + 1]) <= kTolerance;
}

double sample_std(const double* x, int64_t n) {
  if (n < 2) return nan;
  return entropy::population_std(x, n) * std::sqrt(static_cast<double>(n) / static_cast<double>(n - 1));
}

double slope(const double* x, const double* y, int64_t n) {
  const double mx = entropy::mean(x, n), my = entropy::mean(y, n);
  double xy = 0, xx = 0;
  for (int64_t i = 0; i < n; ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
  }
  return n >= 2 && xx > 0 ? xy / xx : nan;
}

void hrv_time(const Intervals& a, double* out) {
  std::fill_n(out, std::size(kTimeNames), nan);
  if (a.n < 2) return;
  std::vector<double> sorted(a.rr, a.rr + a.n), differences, deviations;
  std::sort(sorted.begin(), sorted.end());
  double squares = 0, over50 = 0, over20 = 0;
  for (int64_t i = 0; i + 1 < a.n; ++i) {
    if (!successive(a, i)) continue;
    const double d = a.rr[i + 1] - a.rr[i];
    differences.push_back(d);
    squares += d * d;
    over50 += std::fabs(d) > 50;
    over20 += std::fabs(d) > 20;
  }
  const auto n_differences = static_cast<double>(differences.size());
  double* p = out;
  const double mean = *p++ = entropy::mean(a.rr, a.n);
  const double sdnn = *p++ = sample_std(a.rr, a.n);
  for (const double minutes : {1.0, 2.0, 5.0}) {
    segments(a, minutes, p[0], p[1]);
    p += 2;
  }
  const double rmssd = *p++ = n_differences > 0 ? std::sqrt(squares / n_differences) : nan;
  *p++ = sample_std(differences.data(), static_cast<int64_t>(differences.size()));
  *p++ = sdnn / mean;
  *p++ = rmssd / mean;
  const double median = *p++ = quantile(sorted, 0.5);
  for (const double x : sorted) deviations.push_back(std::fabs(x - median));
  std::sort(deviations.begin(), deviations.end());
  const double mad = *p++ = kMadScale * quantile(deviations, 0.5);
  *p++ = mad / median;
  *p++ = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  *p++ = rmssd > 0 ? sdnn / rmssd : nan;
  *p++ = quantile(sorted, 0.2);
  *p++ = quantile(sorted, 0.8);
  *p++ = 100 * over50 / (n_differences + 1);
  *p++ = 100 * over20 / (n_differences + 1);
  *p++ = sorted.front();
  *p++ = sorted.back();
  histogram(sorted, p[0], p[1]);
}

}  // namespace marey::ecg
