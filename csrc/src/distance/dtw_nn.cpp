#include "marey/distance/dtw_nn.hpp"

namespace marey::distance {

template <typename T>
void dtw_nn(const DtwNn<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(dtw_nn_kernel, a, first, last)
}

template void dtw_nn(const DtwNn<float>&, std::int64_t, std::int64_t);
template void dtw_nn(const DtwNn<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance
