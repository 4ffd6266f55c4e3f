#include "marey/scan/causal_conv1d.hpp"

#include "arrays.hpp"

using namespace marey::numpy;

namespace {

// x is (B, D, T), or (B, T, D) with channels_last.
template <typename T>
Array<T> causal_conv1d(const Array<T>& x, const Array<T>& weight, const Optional<T>& bias, const Optional<T>& x0,
                       bool silu, bool channels_last) {
  expect(x.ndim() == 3, "`x` must have three axes");
  expect(weight.ndim() == 2, "`weight` must be (channel, tap)");
  const marey::scan::CausalConv1dShape s{
      x.shape(0), x.shape(channels_last ? 2 : 1), x.shape(channels_last ? 1 : 2), weight.shape(1), silu, channels_last};
  expect(weight.shape(0) == s.n_channels, "`weight` must have one row a channel");
  expect(s.width >= 1 && s.width <= s.most_taps, "`weight` must have 1 to 64 taps");
  expect(!bias || (bias->ndim() == 1 && bias->shape(0) == s.n_channels), "`bias` must have one value a channel");
  expect(!x0 || (x0->ndim() == 3 && x0->shape(0) == s.n_series && x0->shape(1) == s.n_channels &&
                 x0->shape(2) == s.width - 1),
         "`x0` must be (batch, channel, taps - 1)");
  auto y = make_output<T>({x.shape(0), x.shape(1), x.shape(2)});
  const marey::scan::CausalConv1d<T> a{s, x.data(), weight.data(), pointer(bias), pointer(x0), y.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(s.items(), s.grain(),
                        [&](std::int64_t begin, std::int64_t end) { marey::scan::causal_conv1d(a, begin, end); });
  }
  return y;
}

}  // namespace

void bind_causal_conv1d(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("causal_conv1d", function, py::arg("x").noconvert(), py::arg("weight").noconvert(),
          py::arg("bias").noconvert() = py::none(), py::arg("x0").noconvert() = py::none(), py::arg("silu") = false,
          py::arg("channels_last") = false);
  };
  def(&causal_conv1d<float>);
  def(&causal_conv1d<double>);
}
