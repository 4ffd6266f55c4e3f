// What any table of features begins with: ten statistics of a series, in tsfresh's order for its smallest set.
#pragma once
#include <cstdint>
#include <vector>

namespace marey::features {

inline constexpr int kStatistics = 10;

// Sum, median, mean, length, standard deviation, variance (both of the population), root mean square, maximum, absolute
// maximum, minimum. A value that is not finite makes NaN of all but the length, and so does a series without values.
void statistics(const double* x, std::int64_t n, double out[kStatistics], std::vector<double>& room);

}  // namespace marey::features
