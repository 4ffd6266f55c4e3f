// Numerator and denominator forward and backward over a padded signal: cascade_kernel.hpp for the method.
#include "marey/filters/cascade_kernel.hpp"
#include "marey/filters/orders.hpp"

namespace marey::filters::MAREY_LEVEL {

template <typename T>
void filtfilt_kernel(const ZeroPhase<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
  MAREY_FOR_ORDER(a.cascade.recursive ? a.cascade.order : 0, zero_phase_items, a, begin, end, scratch)
}

template void filtfilt_kernel(const ZeroPhase<float>&, int64_t, int64_t, double*) noexcept;
template void filtfilt_kernel(const ZeroPhase<double>&, int64_t, int64_t, double*) noexcept;

}  // namespace marey::filters::MAREY_LEVEL
