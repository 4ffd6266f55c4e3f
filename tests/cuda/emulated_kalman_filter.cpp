// The Kalman filter's CUDA kernel on the emulated device, for ctypes.
#include "../../cuda/kernels/kalman_filter.cu"

// sizes: series, states, outputs, length, model, continued, mask per output, single. arrays: y F H Q R x0 P0 dt
// parameters mean cov loglik; strides: series and step of each of the first nine.
extern "C" int emulated_kalman_filter(const std::int64_t* sizes, void* const* arrays, const std::int64_t* strides,
                                      const std::uint8_t* mask, unsigned seed) {
  emulator::seed = seed;
  const bool single = sizes[7] != 0;
  const auto reals = [&](int i) {
    return marey::state_space::Reals{arrays[i], single, strides[2 * i], strides[2 * i + 1]};
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
  return marey::cuda::kalman_filter({p, arrays[9], arrays[10], arrays[11], single}, nullptr);
}
