// Cascades of second-order sections: cascade.hpp for the equations, cascade_kernel.hpp for the method.
#include "marey/filters/cascade_backward_kernel.hpp"

namespace marey::filters::MAREY_LEVEL {

template <typename T>
void sosfilt_kernel(const CascadeForward<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
  forward_items<2>(a, begin, end, scratch);
}

template <typename T>
void sosfilt_backward_kernel(const CascadeBackward<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
  backward_items<2>(a, begin, end, scratch);
}

#define MAREY_INSTANTIATE(T)                                                                  \
  template void sosfilt_kernel(const CascadeForward<T>&, int64_t, int64_t, double*) noexcept; \
  template void sosfilt_backward_kernel(const CascadeBackward<T>&, int64_t, int64_t, double*) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::filters::MAREY_LEVEL
