// Covariances of one window with many, summed afresh. Included by kernel sources only.
#pragma once
#include "marey/core/simd.hpp"
#include "marey/profile/matrix_profile.hpp"

namespace marey::profile::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

// Vectors of columns that advance together; as many as the registers hold.
inline constexpr int group = lanes == 8 ? 4 : 2, width = group * lanes;
static_assert(width <= padding);

// out[i]: sum over s of (x[i + s] - mean[i]) q[s]; up to `padding` values behind the last are read.
inline void dots(const double* x, const double* mean, std::int64_t count, const double* q, std::int64_t m,
                 double* out) {
  for (std::int64_t i = 0; i < count; i += width) {
    Vec sum[group]{}, middle[group];
#pragma GCC unroll 4
    for (int v = 0; v < group; ++v) middle[v] = load(mean + i + v * lanes);
    for (std::int64_t s = 0; s < m; ++s) {
      const Vec of_q = splat(q[s]);
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) sum[v] = madd(load(x + i + s + v * lanes) - middle[v], of_q, sum[v]);
    }
    for (int v = 0; v < group; ++v) store_first(out + i + v * lanes, sum[v], count - i - v * lanes);
  }
}

}  // namespace marey::profile::MAREY_LEVEL
