// Filters by numerator and denominator, of any order: cascade.hpp for the equations, cascade_kernel.hpp for the method.
#include "marey/filters/cascade_backward_kernel.hpp"
#include "marey/filters/orders.hpp"

namespace marey::filters::MAREY_LEVEL {

template <typename T>
void lfilter_kernel(const CascadeForward<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
  MAREY_FOR_ORDER(a.cascade.recursive ? a.cascade.order : 0, forward_items, a, begin, end, scratch)
}

template <typename T>
void lfilter_backward_kernel(const CascadeBackward<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
    MAREY_FOR_ORDER(a.cascade.recursive ? a.cascade.order : 0, backward_items, a, begin, end, scratch)}

#define MAREY_INSTANTIATE(T)                                                                  \
  template void lfilter_kernel(const CascadeForward<T>&, int64_t, int64_t, double*) noexcept; \
  template void lfilter_backward_kernel(const CascadeBackward<T>&, int64_t, int64_t, double*) noexcept;
MAREY_INSTANTIATE(float) MAREY_INSTANTIATE(double)

}  // namespace marey::filters::MAREY_LEVEL
