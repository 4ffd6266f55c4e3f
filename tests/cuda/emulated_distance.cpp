// The distances' CUDA kernels on the emulated device, for ctypes.
#include "../../cuda/kernels/dtw_cdist.cu"
#include "../../cuda/kernels/soft_dtw.cu"
#include "../../cuda/kernels/soft_dtw_backward.cu"

namespace {

// As many bytes as a kernel asks for, no numbers in them; behind them marks that it must leave.
struct Workspace {
  static constexpr std::size_t guard = 4096;
  std::vector<unsigned char> memory;

  explicit Workspace(std::size_t bytes) : memory(bytes + guard, 0xff) {
    std::fill(memory.end() - guard, memory.end(), 0xa5);
  }
  int checked(int status) const {
    const bool kept = std::all_of(memory.end() - guard, memory.end(), [](unsigned char c) { return c == 0xa5; });
    return kept ? status : -1;
  }
};

template <typename T>
int cdist(const std::int64_t* sizes, void* const* p) {
  using marey::distance::Series;
  const Series<T> x{static_cast<T*>(p[0]), sizes[0], sizes[1], sizes[2], static_cast<std::int64_t*>(p[2])};
  const Series<T> y{static_cast<T*>(p[1]), sizes[3], sizes[1], sizes[4], static_cast<std::int64_t*>(p[3])};
  const bool symmetric = p[1] == nullptr;
  const marey::distance::Cdist<T> a{x, symmetric ? x : y, sizes[5], symmetric, nullptr, nullptr, static_cast<T*>(p[4])};
  Workspace w(marey::cuda::dtw_cdist_workspace(a));
  return w.checked(marey::cuda::dtw_cdist(a, w.memory.data(), nullptr));
}

template <typename T>
int soft(int backward, const std::int64_t* sizes, double gamma, void* const* p) {
  const marey::distance::SoftDtw<T> a{sizes[0],
                                      sizes[1],
                                      sizes[2],
                                      sizes[3],
                                      static_cast<T*>(p[0]),
                                      static_cast<T*>(p[1]),
                                      static_cast<std::int64_t*>(p[2]),
                                      static_cast<std::int64_t*>(p[3]),
                                      T(gamma),
                                      sizes[4]};
  if (backward) {
    Workspace w(marey::cuda::soft_dtw_backward_workspace(a));
    return w.checked(marey::cuda::soft_dtw_backward(a, static_cast<T*>(p[4]), static_cast<T*>(p[5]),
                                                    static_cast<T*>(p[6]), w.memory.data(), nullptr));
  }
  Workspace w(marey::cuda::soft_dtw_workspace(a));
  return w.checked(marey::cuda::soft_dtw(a, static_cast<T*>(p[4]), w.memory.data(), nullptr));
}

}  // namespace

// sizes: n, channels, length of x; n, length of y; window. arrays: x y x_offsets y_offsets out.
extern "C" int emulated_dtw_cdist(int single, const std::int64_t* sizes, void* const* arrays, unsigned seed) {
  emulator::seed = seed;
  return single ? cdist<float>(sizes, arrays) : cdist<double>(sizes, arrays);
}

// sizes: pairs, channels, n, m, window. arrays: x y x_lengths y_lengths, then out; backward: grad grad_x grad_y.
extern "C" int emulated_soft_dtw(int single, int backward, const std::int64_t* sizes, double gamma, void* const* arrays,
                                 unsigned seed) {
  emulator::seed = seed;
  return single ? soft<float>(backward, sizes, gamma, arrays) : soft<double>(backward, sizes, gamma, arrays);
}
