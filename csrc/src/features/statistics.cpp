#include "marey/features/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace marey::features {

void statistics(const double* x, std::int64_t n, double out[kStatistics], std::vector<double>& room) {
  std::fill_n(out, kStatistics, std::numeric_limits<double>::quiet_NaN());
  out[3] = double(n);
  if (n == 0 || !std::all_of(x, x + n, [](double v) { return std::isfinite(v); })) return;
  room.assign(x, x + n);
  const auto middle = room.begin() + n / 2;
  std::nth_element(room.begin(), middle, room.end());
  out[0] = std::accumulate(x, x + n, 0.0);
  out[1] = n % 2 == 1 ? *middle : (*std::max_element(room.begin(), middle) + *middle) / 2;
  out[2] = out[0] / double(n);
  double squares = 0, power = 0, least = x[0], most = x[0];
  for (std::int64_t i = 0; i < n; ++i) {
    squares += (x[i] - out[2]) * (x[i] - out[2]);
    power += x[i] * x[i];
    least = std::min(least, x[i]);
    most = std::max(most, x[i]);
  }
  out[5] = squares / double(n);
  out[4] = std::sqrt(out[5]);
  out[6] = std::sqrt(power / double(n));
  out[7] = most;
  out[8] = std::max(std::abs(least), std::abs(most));
  out[9] = least;
}

}  // namespace marey::features
