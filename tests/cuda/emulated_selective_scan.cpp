// selective_scan's CUDA kernels on the emulated device, for ctypes.
#include "../../cuda/kernels/selective_scan.cu"
#include "../../cuda/kernels/selective_scan_backward.cu"

namespace {

using marey::cuda::SelectiveBackward;
using marey::cuda::SelectiveForward;
using marey::scan::SelectiveScanShape;

struct Workspace {
  explicit Workspace(std::size_t bytes)
      : memory(static_cast<unsigned char*>(std::aligned_alloc(32, (bytes + 63) / 32 * 32))) {
    std::memset(memory, 0xff, bytes);  // what the kernels do not write is no number
  }
  ~Workspace() { std::free(memory); }
  unsigned char* memory;
};

// u delta A B C D z delta_bias h0 dt_scale, then out hT states, or states grad_out grad_hT and the gradients in order.
template <typename T, typename S>
int run(bool is_backward, const SelectiveScanShape& s, void* const* p) {
  const auto t = [&](int i) { return static_cast<T*>(p[i]); };
  const auto f = [&](int i) { return static_cast<S*>(p[i]); };
  SelectiveForward<T, S> a{s, t(0), t(1), f(2), t(3), t(4), f(5), t(6), f(7), f(8), f(9), nullptr, nullptr, nullptr};
  if (!is_backward) {
    a.out = t(10);
    a.hT = f(11);
    a.states = f(12);
    const Workspace workspace(marey::cuda::selective_scan_workspace<S>(s));
    return marey::cuda::selective_scan(a, workspace.memory, nullptr);
  }
  a.states = f(10);
  const SelectiveBackward<T, S> b{a,     t(11), f(12), t(13), t(14), f(15), t(16),
                                  t(17), f(18), t(19), f(20), f(21), f(22)};
  const Workspace workspace(marey::cuda::selective_scan_backward_workspace<S>(s));
  return marey::cuda::selective_scan_backward(b, workspace.memory, nullptr);
}

}  // namespace

// sizes: series, channels, length, states, groups, B varies, C varies, softplus, channels last. types: 0 float, 1
// double, 2 half, 3 bfloat16.
extern "C" int emulated_selective_scan(int is_backward, int types, const std::int64_t* n, const std::uint8_t* reset,
                                       void* const* arrays, unsigned seed, int resident_blocks,
                                       std::int64_t enough_blocks) {
  marey::cuda::selective::enough_blocks = enough_blocks;
  emulator::seed = seed;
  emulator::resident_blocks = resident_blocks;
  const SelectiveScanShape s{n[0], n[1], n[2], n[3], n[4], n[5] != 0, n[6] != 0, n[7] != 0, n[8] != 0, reset};
  switch (types) {
    case 0: return run<float, float>(is_backward, s, arrays);
    case 1: return run<double, double>(is_backward, s, arrays);
    case 2: return run<__half, float>(is_backward, s, arrays);
    default: return run<__nv_bfloat16, float>(is_backward, s, arrays);
  }
}

// How a call is cut: warps, rounds, segments.
extern "C" void emulated_selective_plan(const std::int64_t* n, int backward, std::int64_t* plan,
                                        std::int64_t enough_blocks) {
  marey::cuda::selective::enough_blocks = enough_blocks;
  const SelectiveScanShape s{n[0], n[1], n[2], n[3], n[4], true, true, false, false, nullptr};
  const auto p = marey::cuda::selective::Plan::of<float>(s, backward != 0);
  plan[0] = p.warps;
  plan[1] = p.rounds;
  plan[2] = p.segments;
}
