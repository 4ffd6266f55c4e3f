#include "marey/graph/spmm.hpp"

namespace marey::graph {

template <typename T, typename I>
void spmm(const Spmm<T, I>& a, std::int64_t first, std::int64_t last) noexcept {
  MAREY_DISPATCH(spmm_kernel, a, first, last)
}

template <typename T, typename I>
void spmm_weights_backward(const Spmm<T, I>& a, T* weights_grad, std::int64_t first, std::int64_t last) noexcept {
    MAREY_DISPATCH(spmm_weights_backward_kernel, a, weights_grad, first, last)}

#define MAREY_INSTANTIATE(T, I)                                               \
  template void spmm(const Spmm<T, I>&, std::int64_t, std::int64_t) noexcept; \
  template void spmm_weights_backward(const Spmm<T, I>&, T*, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(float, std::int32_t) MAREY_INSTANTIATE(float, std::int64_t) MAREY_INSTANTIATE(double, std::int32_t)
    MAREY_INSTANTIATE(double, std::int64_t)

}  // namespace marey::graph
