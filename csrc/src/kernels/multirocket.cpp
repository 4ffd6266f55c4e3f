#include "marey/kernels/multirocket.hpp"

namespace marey::kernels {

template <typename T>
void multirocket(const Minirocket<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(multirocket_kernel, a, first, last)
}

template void multirocket(const Minirocket<float>&, std::int64_t, std::int64_t);
template void multirocket(const Minirocket<double>&, std::int64_t, std::int64_t);

}  // namespace marey::kernels
