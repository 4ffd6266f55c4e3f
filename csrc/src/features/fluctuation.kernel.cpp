// A line off every window of a profile, and how far the rest reaches: whole registers of a window at a time.
#include "marey/core/simd.hpp"
#include "marey/features/catch22.hpp"

namespace marey::features::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

void fluctuation_kernel(Fluctuation& a) noexcept {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const std::int64_t s = a.scale;
  const double middle = double(s - 1) / 2, spread = double(s) * (double(s) * double(s) - 1) / 12;
  Vec steps{};
  for (int i = 0; i < lanes; ++i) steps[i] = double(i) - middle;
  double total = 0;
  for (std::int64_t w = 0; w + s <= a.n; w += s) {
    const double* x = a.profile + w;
    const double base = x[0];  // keeps the sums small
    Vec sums{}, products{};
    for (std::int64_t i = 0; i < s; i += lanes) {
      const Vec v = load_first(x + i, s - i, base) - base;
      sums += v;
      products = madd(v, steps + double(i), products);
    }
    const double mean = sum(sums) / double(s), slope = s > 1 ? sum(products) / spread : 0.0;
    const Vec rise = splat(slope), at_mean = splat(mean);
    if (a.squares) {
      Vec squares{};
      for (std::int64_t i = 0; i < s; i += lanes) {
        const Vec all = load_first(x + i, s - i, base) - base - madd(rise, steps + double(i), at_mean);
        const Vec r = select(steps + (middle + double(i)) < double(s) - 0.5, all, Vec{});
        squares = madd(r, r, squares);
      }
      total += sum(squares);
    } else {
      Vec least = splat(inf), most = splat(-inf);
      for (std::int64_t i = 0; i < s; i += lanes) {
        const Vec r = load_first(x + i, s - i, base) - base - madd(rise, steps + double(i), at_mean);
        const Int within = steps + (middle + double(i)) < double(s) - 0.5;
        least = select(within & (r < least), r, least);
        most = select(within & (r > most), r, most);
      }
      double low = least[0], high = most[0];
      for (int k = 1; k < lanes; ++k) {
        low = least[k] < low ? least[k] : low;
        high = most[k] > high ? most[k] : high;
      }
      total += (high - low) * (high - low);
    }
  }
  a.total = total;
}

}  // namespace marey::features::MAREY_LEVEL
