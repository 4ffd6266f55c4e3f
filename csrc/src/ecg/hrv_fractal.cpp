#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/ecg/hrv.hpp"
#include "marey/entropy/entropy.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int kMostQ = 5, kOrders = 2 * kMostQ + 1;  // q = -5 .. 5
constexpr double kLeastVariance = 1e-8;              // ms^2; less is rounding of a straight line
constexpr int kMeasures = 9;

using Orders = std::array<double, kOrders>;

// Fluctuation of each order q at one scale: windows overlap by half and lose their straight line.
Orders fluctuation(const std::vector<double>& profile, int64_t scale) {
  const auto n = static_cast<int64_t>(profile.size());
  const auto width = static_cast<double>(scale);
  const double centre = (width - 1) / 2, spread = width * (width * width - 1) / 12;
  Orders sums{};
  double used = 0;
  for (int64_t at = 0; at < n - scale; at += scale / 2) {
    const double* y = profile.data() + at;
    double level = 0, tilt = 0, squares = 0;
    for (int64_t i = 0; i < scale; ++i) {
      level += y[i];
      tilt += (static_cast<double>(i) - centre) * y[i];
    }
    level /= width;
    tilt /= spread;
    for (int64_t i = 0; i < scale; ++i) {
      const double left = y[i] - level - tilt * (static_cast<double>(i) - centre);
      squares += left * left;
    }
    const double variance = squares / width;
    if (!(variance > kLeastVariance)) continue;
    const double deviation = std::sqrt(variance);
    double power = 1;
    for (int q = 1; q <= kMostQ; ++q) {
      power *= deviation;
      sums[static_cast<std::size_t>(kMostQ + q)] += power;
      sums[static_cast<std::size_t>(kMostQ - q)] += 1 / power;
    }
    sums[kMostQ] += std::log(deviation);
    used += 1;
  }
  Orders out;
  for (int k = 0; k < kOrders; ++k) {
    const double mean = sums[static_cast<std::size_t>(k)] / used;                           // of nothing: NaN
    out[static_cast<std::size_t>(k)] = k == kMostQ ? mean : std::log(mean) / (k - kMostQ);  // the logarithm
  }
  return out;
}

Orders gradient(const Orders& x) {
  Orders out;
  out[0] = x[1] - x[0];
  out[kOrders - 1] = x[kOrders - 1] - x[kOrders - 2];
  for (std::size_t k = 1; k + 1 < kOrders; ++k) out[k] = (x[k + 1] - x[k - 1]) / 2;
  return out;
}

// alpha, then the shape of the singularity spectrum (h, D), which is the Legendre transform of tau(q) = q H(q) - 1.
void scaling(const std::vector<double>& profile, int64_t least, int64_t most, double* out) {
  if (most < least + 1 || most >= static_cast<int64_t>(profile.size())) return;
  std::vector<double> log_scales;
  std::vector<Orders> logs;
  for (int64_t scale = least; scale <= most; ++scale) {
    log_scales.push_back(std::log(static_cast<double>(scale)));
    logs.push_back(fluctuation(profile, scale));
  }
  Orders slopes, tau, D;
  std::vector<double> column(logs.size());
  for (std::size_t k = 0; k < kOrders; ++k) {
    for (std::size_t i = 0; i < logs.size(); ++i) column[i] = logs[i][k];
    slopes[k] = slope(log_scales.data(), column.data(), static_cast<int64_t>(column.size()));
    tau[k] = (static_cast<double>(k) - kMostQ) * slopes[k] - 1;
  }
  out[0] = slopes[kMostQ + 2];
  const Orders h = gradient(tau), steps = gradient(slopes), bends = gradient(steps);
  for (std::size_t k = 0; k < kOrders; ++k) {
    if (!std::isfinite(h[k])) return;
    D[k] = (static_cast<double>(k) - kMostQ) * h[k] - tau[k];
  }
  const auto place = [](const Orders& of, auto found) { return static_cast<std::size_t>(found - of.begin()); };
  const std::size_t high = place(h, std::max_element(h.begin(), h.end()));
  const std::size_t low = place(h, std::min_element(h.begin(), h.end()));
  const std::size_t peak = place(D, std::max_element(D.begin(), D.end()));
  out[1] = h[high] - h[low];
  out[2] = h[peak];
  out[3] = (h[high] + h[low]) / 2;
  out[4] = D[high];
  out[5] = D[high] - D[low];
  out[6] = (h[low] - h[peak]) / out[1];
  out[7] = out[8] = 0;
  for (std::size_t k = 0; k < kOrders; ++k) {
    out[7] += bends[k] * bends[k] / (2 * kMostQ + 2);
    out[8] += steps[k] * steps[k];
  }
}

}  // namespace

void hrv_fractal(const Intervals& a, double* out) {
  std::fill_n(out, 2 * kMeasures, nan);
  if (a.n < 12) return;
  std::vector<double> profile;
  const double mean = entropy::mean(a.rr, a.n);
  double sum = 0;
  for (int64_t i = 0; i < a.n; ++i) profile.push_back(sum += a.rr[i] - mean);
  scaling(profile, 4, 11, out);
  scaling(profile, 12, (a.n + 1) / 10, out + kMeasures);
}

}  // namespace marey::ecg
