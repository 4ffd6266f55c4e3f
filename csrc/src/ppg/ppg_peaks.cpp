#include "marey/ppg/ppg_peaks.hpp"

#include <algorithm>
#include <cmath>

namespace marey::ppg {

namespace {

using std::int64_t;

constexpr double kPeakS = 0.111, kBeatS = 0.667, kOffset = 0.02, kRefractoryS = 0.3;

// Mean of x over as many samples on either side as there are, `half` at most.
class Around {
 public:
  Around(const std::vector<double>& x, int64_t half) : x_(x), half_(half), n_(static_cast<int64_t>(x.size())) {
    for (int64_t i = 0; i < std::min(half, n_); ++i) sum_ += at(i);
  }
  double next() {  // for i = 0, 1, ...
    if (i_ + half_ < n_) sum_ += at(i_ + half_);
    if (i_ - half_ - 1 >= 0) sum_ -= at(i_ - half_ - 1);
    const int64_t count = std::min(n_ - 1, i_ + half_) - std::max<int64_t>(0, i_ - half_) + 1;
    ++i_;
    return sum_ / static_cast<double>(count);
  }

 private:
  double at(int64_t i) const { return x_[static_cast<std::size_t>(i)]; }
  const std::vector<double>& x_;
  int64_t half_, n_, i_ = 0;
  double sum_ = 0;
};

}  // namespace

std::vector<int64_t> ppg_peaks(const double* y, int64_t n, double fs) {
  std::vector<double> squares(static_cast<std::size_t>(n));
  double total = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double rise = std::max(y[i], 0.0);
    total += squares[static_cast<std::size_t>(i)] = rise * rise;
  }
  const double offset = kOffset * total / static_cast<double>(std::max<int64_t>(1, n));
  const auto half = [&](double seconds) { return static_cast<int64_t>(std::nearbyint(seconds * fs / 2)); };
  Around over_peak(squares, half(kPeakS)), over_beat(squares, half(kBeatS));
  const auto shortest = static_cast<int64_t>(std::nearbyint(kPeakS * fs));
  std::vector<int64_t> peaks;
  int64_t begin = -1;
  for (int64_t i = 0; i <= n; ++i) {
    bool inside = false;
    if (i < n) {
      const double peak = over_peak.next(), beat = over_beat.next();
      inside = peak > beat + offset;
    }
    if (inside && begin < 0) begin = i;
    if (inside || begin < 0) continue;
    if (i - begin >= shortest) {
      const int64_t top = std::max_element(y + begin, y + i) - y;
      const bool cut = top == 0 || top == n - 1;  // the signal ends before the wave does
      const bool close = !peaks.empty() && static_cast<double>(top - peaks.back()) <= kRefractoryS * fs;
      if (!cut && !close) peaks.push_back(top);
    }
    begin = -1;
  }
  return peaks;
}

}  // namespace marey::ppg
