#include "marey/scan/grud.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::scan::GrudShape;

namespace {

void expect_shape(const Tensor& tensor, std::initializer_list<std::int64_t> shape, const char* name) {
  bool same = tensor.dim() == std::int64_t(shape.size());
  std::int64_t axis = 0;
  for (const std::int64_t size : shape) same = same && tensor.size(axis++) == size;
  STD_TORCH_CHECK(same, "`", name, "` has an unexpected shape");
}

GrudShape grud_shape(std::int64_t batch, std::int64_t D, std::int64_t H, std::int64_t length,
                     const OptionalTensor& offsets) {
  GrudShape s{batch, D, H, length, nullptr, batch * length};
  if (offsets) {
    STD_TORCH_CHECK(batch == 1, "packed `x` has no batch axis");
    check_offsets(*offsets, length);
    s.n_series = offsets->numel() - 1;
    s.offsets = data<std::int64_t>(*offsets, "offsets");
  }
  return s;
}

template <typename T>
marey::scan::GrudWeights<T> grud_weights(std::int64_t D, std::int64_t H, const Tensor& x_mean, const Tensor& W,
                                         const Tensor& U, const Tensor& V, const Tensor& b, const Tensor& w_x,
                                         const Tensor& b_x, const Tensor& W_h, const Tensor& b_h) {
  expect_shape(x_mean, {D}, "x_mean");
  expect_shape(W, {3 * H, D}, "W");
  expect_shape(U, {3 * H, H}, "U");
  expect_shape(V, {3 * H, D}, "V");
  expect_shape(b, {3 * H}, "b");
  expect_shape(w_x, {D}, "w_x");
  expect_shape(b_x, {D}, "b_x");
  expect_shape(W_h, {H, D}, "W_h");
  expect_shape(b_h, {H}, "b_h");
  return {data<T>(x_mean, "x_mean"), data<T>(W, "W"),     data<T>(U, "U"),     data<T>(V, "V"),    data<T>(b, "b"),
          data<T>(w_x, "w_x"),       data<T>(b_x, "b_x"), data<T>(W_h, "W_h"), data<T>(b_h, "b_h")};
}

template <typename T>
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> forward(const Tensor& x, const Tensor& mask, const Tensor& dt,
                                                           const Tensor& x_mean, const Tensor& W, const Tensor& U,
                                                           const Tensor& V, const Tensor& b, const Tensor& w_x,
                                                           const Tensor& b_x, const Tensor& W_h, const Tensor& b_h,
                                                           const OptionalTensor& h0, const OptionalTensor& x_last,
                                                           const OptionalTensor& age, const OptionalTensor& offsets,
                                                           bool save) {
  STD_TORCH_CHECK(x.dim() == 3 && U.dim() == 2, "`x` must have three axes and `U` two");
  const std::int64_t batch = x.size(0), D = x.size(1), length = x.size(2), H = U.size(1);
  const GrudShape s = grud_shape(batch, D, H, length, offsets);
  expect_shape(mask, {batch, D, length}, "mask");
  expect_shape(dt, {batch, length}, "dt");
  if (h0) expect_shape(*h0, {s.n_series, H}, "h0");
  if (x_last) expect_shape(*x_last, {s.n_series, D}, "x_last");
  if (age) expect_shape(*age, {s.n_series, D}, "age");
  const auto weights = grud_weights<T>(D, H, x_mean, W, U, V, b, w_x, b_x, W_h, b_h);
  const marey::scan::GrudPlan<T> plan(s, weights);
  Tensor h = make_output<T>(x, {batch, H, length}), hT = make_output<T>(x, {s.n_series, H}),
         last = make_output<T>(x, {s.n_series, D}), age_T = make_output<T>(x, {s.n_series, D}),
         saved = make_output<T>(x, {save ? s.total : 0, plan.row.width()});
  const marey::scan::Grud<T> a{s,
                               data<T>(x, "x"),
                               reinterpret_cast<const std::uint8_t*>(data<bool>(mask, "mask")),
                               data<T>(dt, "dt"),
                               weights,
                               data<T>(h0, "h0"),
                               data<T>(x_last, "x_last"),
                               data<T>(age, "age"),
                               mutable_data<T>(h),
                               mutable_data<T>(hT),
                               mutable_data<T>(last),
                               mutable_data<T>(age_T),
                               save ? mutable_data<T>(saved) : nullptr};
  torch::stable::parallel_for(0, plan.tiles, plan.grain(), [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> scratch(plan.scratch());
    marey::scan::grud(a, plan, scratch.data(), begin, end);
  });
  return {h, hT, last, age_T, saved};
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> grud(const Tensor x, const Tensor mask, const Tensor dt,
                                                        const Tensor x_mean, const Tensor W, const Tensor U,
                                                        const Tensor V, const Tensor b, const Tensor w_x,
                                                        const Tensor b_x, const Tensor W_h, const Tensor b_h,
                                                        const OptionalTensor h0, const OptionalTensor x_last,
                                                        const OptionalTensor age, const OptionalTensor offsets,
                                                        bool save) {
  const auto run = x.scalar_type() == ScalarType::Double ? &forward<double> : &forward<float>;
  return run(x, mask, dt, x_mean, W, U, V, b, w_x, b_x, W_h, b_h, h0, x_last, age, offsets, save);
}

using Gradients = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor,
                             Tensor, Tensor, Tensor>;

template <typename T>
Gradients backward(const Tensor& grad_h, const Tensor& grad_hT, const Tensor& grad_x_last, const Tensor& grad_age,
                   const Tensor& saved, const Tensor& x_mean, const Tensor& W, const Tensor& U, const Tensor& V,
                   const Tensor& b, const Tensor& w_x, const Tensor& b_x, const Tensor& W_h, const Tensor& b_h,
                   const OptionalTensor& offsets, bool x_last_given) {
  STD_TORCH_CHECK(grad_h.dim() == 3 && U.dim() == 2 && W.dim() == 2, "`grad_h` must have three axes, `U` and `W` two");
  const std::int64_t batch = grad_h.size(0), D = W.size(1), H = U.size(1), length = grad_h.size(2);
  const GrudShape s = grud_shape(batch, D, H, length, offsets);
  const auto weights = grud_weights<T>(D, H, x_mean, W, U, V, b, w_x, b_x, W_h, b_h);
  const marey::scan::GrudPlan<T> plan(s, weights);
  expect_shape(grad_h, {batch, H, length}, "grad_h");
  expect_shape(grad_hT, {s.n_series, H}, "grad_hT");
  expect_shape(grad_x_last, {s.n_series, D}, "grad_x_last");
  expect_shape(grad_age, {s.n_series, D}, "grad_age");
  expect_shape(saved, {s.total, plan.row.width()}, "saved");
  Tensor of_x = make_output<T>(grad_h, {batch, D, length}), of_dt = make_output<T>(grad_h, {batch, length}),
         of_mean = make_output<T>(grad_h, {D}), of_W = make_output<T>(grad_h, {3 * H, D}),
         of_U = make_output<T>(grad_h, {3 * H, H}), of_V = make_output<T>(grad_h, {3 * H, D}),
         of_b = make_output<T>(grad_h, {3 * H}), of_w_x = make_output<T>(grad_h, {D}),
         of_b_x = make_output<T>(grad_h, {D}), of_W_h = make_output<T>(grad_h, {H, D}),
         of_b_h = make_output<T>(grad_h, {H}), of_h0 = make_output<T>(grad_h, {s.n_series, H}),
         of_last = make_output<T>(grad_h, {s.n_series, D}), of_age = make_output<T>(grad_h, {s.n_series, D});
  const marey::scan::GrudBackward<T> a{s,
                                       data<T>(grad_h, "grad_h"),
                                       data<T>(grad_hT, "grad_hT"),
                                       data<T>(grad_x_last, "grad_x_last"),
                                       data<T>(grad_age, "grad_age"),
                                       data<T>(saved, "saved"),
                                       weights,
                                       x_last_given,
                                       mutable_data<T>(of_x),
                                       mutable_data<T>(of_dt),
                                       mutable_data<T>(of_mean),
                                       mutable_data<T>(of_W),
                                       mutable_data<T>(of_U),
                                       mutable_data<T>(of_V),
                                       mutable_data<T>(of_b),
                                       mutable_data<T>(of_w_x),
                                       mutable_data<T>(of_b_x),
                                       mutable_data<T>(of_W_h),
                                       mutable_data<T>(of_b_h),
                                       mutable_data<T>(of_h0),
                                       mutable_data<T>(of_last),
                                       mutable_data<T>(of_age)};
  std::vector<T> sums(plan.groups() * plan.sums());
  const std::int64_t grain =
      std::max<std::int64_t>(1, plan.grain() * plan.groups() / std::max<std::int64_t>(1, plan.tiles));
  torch::stable::parallel_for(0, plan.groups(), grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> scratch(plan.scratch());
    marey::scan::grud_backward(a, plan, sums.data(), scratch.data(), begin, end);
  });
  marey::scan::grud_backward_finish(a, plan, sums.data());
  return {of_x, of_dt, of_mean, of_W, of_U, of_V, of_b, of_w_x, of_b_x, of_W_h, of_b_h, of_h0, of_last, of_age};
}

Gradients grud_backward(const Tensor grad_h, const Tensor grad_hT, const Tensor grad_x_last, const Tensor grad_age,
                        const Tensor saved, const Tensor x_mean, const Tensor W, const Tensor U, const Tensor V,
                        const Tensor b, const Tensor w_x, const Tensor b_x, const Tensor W_h, const Tensor b_h,
                        const OptionalTensor offsets, bool x_last_given) {
  const auto run = grad_h.scalar_type() == ScalarType::Double ? &backward<double> : &backward<float>;
  return run(grad_h, grad_hT, grad_x_last, grad_age, saved, x_mean, W, U, V, b, w_x, b_x, W_h, b_h, offsets,
             x_last_given);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  m.def(
      "grud(Tensor x, Tensor mask, Tensor dt, Tensor x_mean, Tensor W, Tensor U, Tensor V, Tensor b, Tensor w_x, "
      "Tensor b_x, Tensor W_h, Tensor b_h, Tensor? h0, Tensor? x_last, Tensor? age, Tensor? offsets, bool save)"
      " -> (Tensor h, Tensor hT, Tensor x_last, Tensor age, Tensor saved)");
  m.def(
      "grud_backward(Tensor grad_h, Tensor grad_hT, Tensor grad_x_last, Tensor grad_age, Tensor saved, Tensor x_mean, "
      "Tensor W, Tensor U, Tensor V, Tensor b, Tensor w_x, Tensor b_x, Tensor W_h, Tensor b_h, Tensor? offsets, "
      "bool x_last_given)"
      " -> (Tensor x, Tensor dt, Tensor x_mean, Tensor W, Tensor U, Tensor V, Tensor b, Tensor w_x, Tensor b_x, "
      "Tensor W_h, Tensor b_h, Tensor h0, Tensor x_last, Tensor age)");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("grud", TORCH_BOX(&grud));
  m.impl("grud_backward", TORCH_BOX(&grud_backward));
}
