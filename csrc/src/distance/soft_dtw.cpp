#include "marey/distance/soft_dtw.hpp"

namespace marey::distance {

template <typename T>
void soft_dtw(const SoftDtw<T>& a, T* out, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(soft_dtw_kernel, a, out, first, last)
}

template <typename T>
void soft_dtw_backward(const SoftDtw<T>& a, const T* grad, T* grad_x, T* grad_y, std::int64_t first,
                       std::int64_t last) {
  MAREY_DISPATCH(soft_dtw_backward_kernel, a, grad, grad_x, grad_y, first, last)
}

template void soft_dtw(const SoftDtw<float>&, float*, std::int64_t, std::int64_t);
template void soft_dtw(const SoftDtw<double>&, double*, std::int64_t, std::int64_t);
template void soft_dtw_backward(const SoftDtw<float>&, const float*, float*, float*, std::int64_t, std::int64_t);
template void soft_dtw_backward(const SoftDtw<double>&, const double*, double*, double*, std::int64_t, std::int64_t);

}  // namespace marey::distance
