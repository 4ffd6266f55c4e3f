#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "marey/ecg/hrv.hpp"
#include "marey/entropy/entropy.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846, kRoot2 = 1.41421356237309504880;

int sign(double x) { return (x > 0) - (x < 0); }

// PIP, IALS, PSS, PAS of differences; an interval of a segment is one of its differences.
void fragmentation(const std::vector<double>& d, double* out) {
  const std::size_t n = d.size();
  double turns = 0, segments = 0, in_segments = 0, in_long = 0, in_alternations = 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i + 1;
    while (end < n && sign(d[end]) == sign(d[i])) ++end;
    turns += end < n;
    if (d[i] != 0) {
      const auto length = static_cast<double>(end - i);
      segments += 1;
      in_segments += length;
      if (length >= 3) in_long += length;
    }
    i = end;
  }
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i + 1;
    while (end < n && sign(d[end]) * sign(d[end - 1]) < 0) ++end;
    if (end - i >= 4) in_alternations += static_cast<double>(end - i);
    i = end;
  }
  const auto all = static_cast<double>(n);
  out[0] = turns / (all + 1);
  out[1] = segments > 0 ? segments / in_segments : nan;
  out[2] = (all - in_long) / all;
  out[3] = in_alternations / all;
}

}  // namespace

void hrv_poincare(const Intervals& a, double* out) {
  std::fill_n(out, 27, nan);
  std::vector<double> x, y, d;
  for (int64_t i = 0; i + 1 < a.n; ++i) {
    if (!successive(a, i)) continue;
    x.push_back(a.rr[i]);
    y.push_back(a.rr[i + 1]);
    d.push_back(y.back() - x.back());
  }
  const auto n = static_cast<int64_t>(x.size());
  if (n < 2) return;
  std::vector<double> sums;
  for (int64_t i = 0; i < n; ++i) sums.push_back(x[i] + y[i]);
  const double sd1 = sample_std(d.data(), n) / kRoot2, sd2 = sample_std(sums.data(), n) / kRoot2;
  const double poincare[] = {
      sd1, sd2, sd1 / sd2, kPi * sd1 * sd2, sd2 / sd1, std::log10(16 * sd1 * sd2), 4 * sd2 * sd2 / sd1};
  std::copy(std::begin(poincare), std::end(poincare), out);
  fragmentation(d, out + 7);

  // Points above the line of identity are decelerations, those below accelerations.
  const double centre = entropy::mean(sums.data(), n);
  double far[2] = {}, angle[2] = {}, area[2] = {}, across[2] = {}, along[3] = {}, count[2] = {};
  for (int64_t i = 0; i < n; ++i) {
    const double off = sums[i] - centre;
    if (d[i] == 0) {
      along[2] += off * off / 2;
      continue;
    }
    const int down = d[i] < 0;
    const double theta = std::fabs(kPi / 4 - std::atan(y[i] / x[i]));
    count[down] += 1;
    far[down] += std::fabs(d[i]);
    angle[down] += theta;
    area[down] += theta * (x[i] * x[i] + y[i] * y[i]);
    across[down] += d[i] * d[i] / 2;
    along[down] += off * off / 2;
  }
  if (!(count[0] + count[1] > 0)) return;
  const auto share = [](const double* of) { return 100 * of[0] / (of[0] + of[1]); };
  const double m = static_cast<double>(n - 1);
  const double short_d = across[0] / m, short_a = across[1] / m;
  const double long_d = (along[0] + along[2] / 2) / m, long_a = (along[1] + along[2] / 2) / m;
  const double all_d = (short_d + long_d) / 2, all_a = (short_a + long_a) / 2;
  const double asymmetry[] = {share(far),
                              share(angle),
                              share(area),
                              100 * count[1] / (count[0] + count[1]),
                              short_d / (short_d + short_a),
                              short_a / (short_d + short_a),
                              std::sqrt(short_d),
                              std::sqrt(short_a),
                              long_d / (long_d + long_a),
                              long_a / (long_d + long_a),
                              std::sqrt(long_d),
                              std::sqrt(long_a),
                              all_d / (all_d + all_a),
                              all_a / (all_d + all_a),
                              std::sqrt(all_d),
                              std::sqrt(all_a)};
  std::copy(std::begin(asymmetry), std::end(asymmetry), out + 11);
}

}  // namespace marey::ecg
