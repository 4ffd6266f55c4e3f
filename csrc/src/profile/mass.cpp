// Threads, missing and constant windows: mass.hpp for the method.
#include "marey/profile/mass.hpp"

#include <algorithm>
#include <limits>

#include "marey/core/parallel.hpp"

namespace marey::profile {

static void distances_of(const Windows& query, std::int64_t at, const Windows& w, std::int64_t begin, std::int64_t end,
                         double* out) noexcept {
  MAREY_DISPATCH(distances, query, at, w, begin, end, out)
}

void row_of_distances(const Windows& query, std::int64_t at, const Windows& w, std::int64_t begin, std::int64_t end,
                      double* out) {
  distances_of(query, at, w, begin, end, out);
  for (std::int64_t i = begin; i < end; ++i) {
    if (query.bias[at] < 0 || w.bias[i] < 0) {
      out[i - begin] = std::numeric_limits<double>::infinity();
    } else if (query.bias[at] != 0 || w.bias[i] != 0) {
      out[i - begin] = distance_of(query, at, w, i);
    }
  }
}

void mass(const Windows& query, const Windows& w, double* out) {
  parallel_for(w.count, std::max<std::int64_t>(64, 1000000 / w.m),
               [&](std::int64_t begin, std::int64_t end) { row_of_distances(query, 0, w, begin, end, out + begin); });
}

}  // namespace marey::profile
