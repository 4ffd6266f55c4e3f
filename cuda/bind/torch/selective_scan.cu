#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "device.cuh"
#include "marey/cuda/selective_scan.cuh"
#include "selective_scan.hpp"

namespace marey::torch_ops {
template <>
inline constexpr ScalarType scalar_type<__half> = ScalarType::Half;
template <>
inline constexpr ScalarType scalar_type<__nv_bfloat16> = ScalarType::BFloat16;
}  // namespace marey::torch_ops

using namespace marey::torch_ops;
using marey::scan::SelectiveScanShape;

namespace {

void check_device(const OnDevice& device, const SelectiveScanArguments& a) {
  device.check(a.u, "u");
  device.check(a.delta, "delta");
  device.check(a.A, "A");
  device.check(a.B, "B");
  device.check(a.C, "C");
  device.check(a.D, "D");
  device.check(a.z, "z");
  device.check(a.delta_bias, "delta_bias");
  device.check(a.h0, "h0");
  device.check(a.dt_scale, "dt_scale");
  device.check(a.reset, "reset");
}

template <typename T, typename S>
marey::cuda::SelectiveForward<T, S> pointers(const SelectiveScanShape& s, const SelectiveScanArguments& a) {
  return {s,
          data<T>(a.u, "u"),
          data<T>(a.delta, "delta"),
          data<S>(a.A, "A"),
          data<T>(a.B, "B"),
          data<T>(a.C, "C"),
          data<S>(a.D, "D"),
          data<T>(a.z, "z"),
          data<S>(a.delta_bias, "delta_bias"),
          data<S>(a.h0, "h0"),
          data<S>(a.dt_scale, "dt_scale"),
          nullptr,
          nullptr,
          nullptr};
}

// Calls run.operator()<T, S>() for the type of the signals and that of the state.
template <typename Run>
auto with_types(const Tensor& u, const Run& run) {
  switch (u.scalar_type()) {
    case ScalarType::Double: return run.template operator()<double, double>();
    case ScalarType::Half: return run.template operator()<__half, float>();
    case ScalarType::BFloat16: return run.template operator()<__nv_bfloat16, float>();
    default: return run.template operator()<float, float>();
  }
}

SelectiveScanResults selective_scan(const Tensor u, const Tensor delta, const Tensor A, const Tensor B, const Tensor C,
                                    const OptionalTensor D, const OptionalTensor z, const OptionalTensor delta_bias,
                                    const OptionalTensor h0, const OptionalTensor dt_scale, const OptionalTensor reset,
                                    bool softplus, bool channels_last, bool save) {
  const OnDevice device(u);
  const SelectiveScanArguments arguments{u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset};
  check_device(device, arguments);
  const SelectiveScanShape s = selective_scan_shape(arguments, softplus, channels_last);
  return with_types(u, [&]<typename T, typename S>() {
    Tensor out = make_output<T>(u, {u.size(0), u.size(1), u.size(2)});
    Tensor hT = make_output<S>(u, {s.n_series, s.n_channels, s.n_states});
    const std::int64_t chunks = marey::cuda::selective_chunks(s.length);
    Tensor states = save ? make_output<S>(u, {s.n_series, chunks, s.n_states, s.n_channels}) : make_output<S>(u, {0});
    auto a = pointers<T, S>(s, arguments);
    a.out = mutable_data<T>(out);
    a.hT = mutable_data<S>(hT);
    a.states = save ? mutable_data<S>(states) : nullptr;
    Tensor workspace = make_workspace(u, marey::cuda::selective_scan_workspace<S>(s));
    STD_CUDA_CHECK(marey::cuda::selective_scan(a, workspace.mutable_data_ptr(), device.stream()));
    return SelectiveScanResults{out, hT, states};
  });
}

SelectiveScanGradients selective_scan_backward(const Tensor grad_out, const OptionalTensor grad_hT, const Tensor u,
                                               const Tensor delta, const Tensor A, const Tensor B, const Tensor C,
                                               const OptionalTensor D, const OptionalTensor z,
                                               const OptionalTensor delta_bias, const OptionalTensor h0,
                                               const OptionalTensor dt_scale, const OptionalTensor reset,
                                               const Tensor states, bool softplus, bool channels_last) {
  const OnDevice device(u);
  const SelectiveScanArguments arguments{u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset};
  check_device(device, arguments);
  device.check(grad_out, "grad_out");
  device.check(grad_hT, "grad_hT");
  device.check(states, "states");
  const SelectiveScanShape s = selective_scan_shape(arguments, softplus, channels_last);
  check_gradients(s, arguments, grad_out, grad_hT);
  STD_TORCH_CHECK(states.numel() == s.n_series * marey::cuda::selective_chunks(s.length) * s.n_states * s.n_channels,
                  "`states` must be those of a call that saves them");
  return with_types(u, [&]<typename T, typename S>() {
    Tensor grad_u = gradient_of<T>(u, u), grad_delta = gradient_of<T>(u, delta), grad_A = gradient_of<S>(u, A);
    Tensor grad_B = gradient_of<T>(u, B), grad_C = gradient_of<T>(u, C), grad_D = gradient_of<S>(u, D);
    Tensor grad_z = gradient_of<T>(u, z), grad_delta_bias = gradient_of<S>(u, delta_bias);
    Tensor grad_h0 = gradient_of<S>(u, h0), grad_dt_scale = gradient_of<S>(u, dt_scale);
    auto forward = pointers<T, S>(s, arguments);
    forward.states = const_cast<S*>(data<S>(states, "states"));
    const marey::cuda::SelectiveBackward<T, S> a{forward,
                                                 data<T>(grad_out, "grad_out"),
                                                 data<S>(grad_hT, "grad_hT"),
                                                 mutable_data<T>(grad_u),
                                                 mutable_data<T>(grad_delta),
                                                 mutable_data<S>(grad_A),
                                                 mutable_data<T>(grad_B),
                                                 mutable_data<T>(grad_C),
                                                 gradient_data<S>(grad_D, D),
                                                 gradient_data<T>(grad_z, z),
                                                 gradient_data<S>(grad_delta_bias, delta_bias),
                                                 gradient_data<S>(grad_h0, h0),
                                                 gradient_data<S>(grad_dt_scale, dt_scale)};
    Tensor workspace = make_workspace(u, marey::cuda::selective_scan_backward_workspace<S>(s));
    STD_CUDA_CHECK(marey::cuda::selective_scan_backward(a, workspace.mutable_data_ptr(), device.stream()));
    return SelectiveScanGradients{grad_u, grad_delta, grad_A,          grad_B,  grad_C,
                                  grad_D, grad_z,     grad_delta_bias, grad_h0, grad_dt_scale};
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("selective_scan", TORCH_BOX(&selective_scan));
  m.impl("selective_scan_backward", TORCH_BOX(&selective_scan_backward));
}
