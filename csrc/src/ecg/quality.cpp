#include "marey/ecg/quality.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double median(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return static_cast<double>(values[(n - 1) / 2] + values[n / 2]) / 2;
}

// Mean over beats of their correlation with the mean beat.
template <typename T>
double likeness(const T* x, int64_t n, const int64_t* beats, int64_t n_beats, int64_t length) {
  const int64_t before = length / 2;
  std::vector<double> mean(static_cast<std::size_t>(length));
  std::vector<const T*> whole;
  for (int64_t k = 0; k < n_beats; ++k) {
    const int64_t begin = beats[k] - before;
    if (begin >= 0 && begin + length <= n) whole.push_back(x + begin);
  }
  if (whole.size() < 2 || length < 3) return nan;
  const auto center = [&](auto&& value) {
    double level = 0, squares = 0;
    for (int64_t i = 0; i < length; ++i) level += value(i);
    level /= static_cast<double>(length);
    for (int64_t i = 0; i < length; ++i) squares += (value(i) - level) * (value(i) - level);
    return std::pair(level, std::sqrt(squares));
  };
  for (const T* beat : whole) {
    for (int64_t i = 0; i < length; ++i) mean[static_cast<std::size_t>(i)] += static_cast<double>(beat[i]);
  }
  const auto [level, size] = center([&](int64_t i) { return mean[static_cast<std::size_t>(i)]; });
  double sum = 0;
  for (const T* beat : whole) {
    const auto [own_level, own_size] = center([&](int64_t i) { return static_cast<double>(beat[i]); });
    double product = 0;
    for (int64_t i = 0; i < length; ++i) {
      product += (mean[static_cast<std::size_t>(i)] - level) * (static_cast<double>(beat[i]) - own_level);
    }
    sum += size > 0 && own_size > 0 ? product / (size * own_size) : 0;  // a flat beat is like none
  }
  return sum / static_cast<double>(whole.size());
}

}  // namespace

template <typename T>
void quality(const T* x, int64_t n, double fs, const int64_t* beats, int64_t n_beats, int64_t width, int64_t step,
             int64_t n_windows, double* out) {
  for (int64_t w = 0; w < n_windows; ++w, out += kQualities) {
    const int64_t begin = w * step, end = begin + width;
    const int64_t* const first = std::lower_bound(beats, beats + n_beats, begin);
    const int64_t* const last = std::lower_bound(first, beats + n_beats, end);
    std::vector<int64_t> intervals;
    for (const int64_t* beat = first; beat + 1 < last; ++beat) intervals.push_back(beat[1] - beat[0]);
    double equal = 0, missing = 0;
    for (int64_t i = begin; i < end; ++i) {
      missing += !std::isfinite(x[i]);
      equal += i > begin && x[i] == x[i - 1];
    }
    out[0] = static_cast<double>(last - first);
    std::fill_n(out + 1, 4, nan);
    out[5] = equal / static_cast<double>(std::max<int64_t>(1, width - 1));
    out[6] = missing / static_cast<double>(width);
    if (intervals.empty()) continue;
    const auto [shortest, longest] = std::minmax_element(intervals.begin(), intervals.end());
    const double usual = median(intervals);
    // The ends of the window count: a silence there is a gap as well.
    const int64_t ends = std::max(*first - begin, end - last[-1]);
    out[1] = 60 * fs / usual;
    out[2] = static_cast<double>(std::max(*longest, ends)) / fs;
    out[3] = static_cast<double>(*longest) / static_cast<double>(*shortest);
    out[4] = likeness(x, n, first, last - first, static_cast<int64_t>(std::nearbyint(usual)));
  }
}

template void quality(const float*, int64_t, double, const int64_t*, int64_t, int64_t, int64_t, int64_t, double*);
template void quality(const double*, int64_t, double, const int64_t*, int64_t, int64_t, int64_t, int64_t, double*);

}  // namespace marey::ecg
