// The CUDA kernels of sosfilt and lfilter on the emulated device, for ctypes.
#include "../../cuda/kernels/lfilter.cu"
#include "../../cuda/kernels/lfilter_backward.cu"
#include "../../cuda/kernels/sosfilt.cu"
#include "../../cuda/kernels/sosfilt_backward.cu"

namespace {

using namespace marey::cuda;

struct Workspace {
  explicit Workspace(std::size_t bytes)
      : memory(static_cast<unsigned char*>(std::aligned_alloc(256, (bytes + 511) / 256 * 256))) {
    std::memset(memory, 0xff, bytes);  // what the kernels do not clear themselves is no zero
  }
  ~Workspace() { std::free(memory); }
  unsigned char* memory;
};

template <typename T>
int forward(const Sections& s, bool one_section, void* const* p) {
  const CascadeForward<T> a{s, static_cast<T*>(p[0]), static_cast<double*>(p[1]), static_cast<T*>(p[2]),
                            static_cast<double*>(p[3])};
  const Workspace workspace(one_section ? lfilter_workspace<T>(s) : sosfilt_workspace<T>(s));
  return one_section ? lfilter(a, workspace.memory, nullptr) : sosfilt(a, workspace.memory, nullptr);
}

template <typename T>
int backward(const Sections& s, bool one_section, void* const* p) {
  const CascadeBackward<T> a{s,
                             static_cast<T*>(p[0]),
                             static_cast<double*>(p[1]),
                             static_cast<T*>(p[2]),
                             static_cast<double*>(p[3]),
                             static_cast<T*>(p[4]),
                             static_cast<double*>(p[5]),
                             static_cast<double*>(p[6])};
  const Workspace workspace(one_section ? lfilter_backward_workspace<T>(s) : sosfilt_backward_workspace<T>(s));
  return one_section ? lfilter_backward(a, workspace.memory, nullptr) : sosfilt_backward(a, workspace.memory, nullptr);
}

}  // namespace

// sizes: channels, length, sections, order, a filter each, reset's stride, whether lfilter is meant.
// arrays, forward: x zi y zf; backward: grad_y grad_zf x zi grad_x grad_zi grad_sections.
extern "C" int emulated_cascade(int is_backward, int is_double, const std::int64_t* sizes, const double* sections,
                                const std::uint8_t* reset, void* const* arrays, unsigned seed, int resident_blocks) {
  emulator::seed = seed;
  emulator::resident_blocks = resident_blocks;
  const Sections s{sizes[0], sizes[1], sizes[2], sizes[3], sections, sizes[4] != 0, reset, sizes[5]};
  const bool one_section = sizes[6] != 0;
  if (is_backward)
    return is_double ? backward<double>(s, one_section, arrays) : backward<float>(s, one_section, arrays);
  return is_double ? forward<double>(s, one_section, arrays) : forward<float>(s, one_section, arrays);
}
