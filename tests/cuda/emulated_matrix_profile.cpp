// The CUDA kernels of matrix_profile on the emulated device, for ctypes.
#include "../../cuda/kernels/matrix_profile.cu"

// sizes: n, n_other, m, exclusion. outputs: distance, left and right, then their indices; left and right null with
// other. -1: written past the workspace.
extern "C" int emulated_matrix_profile(const std::int64_t* sizes, const double* t, const double* other,
                                       const std::int64_t* length, void* const* outputs, unsigned seed) {
  emulator::seed = seed;
  const auto distance = [&](int i) { return static_cast<double*>(outputs[i]); };
  const auto index = [&](int i) { return static_cast<std::int64_t*>(outputs[i]); };
  const marey::cuda::MatrixProfile a{t,           other,       length,      sizes[0], sizes[1], sizes[2], sizes[3],
                                     distance(0), distance(1), distance(2), index(3), index(4), index(5)};
  const std::size_t bytes = marey::cuda::matrix_profile_workspace(a), guard = 4096;
  std::vector<unsigned char> memory(bytes + guard, 0xff);
  std::fill(memory.end() - guard, memory.end(), 0xa5);
  const int status = marey::cuda::matrix_profile(a, memory.data(), nullptr);
  const bool kept = std::all_of(memory.end() - guard, memory.end(), [](unsigned char c) { return c == 0xa5; });
  return kept ? status : -1;
}
