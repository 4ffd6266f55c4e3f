#include "marey/scan/linear_recurrence.hpp"

#include "arrays.hpp"

using namespace marey::numpy;

namespace {

// x is (B, D, T), or (B, T, D) with channels_last, and (..., 2) if complex; `a` likewise, its axes of length one where
// it does not vary; reset is (B, D or 1, T).
template <typename T>
marey::scan::LinearRecurrenceShape shape_of(const Array<T>& a, const Array<T>& x, const Optional<bool>& reset,
                                            bool is_complex, bool reverse, bool channels_last) {
  const py::ssize_t axes = is_complex ? 4 : 3;
  expect(x.ndim() == axes && a.ndim() == axes, "`a` and `x` must have three axes, and a last one of two if complex");
  expect(!is_complex || (x.shape(3) == 2 && a.shape(3) == 2), "complex numbers must be pairs");
  marey::scan::LinearRecurrenceShape s;
  const int channel = channels_last ? 2 : 1, time = channels_last ? 1 : 2;
  s.n_series = x.shape(0);
  s.n_channels = x.shape(channel);
  s.length = x.shape(time);
  s.is_complex = is_complex;
  s.reverse = reverse;
  s.channels_last = channels_last;
  const auto varies = [&](int axis) {
    expect(a.shape(axis) == x.shape(axis) || a.shape(axis) == 1, "`a` must have the axes of `x`, or axes of one");
    return a.shape(axis) == x.shape(axis);
  };
  s.a_per_series = varies(0);
  s.a_per_channel = varies(channel);
  s.a_per_step = varies(time);
  if (reset) {
    expect(reset->ndim() == 3 && reset->shape(0) == s.n_series && reset->shape(2) == s.length &&
               (reset->shape(1) == 1 || reset->shape(1) == s.n_channels),
           "`reset` must be (batch, channel or 1, time)");
    s.reset = reinterpret_cast<const std::uint8_t*>(reset->data());
    s.reset_per_channel = reset->shape(1) == s.n_channels;
  }
  return s;
}

template <typename T, typename S>
py::tuple linear_recurrence(const Array<T>& a, const Array<T>& x, const Optional<S>& h0, const Optional<bool>& reset,
                            bool is_complex, bool reverse, bool channels_last) {
  const auto shape = shape_of(a, x, reset, is_complex, reverse, channels_last);
  std::vector<py::ssize_t> state{shape.n_series, shape.n_channels};
  if (is_complex) state.push_back(2);
  expect(!h0 || std::equal(state.begin(), state.end(), h0->shape(), h0->shape() + h0->ndim()),
         "`h0` must be (series, channel)");
  auto h = make_output<T>({x.shape(), x.shape() + x.ndim()});
  auto hT = make_output<S>(state);
  const marey::scan::LinearRecurrence<T, S> call{shape,       a.data(),         x.data(),
                                                 pointer(h0), h.mutable_data(), hT.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(
        marey::scan::linear_recurrence_items(shape), marey::scan::linear_recurrence_grain(shape),
        [&](std::int64_t begin, std::int64_t end) { marey::scan::linear_recurrence(call, begin, end); });
  }
  return py::make_tuple(h, hT);
}

}  // namespace

void bind_linear_recurrence(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("linear_recurrence", function, py::arg("a").noconvert(), py::arg("x").noconvert(),
          py::arg("h0").noconvert() = py::none(), py::arg("reset").noconvert() = py::none(),
          py::arg("is_complex") = false, py::arg("reverse") = false, py::arg("channels_last") = false);
  };
  def(&linear_recurrence<float, float>);
  def(&linear_recurrence<float, double>);
  def(&linear_recurrence<double, double>);
}
