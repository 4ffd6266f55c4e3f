// dtw_cdist: the table by the rule of dynamic time warping.
#include "marey/distance/dtw_cdist.hpp"

#include "marey/distance/cdist_groups.hpp"
#include "marey/distance/warp_rules.hpp"

namespace marey::distance::MAREY_LEVEL {

template <typename T>
void dtw_cdist_kernel(const Cdist<T>& a, std::int64_t first, std::int64_t last) {
  cdist_groups(
      a, {0, a.x.channels}, first, last, [](Block<T>&) {},
      [&](auto& s, const auto&, std::int64_t, VecOf<T>* row) { warp(Dtw<T>{}, s, a.x.channels, a.window, row); },
      [&](std::int64_t i, std::int64_t j, T square) {
        return a.x.length_of(i) == 0 && a.y.length_of(j) == 0 ? T(0) : std::sqrt(square);
      });
}

template void dtw_cdist_kernel(const Cdist<float>&, std::int64_t, std::int64_t);
template void dtw_cdist_kernel(const Cdist<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
