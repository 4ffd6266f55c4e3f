// Threads, missing and constant windows: mass.hpp for the method.
#include "marey/profile/mass.hpp"

#include <algorithm>
#include <limits>

#include "marey/core/parallel.hpp"

namespace marey::profile {

static void distances_of(const Windows& query, const Windows& w, std::int64_t begin, std::int64_t end,
                         double* out) noexcept {
  MAREY_DISPATCH(distances, query, w, begin, end, out)
}

void mass(const Windows& query, const Windows& w, double* out) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  parallel_for(w.count, std::max<std::int64_t>(64, 1000000 / w.m), [&](std::int64_t begin, std::int64_t end) {
    distances_of(query, w, begin, end, out);
    for (std::int64_t i = begin; i < end; ++i) {
      if (query.bias[0] < 0 || w.bias[i] < 0) {
        out[i] = inf;
      } else if (query.bias[0] != 0 || w.bias[i] != 0) {
        out[i] = distance_of(query, 0, w, i);
      }
    }
  });
}

}  // namespace marey::profile
