#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "marey/ecg/hrv.hpp"
#include "marey/entropy/entropy.hpp"
#include "marey/entropy/matches.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
constexpr int kM = 2;          // values of a template
constexpr int64_t kFew = 96;   // values under which comparing all pairs costs less than sorting
constexpr int kRadii = 64;     // of the correlation sum
constexpr int kKeyShift = 45;  // bits of a double's mantissa that the table of radii leaves out

void distances(const double* x, int64_t i, int64_t n, double* squared) {
  MAREY_DISPATCH(squared_distances, x, i, n, squared)
}

struct Room {
  entropy::MatchRoom<std::uint16_t> narrow;
  entropy::MatchRoom<std::uint32_t> wide;
};

void count(const double* x, int64_t n, double tolerance, int64_t counts[2], Room& room) {
  if (n > kFew) return entropy::sample_counts(x, n, kM, tolerance, counts, room.narrow, room.wide);
  counts[0] = counts[1] = 0;
  for (int64_t i = 0; i + kM < n; ++i) {
    int64_t two = 0, three = 0;
    for (int64_t j = i + 1; j + kM < n; ++j) {
      const int near = (std::fabs(x[i] - x[j]) <= tolerance) & (std::fabs(x[i + 1] - x[j + 1]) <= tolerance);
      two += near;
      three += near & (std::fabs(x[i + 2] - x[j + 2]) <= tolerance);
    }
    counts[0] += two;
    counts[1] += three;
  }
}

double sample_entropy(const double counts[2]) {
  if (counts[0] == 0) return nan;
  return counts[1] == 0 ? infinity : -std::log(counts[1] / counts[0]);
}

// Of the values over all scales: the area under the finite ones over their number.
double area(const std::vector<double>& values) {
  double sum = 0, before = nan, n = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    if (n > 0) sum += (v + before) / 2;
    before = v;
    n += 1;
  }
  return n > 0 ? sum / n : nan;
}

// MSEn, CMSEn and RCMSEn. Scale s has s coarse series, of the means of s values from each of the first s places on.
void multiscale(const double* x, int64_t n, double tolerance, Room& room, double* out) {
  std::vector<double> first, mean, pooled, coarse;
  for (int64_t scale = 1; scale < n / (kM + 10); ++scale) {
    double sum = 0, finite = 0, all[2] = {};
    for (int64_t start = 0; start < scale; ++start) {
      coarse.clear();
      for (int64_t i = start; i + scale <= n; i += scale) {
        double total = 0;
        for (int64_t k = 0; k < scale; ++k) total += x[i + k];
        coarse.push_back(total / static_cast<double>(scale));
      }
      int64_t counts[2];
      count(coarse.data(), static_cast<int64_t>(coarse.size()), tolerance, counts, room);
      const double found[2] = {static_cast<double>(counts[0]), static_cast<double>(counts[1])};
      all[0] += found[0];
      all[1] += found[1];
      const double entropy = sample_entropy(found);
      if (start == 0) first.push_back(entropy);
      if (std::isfinite(entropy)) sum += entropy, finite += 1;
    }
    mean.push_back(finite > 0 ? sum / finite : nan);
    pooled.push_back(sample_entropy(all));
  }
  out[0] = area(first);
  out[1] = area(mean);
  out[2] = area(pooled);
}

// The slope of the correlation sum of pairs of intervals, at radii from 2.5 % to half of the largest distance.
double correlation_dimension(const double* rr, int64_t n) {
  const int64_t points = n - 1;
  if (points < 2) return nan;
  std::vector<double> x(rr, rr + n), squared(static_cast<std::size_t>(n + 8));
  x.resize(static_cast<std::size_t>(n + 9));
  double largest = 0;
  for (int64_t i = 0; i + 1 < points; ++i) {
    distances(x.data(), i, points, squared.data());
    for (int64_t k = 0; k < points - 1 - i; ++k) largest = std::max(largest, squared[static_cast<std::size_t>(k)]);
  }
  if (!(largest > 0)) return nan;
  double radii[kRadii], limits[kRadii];
  for (int k = 0; k < kRadii; ++k) {
    radii[k] = std::sqrt(largest) * 0.025 * std::pow(20.0, static_cast<double>(k) / (kRadii - 1));
    limits[k] = radii[k] * radii[k];
  }
  // The upper bits of a positive double grow with it: they tell the first radius to try.
  const auto key = [](double value) {
    std::int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits >> kKeyShift;
  };
  const int64_t lowest = key(limits[0]), highest = key(limits[kRadii - 1]);
  std::vector<int> table;
  for (int64_t k = lowest; k <= highest; ++k) {
    const std::int64_t bits = k << kKeyShift;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    table.push_back(static_cast<int>(std::upper_bound(limits, limits + kRadii, value) - limits));
  }
  int64_t counts[kRadii + 1] = {};
  for (int64_t i = 0; i + 1 < points; ++i) {
    distances(x.data(), i, points, squared.data());
    for (int64_t k = 0; k < points - 1 - i; ++k) {
      const double d = squared[static_cast<std::size_t>(k)];
      int radius = table[static_cast<std::size_t>(std::clamp(key(d), lowest, highest) - lowest)];
      while (radius > 0 && d < limits[radius - 1]) --radius;
      while (radius < kRadii && d >= limits[radius]) ++radius;
      ++counts[radius];
    }
  }
  std::vector<double> log_radii, log_sums;
  const double pairs = static_cast<double>(points) * static_cast<double>(points - 1) / 2;
  int64_t within = 0;
  for (int k = 0; k < kRadii; ++k) {
    within += counts[k];
    if (within == 0) continue;
    log_radii.push_back(std::log(radii[k]));
    log_sums.push_back(std::log(static_cast<double>(within) / pairs));
  }
  return slope(log_radii.data(), log_sums.data(), static_cast<int64_t>(log_radii.size()));
}

double katz(const double* x, int64_t n) {
  double length = 0, reach = 0;
  for (int64_t i = 1; i < n; ++i) {
    length += std::fabs(x[i] - x[i - 1]);
    reach = std::max(reach, std::fabs(x[i] - x[0]));
  }
  const double step = length / static_cast<double>(n - 1);
  return reach > 0 ? std::log(static_cast<double>(n - 1)) / std::log(reach / step) : nan;
}

// The share of each kind of three symbols in a row: no, one, two like and two unlike variations.
void symbols(const double* x, const std::vector<double>& sorted, int64_t n, double* out) {
  double quartiles[3];
  for (int q = 0; q < 3; ++q) {
    const double at = 0.25 * (q + 1) * static_cast<double>(n - 1);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    quartiles[q] = sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
  }
  const auto symbol = [&](double v) { return (v >= quartiles[0]) + (v >= quartiles[1]) + (v >= quartiles[2]); };
  double kinds[4] = {};
  for (int64_t i = 0; i + 2 < n; ++i) {
    const int a = symbol(x[i]), b = symbol(x[i + 1]), c = symbol(x[i + 2]);
    const int changes = (a != b) + (b != c);
    ++kinds[changes == 2 ? ((b > a) == (c > b) ? 2 : 3) : changes];
  }
  for (int k = 0; k < 4; ++k) out[k] = kinds[k] / static_cast<double>(n - 2);
}

}  // namespace

void hrv_complexity(const Intervals& a, double* out) {
  std::fill_n(out, 15, nan);
  const int64_t n = a.n;
  if (n < kM + 2) return;
  const double tolerance = 0.2 * sample_std(a.rr, n);
  std::vector<double> sorted(a.rr, a.rr + n);
  std::sort(sorted.begin(), sorted.end());
  if (!(sorted.back() > sorted.front())) return;
  Room room;
  double phi[2];
  entropy::approximate_phi(a.rr, n, kM, tolerance, phi, room.narrow, room.wide);
  out[0] = std::fabs(phi[0] - phi[1]);
  int64_t counts[2];
  count(a.rr, n, tolerance, counts, room);
  const double found[2] = {static_cast<double>(counts[0]), static_cast<double>(counts[1])};
  out[1] = sample_entropy(found);
  out[2] = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    const double share = static_cast<double>(end - i) / static_cast<double>(n);
    out[2] -= share * std::log2(share);
    i = end;
  }
  std::vector<double> templates(static_cast<std::size_t>((2 * kM + 1) * (n - kM + 8)));
  entropy::Fuzzy fuzzy{a.rr, n, kM, 1, tolerance, templates.data(), {}};
  entropy::fuzzy(fuzzy);
  out[3] = std::log(fuzzy.sums[0]) - std::log(fuzzy.sums[1]);
  multiscale(a.rr, n, tolerance, room, out + 4);
  out[7] = correlation_dimension(a.rr, n);
  out[8] = entropy::higuchi(a.rr, n, 10);
  out[9] = katz(a.rr, n);
  const double mean = entropy::mean(a.rr, n);
  std::vector<std::uint8_t> above;
  for (int64_t i = 0; i < n; ++i) above.push_back(a.rr[i] > mean);
  out[10] = static_cast<double>(entropy::lempel_ziv_words(above.data(), n)) * std::log2(static_cast<double>(n)) /
            static_cast<double>(n);
  symbols(a.rr, sorted, n, out + 11);
}

void hrv_nonlinear(const Intervals& a, double* out) {
  hrv_poincare(a, out);
  hrv_fractal(a, out + 27);
  hrv_complexity(a, out + 45);
}

}  // namespace marey::ecg
