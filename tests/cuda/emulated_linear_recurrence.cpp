// linear_recurrence's CUDA kernels on the emulated device, for ctypes.
#include "../../cuda/kernels/linear_recurrence.cu"
#include "../../cuda/kernels/linear_recurrence_backward.cu"

namespace {

using marey::cuda::bfloat16;
using marey::scan::LinearRecurrenceShape;

struct Workspace {
  explicit Workspace(std::size_t bytes)
      : memory(static_cast<unsigned char*>(std::aligned_alloc(32, (bytes + 31) / 32 * 32))) {
    std::memset(memory, 0xff, bytes);  // what the kernels do not clear themselves is no zero
  }
  ~Workspace() { std::free(memory); }
  unsigned char* memory;
};

template <typename IO, typename S>
int call(bool is_backward, const LinearRecurrenceShape& shape, void* const* p) {
  const Workspace workspace(marey::cuda::linear_recurrence_workspace<IO>(shape));
  const auto io = [&](int i) { return static_cast<IO*>(p[i]); };
  const auto state = [&](int i) { return static_cast<S*>(p[i]); };
  if (is_backward) {
    const marey::scan::LinearRecurrenceBackward<IO, S> a{shape,    io(0), io(1), io(2),   state(3),
                                                         state(4), io(5), io(6), state(7)};
    return marey::cuda::linear_recurrence_backward(a, workspace.memory, nullptr);
  }
  const marey::scan::LinearRecurrence<IO, S> a{shape, io(0), io(1), state(2), io(3), state(4)};
  return marey::cuda::linear_recurrence(a, workspace.memory, nullptr);
}

}  // namespace

// sizes: series, channels, length, reverse, channels last, reset per channel. types: 0 float/float, 1 float/double, 2
// double, 3 bfloat16/float. arrays, forward: a x h0 h hT; backward: grad_h h a h0 grad_hT grad_a grad_x grad_h0.
extern "C" int emulated_linear_recurrence(int is_backward, int types, const std::int64_t* sizes,
                                          const std::uint8_t* reset, void* const* arrays, unsigned seed,
                                          int resident_blocks) {
  emulator::seed = seed;
  emulator::resident_blocks = resident_blocks;
  LinearRecurrenceShape shape;
  shape.n_series = sizes[0];
  shape.n_channels = sizes[1];
  shape.length = sizes[2];
  shape.reverse = sizes[3] != 0;
  shape.channels_last = sizes[4] != 0;
  shape.reset_per_channel = sizes[5] != 0;
  shape.reset = reset;
  return types == 0   ? call<float, float>(is_backward, shape, arrays)
         : types == 1 ? call<float, double>(is_backward, shape, arrays)
         : types == 2 ? call<double, double>(is_backward, shape, arrays)
                      : call<bfloat16, float>(is_backward, shape, arrays);
}

extern "C" std::uint16_t emulated_to_bfloat16(float value) { return bfloat16(value).bits; }
extern "C" float emulated_from_bfloat16(std::uint16_t bits) {
  bfloat16 value;
  value.bits = bits;
  return float(value);
}
