// decay_scan's CUDA kernels on the emulated device, for ctypes.
#include "../../cuda/kernels/decay_scan.cu"
#include "../../cuda/kernels/decay_scan_backward.cu"

namespace {

using marey::scan::DecayScanShape;
using marey::scan::MaskKind;

struct Workspace {
  explicit Workspace(std::size_t bytes)
      : memory(static_cast<unsigned char*>(std::aligned_alloc(32, (bytes + 31) / 32 * 32))) {
    std::memset(memory, 0xff, bytes);  // what the kernels do not clear themselves is no zero
  }
  ~Workspace() { std::free(memory); }
  unsigned char* memory;
};

template <typename T, typename S>
int forward(const DecayScanShape& shape, void* const* p) {
  const marey::scan::DecayScan<T, S> a{shape,
                                       static_cast<T*>(p[0]),
                                       static_cast<T*>(p[1]),
                                       static_cast<T*>(p[2]),
                                       static_cast<S*>(p[3]),
                                       static_cast<T*>(p[4]),
                                       static_cast<S*>(p[5])};
  const Workspace workspace(marey::cuda::decay_scan_workspace<T>(shape));
  return marey::cuda::decay_scan(a, workspace.memory, nullptr);
}

template <typename T, typename S>
int backward(const DecayScanShape& shape, void* const* p) {
  const marey::scan::DecayScanBackward<T, S> a{shape,
                                               static_cast<T*>(p[0]),
                                               static_cast<T*>(p[1]),
                                               static_cast<T*>(p[2]),
                                               static_cast<T*>(p[3]),
                                               static_cast<S*>(p[4]),
                                               static_cast<S*>(p[5]),
                                               static_cast<T*>(p[6]),
                                               static_cast<T*>(p[7]),
                                               static_cast<T*>(p[8]),
                                               static_cast<S*>(p[9])};
  const Workspace workspace(marey::cuda::decay_scan_backward_workspace<T>(shape));
  return marey::cuda::decay_scan_backward(a, workspace.memory, nullptr);
}

}  // namespace

// sizes: series, channels, length, total, channels last, mask kind. types: 0 float/float, 1 float/double, 2 double.
// arrays, forward: x dt rate h0 h hT; backward: grad_h h dt rate h0 grad_hT grad_x grad_dt grad_rate grad_h0.
extern "C" int emulated_decay_scan(int is_backward, int types, const std::int64_t* sizes, const std::int64_t* offsets,
                                   const std::uint8_t* mask, void* const* arrays, unsigned seed, int resident_blocks) {
  emulator::seed = seed;
  emulator::resident_blocks = resident_blocks;
  const DecayScanShape shape{sizes[0], sizes[1], sizes[2], offsets, sizes[3], sizes[4] != 0, MaskKind(sizes[5]), mask};
  if (is_backward) {
    return types == 0   ? backward<float, float>(shape, arrays)
           : types == 1 ? backward<float, double>(shape, arrays)
                        : backward<double, double>(shape, arrays);
  }
  return types == 0   ? forward<float, float>(shape, arrays)
         : types == 1 ? forward<float, double>(shape, arrays)
                      : forward<double, double>(shape, arrays);
}

extern "C" std::int64_t emulated_series_after(std::int64_t length, std::int64_t n) {
  DecayScanShape shape;
  shape.length = length;
  return marey::cuda::Timeline(shape).series_after(n);
}
