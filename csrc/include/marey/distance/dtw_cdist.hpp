// Dynamic time warping between every series of one set and every one of another (Sakoe and Chiba 1978).
//
// d(x, y)^2 = the least sum of |x_i - y_j|^2 over paths from (0, 0) to the ends by steps (1, 0), (0, 1), (1, 1), within
// |i - j| <= window. One pair a lane, four vectors of pairs side by side. Cost: 4 operations, 2 loads and a store a
// cell for one channel. Memory: a row of cells. A series with a value that is not finite has NaN to all; no path within
// the window is inf.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"
#include "marey/distance/cdist.hpp"

namespace marey::distance {

template <typename T>
void dtw_cdist(const Cdist<T>& a, std::int64_t first, std::int64_t last);

template <typename T, typename Parallel>
void dtw_cdist_on(const Cdist<T>& a, Parallel&& parallel) {
  cdist_on(a, parallel,
           [](const Cdist<T>& plan, std::int64_t first, std::int64_t last) { dtw_cdist(plan, first, last); });
}

MAREY_DECLARE_PER_ISA(template <typename T> void dtw_cdist_kernel(const Cdist<T>&, std::int64_t, std::int64_t))

}  // namespace marey::distance
