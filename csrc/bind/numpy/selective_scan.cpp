#include "marey/scan/selective_scan.hpp"

#include "arrays.hpp"

using namespace marey::numpy;
using marey::scan::SelectiveScanShape;

namespace {

template <typename T>
void expect_shape(const Array<T>& array, const std::vector<py::ssize_t>& shape, const char* message) {
  expect(array.ndim() == py::ssize_t(shape.size()) && std::equal(shape.begin(), shape.end(), array.shape()), message);
}
template <typename T>
void expect_shape(const Optional<T>& array, const std::vector<py::ssize_t>& shape, const char* message) {
  if (array) expect_shape(*array, shape, message);
}

// u, delta, z are (B, D, T), or (B, T, D) with channels_last; B and C (D, N) or (B, G, N, T), or (B, G, T, N).
template <typename T>
py::tuple selective_scan(const Array<T>& u, const Array<T>& delta, const Array<T>& A, const Array<T>& B,
                         const Array<T>& C, const Optional<T>& D, const Optional<T>& z, const Optional<T>& delta_bias,
                         const Optional<T>& h0, const Optional<T>& dt_scale, const Optional<bool>& reset, bool softplus,
                         bool channels_last) {
  expect(u.ndim() == 3 && A.ndim() == 2, "`u` must have three axes and `A` two");
  SelectiveScanShape s;
  s.n_series = u.shape(0);
  s.n_channels = u.shape(channels_last ? 2 : 1);
  s.length = u.shape(channels_last ? 1 : 2);
  s.n_states = A.shape(1);
  s.B_varies = B.ndim() == 4;
  s.C_varies = C.ndim() == 4;
  s.n_groups = s.B_varies ? B.shape(1) : s.C_varies ? C.shape(1) : 1;
  s.softplus = softplus;
  s.channels_last = channels_last;
  expect(s.n_groups > 0 && s.n_channels % s.n_groups == 0, "the groups of `B` and `C` must divide the channels");
  expect(s.n_states <= s.most_states, "`A` has more than 256 states");
  const std::vector<py::ssize_t> signal{u.shape(0), u.shape(1), u.shape(2)}, of_state{s.n_channels, s.n_states};
  const std::vector<py::ssize_t> varying{s.n_series, s.n_groups, channels_last ? s.length : s.n_states,
                                         channels_last ? s.n_states : s.length};
  expect_shape(delta, signal, "`delta` must be shaped like `u`");
  expect_shape(A, of_state, "`A` must be (channel, state)");
  expect_shape(B, s.B_varies ? varying : of_state, "`B` must be (channel, state) or (batch, group, state, time)");
  expect_shape(C, s.C_varies ? varying : of_state, "`C` must be (channel, state) or (batch, group, state, time)");
  expect_shape(D, {s.n_channels}, "`D` must have one value a channel");
  expect_shape(z, signal, "`z` must be shaped like `u`");
  expect_shape(delta_bias, {s.n_channels}, "`delta_bias` must have one value a channel");
  expect_shape(h0, {s.n_series, s.n_channels, s.n_states}, "`h0` must be (batch, channel, state)");
  expect_shape(dt_scale, {s.n_series, s.length}, "`dt_scale` must be (batch, time)");
  expect_shape(reset, {s.n_series, s.length}, "`reset` must be (batch, time)");
  s.reset = reinterpret_cast<const std::uint8_t*>(pointer(reset));

  auto out = make_output<T>(signal);
  auto hT = make_output<T>({s.n_series, s.n_channels, s.n_states});
  const marey::scan::SelectiveScan<T> a{s,
                                        u.data(),
                                        delta.data(),
                                        A.data(),
                                        B.data(),
                                        C.data(),
                                        pointer(D),
                                        pointer(z),
                                        pointer(delta_bias),
                                        pointer(h0),
                                        pointer(dt_scale),
                                        out.mutable_data(),
                                        hT.mutable_data(),
                                        nullptr};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(s.items(), s.grain(),
                        [&](std::int64_t begin, std::int64_t end) { marey::scan::selective_scan(a, begin, end); });
  }
  return py::make_tuple(out, hT);
}

}  // namespace

void bind_selective_scan(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("selective_scan", function, py::arg("u").noconvert(), py::arg("delta").noconvert(), py::arg("A").noconvert(),
          py::arg("B").noconvert(), py::arg("C").noconvert(), py::arg("D").noconvert() = py::none(),
          py::arg("z").noconvert() = py::none(), py::arg("delta_bias").noconvert() = py::none(),
          py::arg("h0").noconvert() = py::none(), py::arg("dt_scale").noconvert() = py::none(),
          py::arg("reset").noconvert() = py::none(), py::arg("softplus") = false, py::arg("channels_last") = false);
  };
  def(&selective_scan<float>);
  def(&selective_scan<double>);
}
