// The Kalman operations' CUDA kernels on the emulated device, for ctypes.
#include "../../cuda/kernels/kalman_filter.cu"
#include "../../cuda/kernels/kalman_loglik_backward.cu"
#include "../../cuda/kernels/kalman_smoother.cu"

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

}  // namespace

// sizes: series, states, outputs, length, model, continued, mask per output, single, state single, one cov for all.
// arrays: y F H Q R x0 P0 dt parameters; strides: series and step of each. Then by what is run
//   0, filter: mean cov loglik, written
//   1, its adjoint: mean cov loglik, coming in; gradients of y F H Q R x0 P0
//   2, smoother: mean cov loglik, written
extern "C" int emulated_kalman(int what, const std::int64_t* sizes, void* const* arrays, const std::int64_t* strides,
                               const std::uint8_t* mask, unsigned seed) {
  emulator::seed = seed;
  const bool single = sizes[7] != 0, state_single = sizes[8] != 0;
  const auto reals = [&](int i) {
    return marey::state_space::Reals{arrays[i],
                                     i == 8             ? false
                                     : i == 5 || i == 6 ? state_single
                                                        : single,
                                     strides[2 * i], strides[2 * i + 1]};
  };
  marey::state_space::KalmanProblem p;
  p.n_series = sizes[0];
  p.n_states = sizes[1];
  p.n_outputs = sizes[2];
  p.length = sizes[3];
  p.model = marey::state_space::Model(sizes[4]);
  p.continued = sizes[5] != 0;
  p.mask = mask;
  p.mask_per_output = sizes[6] != 0;
  p.y = reals(0);
  p.F = reals(1);
  p.H = reals(2);
  p.Q = reals(3);
  p.R = reals(4);
  p.x0 = reals(5);
  p.P0 = reals(6);
  p.dt = reals(7);
  p.parameters = reals(8);
  void* const* const rest = arrays + 9;
  if (what == 0) {
    Workspace w(marey::cuda::kalman_filter_workspace(p));
    return w.checked(
        marey::cuda::kalman_filter({p, rest[0], rest[1], rest[2], state_single}, w.memory.data(), nullptr));
  }
  if (what == 2) {
    Workspace w(marey::cuda::kalman_smoother_workspace(p));
    return w.checked(
        marey::cuda::kalman_smoother({p, rest[0], rest[1], rest[2], state_single}, w.memory.data(), nullptr));
  }
  const std::int64_t n = p.n_states, T = p.length;
  const marey::cuda::KalmanGradient a{p,
                                      {rest[0], state_single, n * T, 0},
                                      {rest[1], state_single, sizes[9] ? 0 : n * n * T, 0},
                                      {rest[2], state_single, 1, 0},
                                      rest[3],
                                      rest[4],
                                      rest[5],
                                      rest[6],
                                      rest[7],
                                      rest[8],
                                      rest[9]};
  Workspace w(marey::cuda::kalman_loglik_backward_workspace(p));
  return w.checked(marey::cuda::kalman_loglik_backward(a, w.memory.data(), nullptr));
}
