#include "marey/kernels/minirocket.hpp"

namespace marey::kernels {

template <typename T>
void minirocket(const Minirocket<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(minirocket_kernel, a, first, last)
}

template <typename T>
void minirocket_biases(const Minirocket<T>& a, const std::int64_t* example, const double* level, T* biases,
                       std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(minirocket_biases_kernel, a, example, level, biases, first, last)
}

template void minirocket(const Minirocket<float>&, std::int64_t, std::int64_t);
template void minirocket(const Minirocket<double>&, std::int64_t, std::int64_t);
template void minirocket_biases(const Minirocket<float>&, const std::int64_t*, const double*, float*, std::int64_t,
                                std::int64_t);
template void minirocket_biases(const Minirocket<double>&, const std::int64_t*, const double*, double*, std::int64_t,
                                std::int64_t);

}  // namespace marey::kernels
