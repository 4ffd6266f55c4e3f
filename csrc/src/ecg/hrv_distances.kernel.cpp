#include "marey/core/simd.hpp"
#include "marey/ecg/hrv.hpp"

namespace marey::ecg::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

static_assert(lanes + 2 <= kPadding);

namespace {

Vec squared_distance(Vec first, Vec second, const double* x) {
  const Vec a = load(x) - first, b = load(x + 1) - second;
  return madd(a, a, b * b);
}

}  // namespace

void squared_distances(const double* x, int64_t i, int64_t n, double* squared) {
  const Vec first = splat(x[i]), second = splat(x[i + 1]);
  for (int64_t j = i + 1; j < n; j += lanes) store(squared + j - i - 1, squared_distance(first, second, x + j));
}

double largest_squared_distance(const double* x, int64_t n) {
  Vec most{};
  for (int64_t i = 0; i + 1 < n; ++i) {
    const Vec first = splat(x[i]), second = splat(x[i + 1]);
    for (int64_t j = i + 1; j < n; j += lanes) {  // with a value of the padding a distance is NaN, and not larger
      const Vec far = squared_distance(first, second, x + j);
      most = select(far > most, far, most);
    }
  }
  double largest = 0;
  for (int l = 0; l < lanes; ++l) largest = most[l] > largest ? most[l] : largest;
  return largest;
}

void count_all_pairs(const double* x, int64_t n, double tolerance, int64_t counts[2]) {
  Int two{}, three{};
  for (int64_t i = 0; i + 2 < n; ++i) {
    const auto near = [&](Vec values, int k) {
      const Vec off = values - splat(x[i + k]);
      return (off <= tolerance) & (-off <= tolerance);
    };
    for (int64_t j = i + 1; j + 2 < n; j += lanes) {
      const Vec last = load(x + j + 2);
      const Int agree = near(load(x + j), 0) & near(load(x + j + 1), 1) & (last == last);  // the series ends before NaN
      two -= agree;
      three -= agree & near(last, 2);
    }
  }
  counts[0] = counts[1] = 0;
  for (int l = 0; l < lanes; ++l) counts[0] += two[l], counts[1] += three[l];
}

}  // namespace marey::ecg::MAREY_LEVEL
