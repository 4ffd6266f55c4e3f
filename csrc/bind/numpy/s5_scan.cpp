#include "marey/scan/s5_scan.hpp"

#include "arrays.hpp"

using namespace marey::numpy;

namespace {

// x is (B, P, T, 2), or (B, T, P, 2) with channels_last; Lambda (P, 2), dt and reset (B, T), h0 (B, P, 2).
template <typename T, typename S>
py::tuple s5_scan(const Array<T>& x, const Array<T>& Lambda, const Array<T>& dt, const Optional<S>& h0,
                  const Optional<bool>& reset, bool channels_last) {
  expect(x.ndim() == 4 && x.shape(3) == 2, "`x` must be (batch, state, time, 2)");
  marey::scan::S5ScanShape s;
  s.n_series = x.shape(0);
  s.n_states = x.shape(channels_last ? 2 : 1);
  s.length = x.shape(channels_last ? 1 : 2);
  s.channels_last = channels_last;
  expect(Lambda.ndim() == 2 && Lambda.shape(0) == s.n_states && Lambda.shape(1) == 2, "`Lambda` must be (state, 2)");
  expect(dt.ndim() == 2 && dt.shape(0) == s.n_series && dt.shape(1) == s.length, "`dt` must be (batch, time)");
  expect(!reset || (reset->ndim() == 2 && reset->shape(0) == s.n_series && reset->shape(1) == s.length),
         "`reset` must be (batch, time)");
  expect(!h0 || (h0->ndim() == 3 && h0->shape(0) == s.n_series && h0->shape(1) == s.n_states && h0->shape(2) == 2),
         "`h0` must be (batch, state, 2)");
  if (reset) s.reset = reinterpret_cast<const std::uint8_t*>(reset->data());
  auto h = make_output<T>({x.shape(), x.shape() + x.ndim()});
  auto hT = make_output<S>({s.n_series, s.n_states, 2});
  const marey::scan::S5Scan<T, S> call{s,           x.data(),         Lambda.data(),    dt.data(),
                                       pointer(h0), h.mutable_data(), hT.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(marey::scan::s5_scan_items(s), marey::scan::s5_scan_grain(s),
                        [&](std::int64_t begin, std::int64_t end) { marey::scan::s5_scan(call, begin, end); });
  }
  return py::make_tuple(h, hT);
}

}  // namespace

void bind_s5_scan(py::module_& m) {
  const auto def = [&](auto function) {
    m.def("s5_scan", function, py::arg("x").noconvert(), py::arg("Lambda").noconvert(), py::arg("dt").noconvert(),
          py::arg("h0").noconvert() = py::none(), py::arg("reset").noconvert() = py::none(),
          py::arg("channels_last") = false);
  };
  def(&s5_scan<float, float>);
  def(&s5_scan<float, double>);
  def(&s5_scan<double, double>);
}
