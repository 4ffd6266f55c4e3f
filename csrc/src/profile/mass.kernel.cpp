// Distances of a query to windows: mass.hpp for the method.
#include "marey/profile/mass.hpp"

#include <cmath>

#include "dots.hpp"

namespace marey::profile::MAREY_LEVEL {

void distances(const Windows& query, std::int64_t at, const Windows& w, std::int64_t begin, std::int64_t end,
               double* out) noexcept {
  const double *const q = query.x.data() + at, mean_q = query.mean[at], by_q = query.inverse[at];
  for (std::int64_t i = begin; i < end; i += width) {
    Vec mean[group], by[group], sum[group]{};
#pragma GCC unroll 4
    for (int v = 0; v < group; ++v) {
      mean[v] = load(w.mean.data() + i + v * lanes), by[v] = load(w.inverse.data() + i + v * lanes);
    }
    for (std::int64_t s = 0; s < w.m; ++s) {
      const Vec of_q = splat((q[s] - mean_q) * by_q);
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) {
        const Vec between = (load(w.x.data() + i + s + v * lanes) - mean[v]) * by[v] - of_q;
        sum[v] = madd(between, between, sum[v]);
      }
    }
    for (int v = 0; v < group; ++v) {
      const Vec squares = double(w.m) * sum[v];
      for (int l = 0; l < lanes && i + v * lanes + l < end; ++l) out[i - begin + v * lanes + l] = std::sqrt(squares[l]);
    }
  }
}

}  // namespace marey::profile::MAREY_LEVEL
