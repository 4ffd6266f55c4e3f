#include "marey/core/simd.hpp"
#include "marey/ecg/hrv.hpp"

namespace marey::ecg::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;

void squared_distances(const double* x, std::int64_t i, std::int64_t n, double* squared) {
  const Vec first = splat(x[i]), second = splat(x[i + 1]);
  for (std::int64_t j = i + 1; j < n; j += lanes) {
    const Vec a = load(x + j) - first, b = load(x + j + 1) - second;
    store(squared + j - i - 1, madd(a, a, b * b));
  }
}

}  // namespace marey::ecg::MAREY_LEVEL
