// sosfilt, backward: sections of order 2, by cascade_backward.cuh.
#include "marey/cuda/cascade_backward.cuh"

namespace marey::cuda {

template <typename T>
std::size_t sosfilt_backward_workspace(const Sections& s) noexcept {
  return cascade::for_sections(s, [&](auto form) { return cascade::workspace_backward<T, decltype(form)>(s); });
}

template <typename T>
cudaError_t sosfilt_backward(const CascadeBackward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  return cascade::for_sections(
      a.s, [&](auto form) { return cascade::run_backward<T, decltype(form)>(a, workspace, stream); });
}

template std::size_t sosfilt_backward_workspace<float>(const Sections&) noexcept;
template std::size_t sosfilt_backward_workspace<double>(const Sections&) noexcept;
template cudaError_t sosfilt_backward(const CascadeBackward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t sosfilt_backward(const CascadeBackward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
