#include "arrays.hpp"
#include "marey/scan/decay_scan.hpp"

using namespace marey::numpy;
using marey::scan::DecayScanShape;
using marey::scan::MaskKind;

namespace {

// x is (B, D, T), or (B, T, D) with channels_last; packed: B = 1 and T is the total of all series.
template <typename T>
DecayScanShape decay_scan_shape(const Array<T>& x, const Array<T>& dt, const Array<T>& rate, const Optional<bool>& mask,
                                const Optional<std::int64_t>& offsets, bool channels_last) {
  expect(x.ndim() == 3, "`x` must have three axes");
  const auto batch = x.shape(0), channels = x.shape(channels_last ? 2 : 1), length = x.shape(channels_last ? 1 : 2);
  expect(rate.ndim() == 1 && rate.shape(0) == channels, "`rate` must have one value a channel");
  expect(dt.ndim() == 2 && dt.shape(0) == batch && dt.shape(1) == length, "`dt` must be (batch, time)");
  DecayScanShape s;
  s.n_series = batch;
  s.n_channels = channels;
  s.length = length;
  s.total = batch * length;
  s.channels_last = channels_last;
  if (offsets) {
    expect(batch == 1, "packed `x` has no batch axis");
    check_offsets(*offsets, length);
    s.n_series = offsets->size() - 1;
    s.offsets = offsets->data();
  }
  if (mask) {
    s.mask_kind = mask->ndim() == 2 ? MaskKind::shared : MaskKind::per_channel;
    expect(mask->size() == (mask->ndim() == 2 ? dt.size() : x.size()), "`mask` must be shaped like `dt` or `x`");
    s.mask = reinterpret_cast<const std::uint8_t*>(mask->data());
  }
  return s;
}

// Items to a thread so that it has work for more than its start costs.
std::int64_t grain(const DecayScanShape& s, std::int64_t items) {
  const std::int64_t elements = s.total * s.n_channels;
  return std::max<std::int64_t>(1, items * 32768 / std::max<std::int64_t>(1, elements));
}

template <typename S>
void check_state(const Optional<S>& state, const DecayScanShape& s, const char* message) {
  expect(!state || (state->ndim() == 2 && state->shape(0) == s.n_series && state->shape(1) == s.n_channels), message);
}

template <typename T, typename S>
py::tuple decay_scan(const Array<T>& x, const Array<T>& dt, const Array<T>& rate, const Optional<S>& h0,
                     const Optional<bool>& mask, const Optional<std::int64_t>& offsets, bool channels_last) {
  const DecayScanShape shape = decay_scan_shape(x, dt, rate, mask, offsets, channels_last);
  check_state(h0, shape, "`h0` must be (series, channel)");
  auto h = make_output<T>({x.shape(0), x.shape(1), x.shape(2)});
  auto hT = make_output<S>({shape.n_series, shape.n_channels});
  const marey::scan::DecayScan<T, S> a{shape,       x.data(),         dt.data(),        rate.data(),
                                       pointer(h0), h.mutable_data(), hT.mutable_data()};
  const std::int64_t items = marey::scan::decay_scan_items(shape);
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(items, grain(shape, items),
                        [&](std::int64_t begin, std::int64_t end) { marey::scan::decay_scan(a, begin, end); });
  }
  return py::make_tuple(h, hT);
}

}  // namespace

void bind_grud(py::module_& m);

void bind_scan(py::module_& m) {
  bind_grud(m);
  const auto def = [&](auto function) {
    m.def("decay_scan", function, py::arg("x").noconvert(), py::arg("dt").noconvert(), py::arg("rate").noconvert(),
          py::arg("h0").noconvert() = py::none(), py::arg("mask").noconvert() = py::none(),
          py::arg("offsets").noconvert() = py::none(), py::arg("channels_last") = false);
  };
  def(&decay_scan<float, float>);
  def(&decay_scan<float, double>);
  def(&decay_scan<double, double>);
}
