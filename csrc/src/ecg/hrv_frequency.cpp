#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/ecg/hrv.hpp"
#include "marey/spectral/lomb_scargle.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double kEdges[] = {0, 0.0033, 0.04, 0.15, 0.4, 0.5};  // Hz: ULF, VLF, LF, HF, VHF (Task Force)
constexpr int kBands = 5;

}  // namespace

// The normalized power P of a wave explains half the sum of squares times P; over the frequencies 1 / T apart that
// makes 2 T variance P / 2 a Hz, so that a wave of amplitude A has A^2 / 2 in all.
void hrv_frequency(const Intervals& a, double oversampling, double* out) {
  std::fill_n(out, std::size(kFrequencyNames), nan);
  if (a.n < 3) return;
  const double length = a.t[a.n - 1] - a.t[0], spacing = 1 / (oversampling * length);
  const double last = std::floor(kEdges[kBands] / spacing), first = std::nearbyint(oversampling);
  if (!(length > 0) || !(last >= first)) return;
  std::vector<double> freqs;
  for (double k = first; k <= last; ++k) freqs.push_back(k * spacing);
  std::vector<double> power(freqs.size());
  const int64_t offsets[] = {0, a.n};
  double variance, total;
  const spectral::LombScargle problem{
      1,    offsets, a.t,          a.rr,      nullptr, static_cast<int64_t>(freqs.size()), freqs.data(), spacing, true,
      true, false,   power.data(), &variance, &total};
  spectral::lomb_scargle_range(problem, 0, 1);
  if (!(variance > 0)) return;
  double counts[kBands] = {}, sums[kBands] = {}, all = 0;
  for (std::size_t i = 0; i < freqs.size(); ++i) {
    for (int band = 0; band < kBands; ++band) {
      if (freqs[i] < kEdges[band] || freqs[i] >= kEdges[band + 1]) continue;
      counts[band] += 1;
      sums[band] += power[i];
    }
  }
  for (int band = 0; band < kBands; ++band) {
    if (counts[band] == 0) continue;
    out[band] = sums[band] * spacing * length * variance;
    all += out[band];
  }
  out[5] = all;
  out[6] = out[2] / out[3];
  out[7] = out[2] / all;
  out[8] = out[3] / all;
  out[9] = std::log(out[3]);
}

}  // namespace marey::ecg
