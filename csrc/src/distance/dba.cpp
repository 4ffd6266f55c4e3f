#include "marey/distance/dba.hpp"

namespace marey::distance {

template <typename T>
void dba_align(const Dba<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(dba_align_kernel, a, first, last)
}

template void dba_align(const Dba<float>&, std::int64_t, std::int64_t);
template void dba_align(const Dba<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance
