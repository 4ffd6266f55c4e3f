#include "marey/distance/dtw_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace marey::distance {

double dtw_path(const double* x, std::int64_t n, const double* y, std::int64_t m, std::int64_t channels,
                std::int64_t window, std::vector<std::int64_t>& path) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr std::uint8_t diagonal = 0, up = 1, left = 2;
  const auto finite = [](double v) { return std::isfinite(v); };
  if (!std::all_of(x, x + n * channels, finite) || !std::all_of(y, y + m * channels, finite)) return NAN;
  if (n == 0 && m == 0) return 0.0;
  if (n == 0 || m == 0 || std::abs(n - m) > window) return inf;
  window = std::min(window, std::max(n, m));
  const std::int64_t columns = std::min(2 * window + 1, m);
  const auto low_of = [&](std::int64_t i) { return std::max<std::int64_t>(0, i - window); };
  std::vector<std::uint8_t> came(n * columns);  // row i holds columns low_of(i) on
  std::vector<double> row(m, inf);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t low = low_of(i), high = std::min(m - 1, i + window);
    double corner = low > 0 ? row[low - 1] : i == 0 ? 0.0 : inf, before = inf;
    for (std::int64_t j = low; j <= high; ++j) {
      double cost = 0.0;
      for (std::int64_t c = 0; c < channels; ++c) cost += (x[c * n + i] - y[c * m + j]) * (x[c * n + i] - y[c * m + j]);
      double least = corner;
      std::uint8_t& from = came[i * columns + j - low] = diagonal;
      if (row[j] < least) least = row[j], from = up;
      if (before < least) least = before, from = left;
      corner = row[j];
      before = row[j] = cost + least;
    }
  }
  for (std::int64_t i = n - 1, j = m - 1;;) {
    path.push_back(j);
    path.push_back(i);
    if (i == 0 && j == 0) break;
    const std::uint8_t from = came[i * columns + j - low_of(i)];
    i -= from != left;
    j -= from != up;
  }
  std::reverse(path.begin(), path.end());
  return std::sqrt(row[m - 1]);
}

}  // namespace marey::distance
