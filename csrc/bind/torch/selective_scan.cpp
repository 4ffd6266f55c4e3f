#include "selective_scan.hpp"

using namespace marey::torch_ops;
using marey::scan::SelectiveScanShape;

namespace {

template <typename T>
marey::scan::SelectiveScan<T> pointers(const SelectiveScanShape& s, const SelectiveScanArguments& a) {
  return {s,
          data<T>(a.u, "u"),
          data<T>(a.delta, "delta"),
          data<T>(a.A, "A"),
          data<T>(a.B, "B"),
          data<T>(a.C, "C"),
          data<T>(a.D, "D"),
          data<T>(a.z, "z"),
          data<T>(a.delta_bias, "delta_bias"),
          data<T>(a.h0, "h0"),
          data<T>(a.dt_scale, "dt_scale"),
          nullptr,
          nullptr,
          nullptr};
}

template <typename T>
SelectiveScanResults forward(const SelectiveScanShape& s, const SelectiveScanArguments& arguments, bool save) {
  const Tensor& u = arguments.u;
  Tensor out = make_output<T>(u, {u.size(0), u.size(1), u.size(2)});
  Tensor hT = make_output<T>(u, {s.n_series, s.n_channels, s.n_states});
  Tensor states = save ? make_output<T>(u, {s.n_series, s.chunks(), s.n_states, s.n_channels}) : make_output<T>(u, {0});
  auto a = pointers<T>(s, arguments);
  a.out = mutable_data<T>(out);
  a.hT = mutable_data<T>(hT);
  a.states = save ? mutable_data<T>(states) : nullptr;
  torch::stable::parallel_for(0, s.items(), s.grain(), [&](std::int64_t begin, std::int64_t end) {
    marey::scan::selective_scan(a, begin, end);
  });
  return {out, hT, states};
}

template <typename T>
SelectiveScanGradients backward(const SelectiveScanShape& s, const SelectiveScanArguments& arguments,
                                const Tensor& grad_out, const OptionalTensor& grad_hT, const Tensor& states) {
  const auto& [u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset] = arguments;
  STD_TORCH_CHECK(states.numel() == s.n_series * s.chunks() * s.n_states * s.n_channels,
                  "`states` must be those of a call that saves them");
  Tensor grad_u = gradient_of<T>(u, u), grad_delta = gradient_of<T>(u, delta), grad_A = gradient_of<T>(u, A);
  Tensor grad_B = gradient_of<T>(u, B), grad_C = gradient_of<T>(u, C), grad_D = gradient_of<T>(u, D);
  Tensor grad_z = gradient_of<T>(u, z), grad_delta_bias = gradient_of<T>(u, delta_bias);
  Tensor grad_h0 = gradient_of<T>(u, h0), grad_dt_scale = gradient_of<T>(u, dt_scale);
  auto forward = pointers<T>(s, arguments);
  forward.states = const_cast<T*>(data<T>(states, "states"));
  const marey::scan::SelectiveScanBackward<T> a{forward,
                                                data<T>(grad_out, "grad_out"),
                                                data<T>(grad_hT, "grad_hT"),
                                                mutable_data<T>(grad_u),
                                                mutable_data<T>(grad_delta),
                                                mutable_data<T>(grad_A),
                                                mutable_data<T>(grad_B),
                                                mutable_data<T>(grad_C),
                                                gradient_data<T>(grad_D, D),
                                                gradient_data<T>(grad_z, z),
                                                gradient_data<T>(grad_delta_bias, delta_bias),
                                                gradient_data<T>(grad_h0, h0),
                                                gradient_data<T>(grad_dt_scale, dt_scale)};
  using Sums = marey::scan::SelectiveScanSums<T>;
  std::vector<double> parameters(Sums::n_parameters(s));
  std::vector<T> steps(Sums::n_steps(s));
  const Sums sums{parameters.data(), steps.data()};
  torch::stable::parallel_for(0, s.items(), s.grain(), [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> scratch(Sums::n_scratch(s));
    marey::scan::selective_scan_backward(a, sums, scratch.data(), begin, end);
  });
  marey::scan::selective_scan_backward_finish(a, sums);
  return {grad_u, grad_delta, grad_A, grad_B, grad_C, grad_D, grad_z, grad_delta_bias, grad_h0, grad_dt_scale};
}

SelectiveScanResults selective_scan(const Tensor u, const Tensor delta, const Tensor A, const Tensor B, const Tensor C,
                                    const OptionalTensor D, const OptionalTensor z, const OptionalTensor delta_bias,
                                    const OptionalTensor h0, const OptionalTensor dt_scale, const OptionalTensor reset,
                                    bool softplus, bool channels_last, bool save) {
  const SelectiveScanArguments a{u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset};
  const SelectiveScanShape s = selective_scan_shape(a, softplus, channels_last);
  return u.scalar_type() == ScalarType::Double ? forward<double>(s, a, save) : forward<float>(s, a, save);
}

SelectiveScanGradients selective_scan_backward(const Tensor grad_out, const OptionalTensor grad_hT, const Tensor u,
                                               const Tensor delta, const Tensor A, const Tensor B, const Tensor C,
                                               const OptionalTensor D, const OptionalTensor z,
                                               const OptionalTensor delta_bias, const OptionalTensor h0,
                                               const OptionalTensor dt_scale, const OptionalTensor reset,
                                               const Tensor states, bool softplus, bool channels_last) {
  const SelectiveScanArguments a{u, delta, A, B, C, D, z, delta_bias, h0, dt_scale, reset};
  const SelectiveScanShape s = selective_scan_shape(a, softplus, channels_last);
  check_gradients(s, a, grad_out, grad_hT);
  return u.scalar_type() == ScalarType::Double ? backward<double>(s, a, grad_out, grad_hT, states)
                                               : backward<float>(s, a, grad_out, grad_hT, states);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "selective_scan(Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, Tensor? D, Tensor? z, Tensor? delta_bias, "
      "Tensor? h0, Tensor? dt_scale, Tensor? reset, bool softplus, bool channels_last, bool save) -> (Tensor out, "
      "Tensor hT, Tensor states)");
  m.def(
      "selective_scan_backward(Tensor grad_out, Tensor? grad_hT, Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, "
      "Tensor? D, Tensor? z, Tensor? delta_bias, Tensor? h0, Tensor? dt_scale, Tensor? reset, Tensor states, bool "
      "softplus, bool channels_last) -> (Tensor grad_u, Tensor grad_delta, Tensor grad_A, Tensor grad_B, Tensor "
      "grad_C, Tensor grad_D, Tensor grad_z, Tensor grad_delta_bias, Tensor grad_h0, Tensor grad_dt_scale)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("selective_scan", TORCH_BOX(&selective_scan));
  m.impl("selective_scan_backward", TORCH_BOX(&selective_scan_backward));
}
