// One alignment of two series and its distance; dtw_cdist.hpp has the definition. x, y: (channels, length).
//
// Memory: a byte a cell of the band. Of equal ways back the diagonal one is taken, then that of the shorter i.
#pragma once
#include <cstdint>
#include <vector>

namespace marey::distance {

// The distance; `path` becomes i, j, i, j, ... from the beginnings to the ends, or stays empty where there is no path
// within the window (the distance is inf) or a value is not finite (NaN).
double dtw_path(const double* x, std::int64_t n, const double* y, std::int64_t m, std::int64_t channels,
                std::int64_t window, std::vector<std::int64_t>& path);

}  // namespace marey::distance
