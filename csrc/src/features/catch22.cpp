#include "marey/features/catch22.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace marey::features {

namespace {

using std::int64_t;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 3.14159265358979323846;

double mean_of(const double* x, int64_t n) { return std::accumulate(x, x + n, 0.0) / double(n); }
double std_of(const double* x, int64_t n) {  // of a sample
  const double mean = mean_of(x, n);
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return std::sqrt(squares / double(n - 1));
}

int64_t power_of_two(int64_t n) {
  int64_t size = 1;
  while (size < n) size *= 2;
  return size;
}

void run_transform(const Transform& a) { MAREY_DISPATCH(transform_kernel, a); }
double dot(const double* x, const double* y, int64_t n) { MAREY_DISPATCH(dot_kernel, x, y, n); }

// room.re and room.im, in place.
void transform(int64_t size, Catch22Room& room) {
  room.other_re.resize(std::size_t(size));
  room.other_im.resize(std::size_t(size));
  run_transform({room.re.data(), room.im.data(), room.other_re.data(), room.other_im.data(), room.twiddle_re.data(),
                 room.twiddle_im.data(), size, 2 * int64_t(room.twiddle_re.size()) / size});
}

// What depends on the length: roots of unity, and an orthonormal basis of cubic splines with one knot.
void prepare(int64_t n, Catch22Room& room) {
  if (room.length == n) return;
  const int64_t half = power_of_two(n);
  room.twiddle_re.resize(std::size_t(half));
  room.twiddle_im.resize(std::size_t(half));
  for (int64_t k = 0; k < half; ++k) {
    room.twiddle_re[k] = std::cos(pi * double(k) / double(half));
    room.twiddle_im[k] = -std::sin(pi * double(k) / double(half));
  }
  room.spline.resize(std::size_t(5 * n));
  const double knot = double(n / 2 - 1) / double(n - 1) * 2 - 1;
  for (int row = 0; row < 5; ++row) {
    double* to = room.spline.data() + row * n;
    for (int64_t i = 0; i < n; ++i) {
      const double t = double(i) / double(n - 1) * 2 - 1, behind = std::max(0.0, t - knot);
      to[i] = row == 4 ? behind * behind * behind : std::pow(t, row);
    }
    for (int pass = 0; pass < 2; ++pass) {  // twice is enough
      for (int k = 0; k < row; ++k) {
        const double* other = room.spline.data() + k * n;
        const double along = std::inner_product(to, to + n, other, 0.0);
        for (int64_t i = 0; i < n; ++i) to[i] -= along * other[i];
      }
    }
    const double size = std::sqrt(std::inner_product(to, to + n, to, 0.0));
    for (int64_t i = 0; i < n; ++i) to[i] /= size;
  }
  // Scales of the fluctuation analyses: 50 from 5 to n / 2, evenly in their logarithms, rounded, each once.
  room.scales.clear();
  const double low = std::log(5.0), high = std::log(double(n / 2)), step = (high - low) / 49;
  for (int i = 0; i < 50; ++i) {
    const auto scale = int64_t(std::round(std::exp(low + i * step)));
    if (room.scales.empty() || room.scales.back() != scale) room.scales.push_back(scale);
  }
  room.length = n;
}

// Autocorrelation sums of z and of the series without its trend, at every lag, by one transform of both.
void correlate(int64_t n, Catch22Room& room) {
  const int64_t size = 2 * power_of_two(n);
  room.re.assign(std::size_t(size), 0.0);
  room.im.assign(std::size_t(size), 0.0);
  std::copy_n(room.z.begin(), n, room.re.begin());
  std::copy_n(room.trend_free.begin(), n, room.im.begin());
  transform(size, room);
  // Power of the real and the imaginary part: from the value at k and the one at -k.
  for (int64_t k = 0; k <= size / 2; ++k) {
    const int64_t mirrored = (size - k) % size;
    const double a = room.re[k], b = room.im[k], c = room.re[mirrored], d = room.im[mirrored];
    room.re[k] = room.re[mirrored] = ((a + c) * (a + c) + (b - d) * (b - d)) / 4;
    room.im[k] = room.im[mirrored] = ((a - c) * (a - c) + (b + d) * (b + d)) / 4;
  }
  transform(size, room);  // even in k: the inverse but for its scale
  room.acf.resize(std::size_t(n));
  room.trend_free_acf.resize(std::size_t(n));
  const double first = room.re[0];
  for (int64_t lag = 0; lag < n; ++lag) {
    room.acf[lag] = room.re[lag] / first;
    room.trend_free_acf[lag] = room.im[lag] / double(size) / double(n - lag);
  }
}

int64_t first_zero(const std::vector<double>& acf, int64_t n) {
  int64_t lag = 0;
  while (lag < n && acf[std::size_t(lag)] > 0) ++lag;
  return lag;
}

double histogram_mode(const std::vector<double>& z, double least, double most, int n_bins) {
  const double step = (most - least) / n_bins;
  int64_t counts[10] = {};
  for (const double v : z) ++counts[std::clamp(int((v - least) / step), 0, n_bins - 1)];
  const int64_t largest = *std::max_element(counts, counts + n_bins);
  double total = 0;
  int ties = 0;
  for (int i = 0; i < n_bins; ++i) {
    if (counts[i] != largest) continue;
    total += ((step * i + least) + (step * (i + 1) + least)) * 0.5;
    ++ties;
  }
  return total / ties;
}

double first_1e(const std::vector<double>& acf, int64_t n) {
  const double level = 1 / std::exp(1.0);
  for (int64_t i = 0; i + 1 < n; ++i) {
    if (acf[i + 1] < level) return double(i) + (level - acf[i]) / (acf[i + 1] - acf[i]);
  }
  return double(n);
}

double first_minimum(const std::vector<double>& acf, int64_t n) {
  for (int64_t i = 1; i + 1 < n; ++i) {
    if (acf[i] < acf[i - 1] && acf[i] < acf[i + 1]) return double(i);
  }
  return double(n);
}

// Mutual information of the series and itself two steps later, in five even bins that reach 0.1 beyond.
double histogram_ami(const std::vector<double>& z, double least, double most) {
  constexpr int lag = 2, bins = 5;
  const auto n = int64_t(z.size());
  const double step = (most - least + 0.2) / bins;
  const auto bin = [&](double v) {
    int b = 0;
    while (b < bins - 1 && v >= least + step * (b + 1) - 0.1) ++b;
    return b;
  };
  double joint[bins][bins] = {}, from[bins] = {}, to[bins] = {};
  const double share = 1.0 / double(n - lag);
  for (int64_t i = 0; i + lag < n; ++i) joint[bin(z[i])][bin(z[i + lag])] += share;
  for (int i = 0; i < bins; ++i) {
    for (int j = 0; j < bins; ++j) from[i] += joint[i][j], to[j] += joint[i][j];
  }
  double information = 0;
  for (int i = 0; i < bins; ++i) {
    for (int j = 0; j < bins; ++j) {
      if (joint[i][j] > 0) information += joint[i][j] * std::log(joint[i][j] / from[i] / to[j]);
    }
  }
  return information;
}

// Longest run of `wanted`, of n - 1 letters, the last of which ends a run whatever it is.
template <typename F>
double longest_run(int64_t n, F wanted) {
  int64_t longest = 0, last = 0;
  for (int64_t i = 0; i + 1 < n; ++i) {
    if (wanted(i) && i != n - 2) continue;
    longest = std::max(longest, i - last);
    last = i;
  }
  return double(longest);
}

double quantile(const std::vector<double>& sorted, double share) {
  const auto n = int64_t(sorted.size());
  const double edge = 0.5 / double(n);
  if (share < edge) return sorted.front();
  if (share > 1 - edge) return sorted.back();
  const double at = double(n) * share - 0.5;
  const auto left = int64_t(std::floor(at)), right = int64_t(std::ceil(at));
  if (left == right) return sorted[left];
  return sorted[left] + (at - double(left)) * (sorted[right] - sorted[left]) / double(right - left);
}

// Letters 0, 1, 2 by thirds of the values.
void thirds(const double* x, int64_t n, const std::vector<double>& sorted, std::vector<std::uint8_t>& letters) {
  const double low = quantile(sorted, 1.0 / 3), high = quantile(sorted, 2.0 / 3);
  letters.resize(std::size_t(n));
  for (int64_t i = 0; i < n; ++i) letters[i] = std::uint8_t(x[i] > high ? 2 : x[i] > low ? 1 : 0);
}

double motif_entropy(const std::vector<std::uint8_t>& letters) {
  const auto n = int64_t(letters.size());
  double pairs[3][3] = {}, entropy = 0;
  for (int64_t i = 0; i + 1 < n; ++i) pairs[letters[i]][letters[i + 1]] += 1;
  for (auto& row : pairs) {
    for (const double count : row) {
      const double share = count / double(n - 1);
      if (share > 0) entropy -= share * std::log(share);
    }
  }
  return entropy;
}

double transition_variance(int64_t tau, Catch22Room& room) {
  const auto n = int64_t(room.z.size());
  const int64_t step = std::max<int64_t>(tau, 1), n_down = (n - 1) / step + 1;
  room.residual.resize(std::size_t(n_down));
  for (int64_t i = 0; i < n_down; ++i) room.residual[i] = room.z[i * step];
  room.distances = room.residual;
  std::sort(room.distances.begin(), room.distances.end());
  thirds(room.residual.data(), n_down, room.distances, room.letters);
  double moves[3][3] = {};
  for (int64_t i = 0; i + 1 < n_down; ++i) moves[room.letters[i]][room.letters[i + 1]] += 1;
  double total = 0;
  for (int column = 0; column < 3; ++column) {
    double share[3];
    for (int row = 0; row < 3; ++row) share[row] = moves[row][column] / double(n_down - 1);
    const double mean = (share[0] + share[1] + share[2]) / 3;
    for (const double v : share) total += (v - mean) * (v - mean) / 2;
  }
  return total;
}

double periodicity(int64_t n, const std::vector<double>& acf) {
  const auto lags = int64_t(std::ceil(double(n) / 3));
  double trough = nan;
  for (int64_t i = 1; i + 1 < lags; ++i) {  // acf[0] is lag 1
    const double in = acf[i + 1] - acf[i], out = acf[i + 2] - acf[i + 1];
    if (in < 0 && out > 0) trough = acf[i + 1];
    if (in > 0 && out < 0 && !std::isnan(trough) && acf[i + 1] - trough >= 0.01 && acf[i + 1] >= 0) return double(i);
  }
  return 0;
}

double embedding(int64_t tau, Catch22Room& room) {
  const auto n = int64_t(room.z.size());
  const double* z = room.z.data();
  if (double(tau) > double(n) / 10) tau = int64_t(std::floor(double(n) / 10));
  const int64_t count = n - tau - 1;
  room.distances.resize(std::size_t(count));
  double* d = room.distances.data();
  for (int64_t i = 0; i < count; ++i) {
    const double a = z[i + 1] - z[i], b = z[i + tau] - z[i + tau + 1];
    d[i] = std::sqrt(a * a + b * b);
  }
  const double mean = mean_of(d, count), spread = std_of(d, count);
  const auto [least, most] = std::minmax_element(d, d + count);
  if (spread < 0.001) return 0;
  const auto n_bins = int64_t(std::ceil((*most - *least) / (3.5 * spread / std::pow(double(count), 1 / 3.0))));
  if (n_bins == 0) return 0;
  const double step = (*most - *least) / double(n_bins), low = *least;
  std::vector<double> counts(std::size_t(n_bins), 0.0);
  for (int64_t i = 0; i < count; ++i) ++counts[std::clamp<int64_t>(int64_t((d[i] - low) / step), 0, n_bins - 1)];
  double off = 0;
  for (int64_t i = 0; i < n_bins; ++i) {
    const double middle = ((double(i) * step + low) + (double(i + 1) * step + low)) * 0.5;
    off += std::abs(counts[i] / double(count) - std::exp(-middle / mean) / mean);
  }
  return off / double(n_bins);
}

double gaussian_ami_minimum(const std::vector<double>& z) {
  const auto n = int64_t(z.size());
  const int64_t lags = std::min<int64_t>(40, int64_t(std::ceil(double(n) / 2)));
  double total = 0, squares = 0;
  for (const double v : z) total += v, squares += v * v;
  double head = 0, tail = 0, head2 = 0, tail2 = 0;  // of the values that fall away at either end
  double before = nan, at = nan;
  for (int64_t i = 0; i < lags; ++i) {
    const int64_t lag = i + 1, m = n - lag;
    tail += z[n - lag], tail2 += z[n - lag] * z[n - lag];
    head += z[lag - 1], head2 += z[lag - 1] * z[lag - 1];
    const double product = dot(z.data(), z.data() + lag, m);
    const double sx = total - tail, sy = total - head, xx = squares - tail2, yy = squares - head2, size = double(m);
    const double r = (product - sx * sy / size) / std::sqrt((xx - sx * sx / size) * (yy - sy * sy / size));
    const double information = -0.5 * std::log(1 - r * r);
    if (i >= 2 && at < before && at < information) return double(i - 1);
    before = at;
    at = information;
  }
  return double(lags);
}

// The first lag at which the differences' autocorrelation is no longer positive, over that of the series.
double residual_ratio(int64_t tau, Catch22Room& room) {
  const auto n = int64_t(room.z.size()) - 1;
  room.residual.resize(std::size_t(n));
  for (int64_t i = 0; i < n; ++i) room.residual[i] = room.z[i + 1] - room.z[i];
  const double mean = mean_of(room.residual.data(), n);
  for (double& v : room.residual) v -= mean;
  const double* r = room.residual.data();
  int64_t lag = 0;
  for (; lag < std::min<int64_t>(n, 16); ++lag) {  // mostly it is one of the first
    if (!(dot(r, r + lag, n - lag) > 0)) return double(lag) / double(tau);
  }
  const int64_t size = 2 * power_of_two(n);
  room.re.assign(std::size_t(size), 0.0);
  room.im.assign(std::size_t(size), 0.0);
  std::copy_n(r, n, room.re.begin());
  transform(size, room);
  for (int64_t k = 0; k < size; ++k) {
    room.re[k] = room.re[k] * room.re[k] + room.im[k] * room.im[k];
    room.im[k] = 0;
  }
  transform(size, room);
  while (lag < n && room.re[lag] > 0) ++lag;
  return double(lag) / double(tau);
}

// Thresholds rise by 0.01 through the values of one sign; at each, the middle place of the values beyond it. The median
// of those places, as long as more than 2 % of the values are beyond. Places leave a linked list from the smallest
// value on, and its middle moves with them.
double outliers(int sign, Catch22Room& room) {
  constexpr double step = 0.01;
  const auto n = int64_t(room.z.size());
  const double* z = room.z.data();
  const auto value = [&](int64_t rank) { return sign * room.sorted[sign > 0 ? rank : n - 1 - rank]; };
  const auto place = [&](int64_t rank) { return room.order[sign > 0 ? rank : n - 1 - rank]; };
  int64_t rank = 0;
  while (rank < n && value(rank) < 0) ++rank;
  const int64_t beyond = n - rank;
  if (beyond == 0 || value(n - 1) < step) return 0;
  const auto n_thresholds = int64_t(value(n - 1) / step + 1);
  // Places whose value is not negative, in order, between sentinels n and n + 1.
  room.before.assign(std::size_t(n + 2), -1);
  room.after.assign(std::size_t(n + 2), -1);
  int64_t last = n;
  for (int64_t i = 0; i < n; ++i) {
    if (sign * z[i] < 0) continue;
    room.after[last] = i;
    room.before[i] = last;
    last = i;
  }
  room.after[last] = n + 1;
  room.before[n + 1] = last;
  int64_t size = beyond, middle = room.after[n];  // the lower of two middles
  for (int64_t i = 0; i < (size - 1) / 2; ++i) middle = room.after[middle];
  std::vector<double>& places = room.distances;
  places.clear();
  int64_t enough = 0, fewest = n_thresholds - 1;
  bool alone = false;
  for (int64_t j = 0; j < n_thresholds; ++j) {
    for (; rank < n && value(rank) < double(j) * step; ++rank) {
      const int64_t gone = place(rank);
      // Among an odd number the lower middle is rank (size - 1) / 2, and so it is among an even one.
      const bool odd = size % 2 == 1;
      if (gone == middle) {
        middle = odd ? room.before[middle] : room.after[middle];
      } else if (odd && gone > middle) {
        middle = room.before[middle];
      } else if (!odd && gone < middle) {
        middle = room.after[middle];
      }
      room.after[room.before[gone]] = room.after[gone];
      room.before[room.after[gone]] = room.before[gone];
      --size;
    }
    if (double(size - 1) * 100.0 / double(beyond) > 2) enough = j;
    if (size <= 1 && !alone) {
      alone = true;
      fewest = j;
    }
    double at = size > 0 ? double(middle + 1) : nan;
    if (size > 0 && size % 2 == 0) at = (at + double(room.after[middle] + 1)) / 2;
    places.push_back(at / (double(n) / 2) - 1);
  }
  const auto kept = std::size_t(std::min(enough, fewest) + 1);
  places.resize(kept);
  std::sort(places.begin(), places.end());
  return kept % 2 == 1 ? places[kept / 2] : (places[kept / 2 - 1] + places[kept / 2]) / 2;
}

// The periodogram: the power in its lowest fifth, and the frequency that halves the power.
void welch(Catch22Room& room, double& lowest_fifth, double& centroid) {
  const auto n = int64_t(room.z.size());
  const int64_t size = power_of_two(n), count = size / 2 + 1;
  room.re.assign(std::size_t(size), 0.0);
  room.im.assign(std::size_t(size), 0.0);
  const double mean = mean_of(room.z.data(), n);
  for (int64_t i = 0; i < n; ++i) room.re[i] = room.z[i] - mean;
  transform(size, room);
  room.spectrum.resize(std::size_t(count));
  double total = 0;
  for (int64_t k = 0; k < count; ++k) {
    room.spectrum[k] =
        (room.re[k] * room.re[k] + room.im[k] * room.im[k]) / double(n) * (k > 0 && k < count - 1 ? 2 : 1) / (2 * pi);
    total += room.spectrum[k];
  }
  const double step = 2 * pi / double(size);
  double sum = 0;
  lowest_fifth = 0;
  for (int64_t k = 0; k < count / 5; ++k) lowest_fifth += room.spectrum[k];
  lowest_fifth *= step;
  centroid = 0;
  for (int64_t k = 0; k < count; ++k) {
    sum += room.spectrum[k];
    if (sum > total * 0.5) {
      centroid = double(k) * step;
      break;
    }
  }
}

void run_kernel(Fluctuation& a) { MAREY_DISPATCH(fluctuation_kernel, a); }

// Residuals of a line through points [begin, end): the root of their squares' sum.
double misfit(const double* x, const double* y, int64_t begin, int64_t end) {
  const double n = double(end - begin);
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int64_t i = begin; i < end; ++i) sx += x[i], sy += y[i], sxx += x[i] * x[i], sxy += x[i] * y[i];
  const double below = n * sxx - sx * sx;
  const double slope = below == 0 ? 0 : (n * sxy - sx * sy) / below;
  const double level = below == 0 ? 0 : (sy * sxx - sx * sxy) / below;
  double squares = 0;
  for (int64_t i = begin; i < end; ++i) {
    const double off = slope * x[i] + level - y[i];
    squares += off * off;
  }
  return std::sqrt(squares);
}

// Which share of the scales lies before the bend of log fluctuation over log scale.
double fluctuation(int64_t lag, bool squares, Catch22Room& room) {
  const auto n = int64_t(room.z.size()), n_scales = int64_t(room.scales.size());
  if (n_scales < 12) return 0;
  const int64_t count = n / lag;
  room.cumulated.resize(std::size_t(count));
  double total = 0;
  for (int64_t i = 0; i < count; ++i) room.cumulated[i] = total += room.z[i * lag];
  double log_scale[50], log_f[50];
  for (int64_t i = 0; i < n_scales; ++i) {
    const int64_t scale = room.scales[i], n_windows = count / scale;
    Fluctuation a{room.cumulated.data(), count, scale, squares, 0.0};
    run_kernel(a);
    log_scale[i] = std::log(double(scale));
    log_f[i] = std::log(std::sqrt(a.total / double(squares ? n_windows * scale : n_windows)));
  }
  constexpr int64_t least = 6;
  double best = std::numeric_limits<double>::infinity();
  int64_t at = least;
  for (int64_t i = least; i < n_scales - least + 1; ++i) {
    const double error = misfit(log_scale, log_f, 0, i) + misfit(log_scale, log_f, i - 1, n_scales);
    if (error < best) best = error, at = i;
  }
  return double(at) / double(n_scales);
}

}  // namespace

void catch22(const double* x, std::int64_t n, double out[kCatch22], Catch22Room& room) {
  std::fill_n(out, kCatch22, nan);
  if (n < 10 || !std::all_of(x, x + n, [](double v) { return std::isfinite(v); })) return;
  const double mean = mean_of(x, n), spread = std_of(x, n);
  const auto [low, high] = std::minmax_element(x, x + n);
  if (!(*low < *high) || !(spread > 0) || !std::isfinite(spread)) return;
  prepare(n, room);
  room.z.resize(std::size_t(n));
  for (int64_t i = 0; i < n; ++i) room.z[i] = (x[i] - mean) / spread;
  const double* z = room.z.data();
  room.ranked.resize(std::size_t(n));
  for (int64_t i = 0; i < n; ++i) room.ranked[i] = {z[i], i};
  std::sort(room.ranked.begin(), room.ranked.end(), [](auto& a, auto& b) { return a.first < b.first; });
  room.order.resize(std::size_t(n));
  room.sorted.resize(std::size_t(n));
  for (int64_t i = 0; i < n; ++i) std::tie(room.sorted[i], room.order[i]) = room.ranked[i];
  const double least = room.sorted.front(), most = room.sorted.back();
  room.trend_free.assign(z, z + n);
  for (int row = 0; row < 5; ++row) {
    const double* basis = room.spline.data() + row * n;
    const double along = dot(z, basis, n);
    for (int64_t i = 0; i < n; ++i) room.trend_free[i] -= along * basis[i];
  }
  correlate(n, room);
  const int64_t tau = first_zero(room.acf, n);

  out[0] = histogram_mode(room.z, least, most, 5);
  out[1] = histogram_mode(room.z, least, most, 10);
  out[2] = first_1e(room.acf, n);
  out[3] = first_minimum(room.acf, n);
  out[4] = histogram_ami(room.z, least, most);
  double cubes = 0, large = 0;
  for (int64_t i = 0; i + 1 < n; ++i) {
    const double d = z[i + 1] - z[i];
    cubes += d * d * d;
    large += std::abs(d) * 1000 > 40;
  }
  out[5] = cubes / double(n - 1);
  out[6] = large / double(n - 1);
  const double middle = mean_of(z, n);
  out[7] = longest_run(n, [&](int64_t i) { return z[i] - middle > 0; });
  out[8] = transition_variance(tau, room);
  out[9] = periodicity(n, room.trend_free_acf);
  out[10] = embedding(tau, room);
  out[11] = gaussian_ami_minimum(room.z);
  out[12] = residual_ratio(tau, room);
  out[13] = outliers(1, room);
  out[14] = outliers(-1, room);
  welch(room, out[15], out[20]);
  out[16] = longest_run(n, [&](int64_t i) { return z[i + 1] - z[i] < 0; });
  thirds(z, n, room.sorted, room.letters);
  out[17] = motif_entropy(room.letters);
  out[18] = fluctuation(1, false, room);
  out[19] = fluctuation(2, true, room);
  room.residual.resize(std::size_t(n - 3));
  for (int64_t i = 0; i + 3 < n; ++i) room.residual[i] = z[i + 3] - (z[i] + z[i + 1] + z[i + 2]) / 3;
  out[21] = std_of(room.residual.data(), n - 3);
}

}  // namespace marey::features
