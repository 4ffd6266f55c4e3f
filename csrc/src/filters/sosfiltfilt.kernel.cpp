// Second-order sections forward and backward over a padded signal: cascade_kernel.hpp for the method.
#include "marey/filters/cascade_kernel.hpp"

namespace marey::filters::MAREY_LEVEL {

template <typename T>
void sosfiltfilt_kernel(const ZeroPhase<T>& a, int64_t begin, int64_t end, double* scratch) noexcept {
  zero_phase_items<2>(a, begin, end, scratch);
}

template void sosfiltfilt_kernel(const ZeroPhase<float>&, int64_t, int64_t, double*) noexcept;
template void sosfiltfilt_kernel(const ZeroPhase<double>&, int64_t, int64_t, double*) noexcept;

}  // namespace marey::filters::MAREY_LEVEL
