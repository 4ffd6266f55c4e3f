// sosfilt: sections of order 2, by cascade_forward.cuh.
#include "marey/cuda/cascade_forward.cuh"

namespace marey::cuda {

template <typename T>
std::size_t sosfilt_workspace(const Sections& s) noexcept {
  return cascade::for_sections(s, [&](auto form) { return cascade::workspace<T, decltype(form)>(s); });
}

template <typename T>
cudaError_t sosfilt(const CascadeForward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  return cascade::for_sections(a.s, [&](auto form) { return cascade::run<T, decltype(form)>(a, workspace, stream); });
}

template std::size_t sosfilt_workspace<float>(const Sections&) noexcept;
template std::size_t sosfilt_workspace<double>(const Sections&) noexcept;
template cudaError_t sosfilt(const CascadeForward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t sosfilt(const CascadeForward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
