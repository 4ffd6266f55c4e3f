#include "marey/kernels/hydra.hpp"

namespace marey::kernels {

template <typename T>
void hydra(const Hydra<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(hydra_kernel, a, first, last)
}

template void hydra(const Hydra<float>&, std::int64_t, std::int64_t);
template void hydra(const Hydra<double>&, std::int64_t, std::int64_t);

}  // namespace marey::kernels
