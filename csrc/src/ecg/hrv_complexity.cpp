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
constexpr int kM = 2;         // values of a template
constexpr int64_t kFew = 96;  // values up to which comparing all pairs costs less than sorting
constexpr int kRadii = 64;    // of the correlation sum

void distances(const double* x, int64_t i, int64_t n, double* squared) {
  MAREY_DISPATCH(squared_distances, x, i, n, squared)
}
double largest(const double* x, int64_t n) { MAREY_DISPATCH(largest_squared_distance, x, n) }
void count_few(const double* x, int64_t n, double tolerance, int64_t counts[2]) {
  MAREY_DISPATCH(count_all_pairs, x, n, tolerance, counts)
}

struct Room {
  entropy::MatchRoom<std::uint16_t> narrow;
  entropy::MatchRoom<std::uint32_t> wide;
};

// x has room for kPadding values behind its n.
void count(double* x, int64_t n, double tolerance, int64_t counts[2], Room& room) {
  if (n > kFew) return entropy::sample_counts(x, n, kM, tolerance, counts, room.narrow, room.wide);
  std::fill_n(x + n, kPadding, nan);
  count_few(x, n, tolerance, counts);
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
  std::vector<double> first, mean, pooled, totals(static_cast<std::size_t>(n)), coarse(totals.size() + kPadding);
  for (int64_t scale = 1; scale < n / (kM + 10); ++scale) {
    const auto width = static_cast<double>(scale);
    for (int64_t i = 0; i + scale <= n; ++i) totals[static_cast<std::size_t>(i)] += x[i + scale - 1];
    double sum = 0, finite = 0, all[2] = {};
    for (int64_t start = 0; start < scale; ++start) {
      int64_t length = 0;
      for (int64_t i = start; i + scale <= n; i += scale) {
        coarse[static_cast<std::size_t>(length++)] = totals[static_cast<std::size_t>(i)] / width;
      }
      int64_t counts[2];
      count(coarse.data(), length, tolerance, counts, room);
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

// How many of the limits each value reaches. The upper bits of a positive double grow with it: cells of values that
// share them are narrower than the limits lie apart, so that a cell's first count is one off at most.
class Levels {
 public:
  explicit Levels(const double (&limits)[kRadii]) : lowest_(key(limits[0])), highest_(key(limits[kRadii - 1])) {
    int reached = 0;
    for (int64_t k = lowest_; k <= highest_; ++k) {
      const bool inside = reached < kRadii && key(limits[reached]) == k;
      cells_.push_back({inside ? limits[reached] : infinity, reached});
      reached += inside;
    }
  }

  int of(double value) const {
    const Cell& cell = cells_[static_cast<std::size_t>(std::clamp(key(value), lowest_, highest_) - lowest_)];
    return cell.reached + (value >= cell.limit);
  }

 private:
  struct Cell {
    double limit;  // the one that lies in the cell, or infinity
    int reached;   // limits below it
  };

  static int64_t key(double value) {
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits >> 45;  // the exponent and seven bits: less than 0.8 % apart, where limits are 9.9 %
  }

  int64_t lowest_, highest_;
  std::vector<Cell> cells_;
};

// The slope of the correlation sum of pairs of intervals, at radii from 2.5 % to half of the largest distance.
double correlation_dimension(const double* rr, int64_t n) {
  const int64_t points = n - 1;
  if (points < 2) return nan;
  std::vector<double> x(rr, rr + n), squared(static_cast<std::size_t>(n + kPadding));
  x.resize(static_cast<std::size_t>(n + kPadding), nan);
  const double widest = largest(x.data(), points);
  if (!(widest > 0)) return nan;
  double radii[kRadii], limits[kRadii];
  for (int k = 0; k < kRadii; ++k) {
    radii[k] = std::sqrt(widest) * 0.025 * std::pow(20.0, static_cast<double>(k) / (kRadii - 1));
    limits[k] = radii[k] * radii[k];
  }
  const Levels levels(limits);
  int64_t counts[4][kRadii + 1] = {};  // four tables: neighbours would wait for each other's increment
  for (int64_t i = 0; i + 1 < points; ++i) {
    distances(x.data(), i, points, squared.data());
    for (int64_t k = 0; k < points - 1 - i; ++k) ++counts[k & 3][levels.of(squared[static_cast<std::size_t>(k)])];
  }
  std::vector<double> log_radii, log_sums;
  const double pairs = static_cast<double>(points) * static_cast<double>(points - 1) / 2;
  int64_t within = 0;
  for (int k = 0; k < kRadii; ++k) {
    for (const auto& table : counts) within += table[k];
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
  std::vector<double> x(a.rr, a.rr + n);
  x.resize(static_cast<std::size_t>(n + kPadding));
  int64_t counts[2];
  count(x.data(), n, tolerance, counts, room);
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
