#include "marey/scan/s5_scan.hpp"

#include <tuple>
#include <vector>

#include "scan.hpp"

using namespace marey::torch_ops;
using marey::scan::S5ScanShape;

namespace {

// x is (B, P, T, 2), or (B, T, P, 2) with channels_last; Lambda (P, 2), dt and reset (B, T).
S5ScanShape shape_of(const Tensor& x, const Tensor& Lambda, const Tensor& dt, const OptionalTensor& reset,
                     bool channels_last) {
  STD_TORCH_CHECK(x.dim() == 4 && x.size(3) == 2, "`x` must be (batch, state, time, 2)");
  S5ScanShape s;
  s.n_series = x.size(0);
  s.n_states = x.size(channels_last ? 2 : 1);
  s.length = x.size(channels_last ? 1 : 2);
  s.channels_last = channels_last;
  STD_TORCH_CHECK(Lambda.dim() == 2 && Lambda.size(0) == s.n_states && Lambda.size(1) == 2,
                  "`Lambda` must be (state, 2)");
  STD_TORCH_CHECK(dt.dim() == 2 && dt.size(0) == s.n_series && dt.size(1) == s.length, "`dt` must be (batch, time)");
  if (reset) {
    STD_TORCH_CHECK(reset->dim() == 2 && reset->size(0) == s.n_series && reset->size(1) == s.length,
                    "`reset` must be (batch, time)");
    s.reset = reinterpret_cast<const std::uint8_t*>(data<bool>(*reset, "reset"));
  }
  return s;
}

void check_pairs(const OptionalTensor& state, const S5ScanShape& s, const char* name) {
  STD_TORCH_CHECK(!state || (state->dim() == 3 && state->size(0) == s.n_series && state->size(1) == s.n_states &&
                             state->size(2) == 2),
                  "`", name, "` must be (batch, state, 2)");
}

std::tuple<Tensor, Tensor> s5_scan(const Tensor x, const Tensor Lambda, const Tensor dt, const OptionalTensor h0,
                                   const OptionalTensor reset, bool channels_last) {
  const S5ScanShape s = shape_of(x, Lambda, dt, reset, channels_last);
  check_pairs(h0, s, "h0");
  return with_types(x, h0, [&]<typename T, typename S>() -> std::tuple<Tensor, Tensor> {
    Tensor h = make_output<T>(x, {x.size(0), x.size(1), x.size(2), 2});
    Tensor hT = make_output<S>(x, {s.n_series, s.n_states, 2});
    const marey::scan::S5Scan<T, S> call{s,
                                         data<T>(x, "x"),
                                         data<T>(Lambda, "Lambda"),
                                         data<T>(dt, "dt"),
                                         data<S>(h0, "h0"),
                                         mutable_data<T>(h),
                                         mutable_data<S>(hT)};
    torch::stable::parallel_for(0, marey::scan::s5_scan_items(s), marey::scan::s5_scan_grain(s),
                                [&](std::int64_t begin, std::int64_t end) { marey::scan::s5_scan(call, begin, end); });
    return {h, hT};
  });
}

std::tuple<Tensor, Tensor, Tensor, Tensor> s5_scan_backward(const Tensor grad_h, const Tensor grad_hT, const Tensor h,
                                                            const Tensor x, const Tensor Lambda, const Tensor dt,
                                                            const OptionalTensor h0, const OptionalTensor reset,
                                                            bool channels_last) {
  const S5ScanShape s = shape_of(x, Lambda, dt, reset, channels_last);
  check_pairs(h0, s, "h0");
  check_pairs(grad_hT, s, "grad_hT");
  STD_TORCH_CHECK(grad_h.numel() == x.numel() && h.numel() == x.numel(), "`grad_h` and `h` must be shaped like `x`");
  return with_types(x, grad_hT, [&]<typename T, typename S>() -> std::tuple<Tensor, Tensor, Tensor, Tensor> {
    Tensor grad_x = make_output<T>(x, {x.size(0), x.size(1), x.size(2), 2});
    Tensor grad_Lambda = make_output<T>(x, {s.n_states, 2});
    Tensor grad_dt = make_output<T>(x, {s.n_series, s.length});
    Tensor grad_h0 = make_output<S>(x, {s.n_series, s.n_states, 2});
    const marey::scan::S5ScanBackward<T, S> call{s,
                                                 data<T>(grad_h, "grad_h"),
                                                 data<T>(h, "h"),
                                                 data<T>(x, "x"),
                                                 data<T>(Lambda, "Lambda"),
                                                 data<T>(dt, "dt"),
                                                 data<S>(h0, "h0"),
                                                 data<S>(grad_hT, "grad_hT"),
                                                 mutable_data<T>(grad_x),
                                                 mutable_data<T>(grad_Lambda),
                                                 mutable_data<T>(grad_dt),
                                                 mutable_data<S>(grad_h0)};
    std::vector<double> workspace(marey::scan::s5_scan_backward_workspace(s));
    torch::stable::parallel_for(0, marey::scan::s5_scan_items(s), marey::scan::s5_scan_grain(s),
                                [&](std::int64_t begin, std::int64_t end) {
                                  marey::scan::s5_scan_backward(call, workspace.data(), begin, end);
                                });
    marey::scan::s5_scan_backward_finish(call, workspace.data());
    return {grad_x, grad_Lambda, grad_dt, grad_h0};
  });
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "s5_scan(Tensor x, Tensor Lambda, Tensor dt, Tensor? h0, Tensor? reset, bool channels_last) -> (Tensor h, Tensor "
      "hT)");
  m.def(
      "s5_scan_backward(Tensor grad_h, Tensor grad_hT, Tensor h, Tensor x, Tensor Lambda, Tensor dt, Tensor? h0, "
      "Tensor? reset, bool channels_last) -> (Tensor grad_x, Tensor grad_Lambda, Tensor grad_dt, Tensor grad_h0)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("s5_scan", TORCH_BOX(&s5_scan));
  m.impl("s5_scan_backward", TORCH_BOX(&s5_scan_backward));
}
