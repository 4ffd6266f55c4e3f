#include "marey/scan/grud.hpp"

#include "arrays.hpp"

using namespace marey::numpy;
using marey::scan::GrudShape;

namespace {

template <typename T>
void expect_shape(const Array<T>& array, std::initializer_list<std::int64_t> shape, const char* message) {
  expect(array.ndim() == std::int64_t(shape.size()) && std::equal(shape.begin(), shape.end(), array.shape()), message);
}

// x is (B, D, T); packed: B = 1 and T is the total of all series.
template <typename T>
py::tuple grud(const Array<T>& x, const Array<bool>& mask, const Array<T>& dt, const Array<T>& x_mean,
               const Array<T>& W, const Array<T>& U, const Array<T>& V, const Array<T>& b, const Array<T>& w_x,
               const Array<T>& b_x, const Array<T>& W_h, const Array<T>& b_h, const Optional<T>& h0,
               const Optional<T>& x_last, const Optional<T>& age, const Optional<std::int64_t>& offsets) {
  expect(x.ndim() == 3 && U.ndim() == 2, "`x` must have three axes and `U` two");
  const std::int64_t batch = x.shape(0), D = x.shape(1), length = x.shape(2), H = U.shape(1);
  expect_shape(mask, {batch, D, length}, "`mask` must be shaped like `x`");
  expect_shape(dt, {batch, length}, "`dt` must be (batch, time)");
  expect_shape(W, {3 * H, D}, "`W` must be (3 H, D)");
  expect_shape(U, {3 * H, H}, "`U` must be (3 H, H)");
  expect_shape(V, {3 * H, D}, "`V` must be (3 H, D)");
  expect_shape(b, {3 * H}, "`b` must be (3 H,)");
  expect_shape(W_h, {H, D}, "`W_h` must be (H, D)");
  expect_shape(b_h, {H}, "`b_h` must be (H,)");
  for (const auto* a : {&x_mean, &w_x, &b_x}) expect_shape(*a, {D}, "`x_mean`, `w_x`, `b_x` must be (D,)");
  GrudShape s{batch, D, H, length, nullptr, batch * length};
  if (offsets) {
    expect(batch == 1, "packed `x` has no batch axis");
    check_offsets(*offsets, length);
    s.n_series = offsets->size() - 1;
    s.offsets = offsets->data();
  }
  if (h0) expect_shape(*h0, {s.n_series, H}, "`h0` must be (series, H)");
  for (const auto* a : {&x_last, &age}) {
    if (*a) expect_shape(**a, {s.n_series, D}, "`x_last` and `age` must be (series, D)");
  }
  auto h = make_output<T>({batch, H, length});
  auto hT = make_output<T>({s.n_series, H});
  auto last = make_output<T>({s.n_series, D});
  auto age_T = make_output<T>({s.n_series, D});
  const marey::scan::GrudWeights<T> weights{x_mean.data(), W.data(),   U.data(),   V.data(),  b.data(),
                                            w_x.data(),    b_x.data(), W_h.data(), b_h.data()};
  const marey::scan::Grud<T> a{s,
                               x.data(),
                               reinterpret_cast<const std::uint8_t*>(mask.data()),
                               dt.data(),
                               weights,
                               pointer(h0),
                               pointer(x_last),
                               pointer(age),
                               h.mutable_data(),
                               hT.mutable_data(),
                               last.mutable_data(),
                               age_T.mutable_data(),
                               nullptr};
  {
    py::gil_scoped_release nogil;
    const marey::scan::GrudPlan<T> plan(s, weights);
    marey::parallel_for(plan.tiles, plan.grain(), [&](std::int64_t begin, std::int64_t end) {
      std::vector<T> scratch(plan.scratch());
      marey::scan::grud(a, plan, scratch.data(), begin, end);
    });
  }
  return py::make_tuple(h, hT, last, age_T);
}

}  // namespace

void bind_grud(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("grud", function, py::arg("x").noconvert(), py::arg("mask").noconvert(), py::arg("dt").noconvert(),
          py::arg("x_mean").noconvert(), py::arg("W").noconvert(), py::arg("U").noconvert(), py::arg("V").noconvert(),
          py::arg("b").noconvert(), py::arg("w_x").noconvert(), py::arg("b_x").noconvert(), py::arg("W_h").noconvert(),
          py::arg("b_h").noconvert(), py::arg("h0").noconvert() = py::none(),
          py::arg("x_last").noconvert() = py::none(), py::arg("age").noconvert() = py::none(),
          py::arg("offsets").noconvert() = py::none());
  };
  def(&grud<float>);
  def(&grud<double>);
}
