#include "marey/distance/dtw_cdist.hpp"

namespace marey::distance {

template <typename T>
void dtw_cdist(const Cdist<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(dtw_cdist_kernel, a, first, last)
}

template void dtw_cdist(const Cdist<float>&, std::int64_t, std::int64_t);
template void dtw_cdist(const Cdist<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance
