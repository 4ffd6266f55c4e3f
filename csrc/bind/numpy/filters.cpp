#include "arrays.hpp"
#include "marey/filters/cascade.hpp"

using namespace marey::numpy;
using marey::filters::Cascade;

namespace {

using Doubles = Array<double>;

// sections are (C, S, 2 (K + 1)) with C one or the number of channels, x is (N, T), reset (1 or N, T).
template <typename T>
Cascade make_cascade(const Doubles& sections, const Array<T>& x, const Optional<bool>& reset,
                     std::vector<double>& coefficients) {
  expect(x.ndim() == 2, "`x` must be (channel, time)");
  expect(sections.ndim() == 3 && sections.shape(2) % 2 == 0 && sections.shape(2) >= 4,
         "`sections` must be (channel or 1, section, 2 (order + 1))");
  Cascade c;
  c.n_channels = x.shape(0);
  c.length = x.shape(1);
  c.n_sections = sections.shape(1);
  c.order = sections.shape(2) / 2 - 1;
  c.per_channel = sections.shape(0) != 1;
  expect(!c.per_channel || sections.shape(0) == c.n_channels, "`sections` must have one filter, or one a channel");
  const std::int64_t rows = sections.shape(0) * c.n_sections;
  const marey::Status status = marey::filters::normalize(sections.data(), rows, c.order, coefficients);
  if (!status.ok()) {
    throw py::value_error("a filter's a_0 must not be 0; it is in section " +
                          std::to_string(status.index % c.n_sections));
  }
  c.coefficients = coefficients.data();
  c.recursive = marey::filters::is_recursive(c.coefficients, rows, c.order);
  if (reset) {
    expect(reset->ndim() == 2 && reset->shape(1) == c.length && (reset->shape(0) == 1 || reset->shape(0) == x.shape(0)),
           "`reset` must be (channel or 1, time)");
    c.reset = reinterpret_cast<const std::uint8_t*>(reset->data());
    c.reset_stride = reset->shape(0) == 1 ? 0 : c.length;
  }
  return c;
}

template <typename T>
py::tuple sosfilt(const Doubles& sections, const Array<T>& x, const Optional<double>& zi, const Optional<bool>& reset) {
  std::vector<double> coefficients;
  const Cascade c = make_cascade(sections, x, reset, coefficients);
  expect(!zi || (zi->ndim() == 3 && zi->shape(0) == c.n_sections && zi->shape(1) == c.n_channels &&
                 zi->shape(2) == c.order),
         "`zi` must be (section, channel, order)");
  auto y = make_output<T>({x.shape(0), x.shape(1)});
  auto zf = make_output<double>({c.n_sections, c.n_channels, c.order});
  const marey::filters::CascadeForward<T> a{c, x.data(), pointer(zi), y.mutable_data(), zf.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(marey::filters::items(c), marey::filters::grain(c), [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> scratch(marey::filters::forward_scratch(c));
      marey::filters::cascade(a, begin, end, scratch.data());
    });
  }
  return py::make_tuple(y, zf);
}

template <typename T>
Array<T> sosfiltfilt(const Doubles& sections, const Doubles& zi, const Array<T>& x, int padding, std::int64_t padlen) {
  std::vector<double> coefficients;
  const Cascade c = make_cascade(sections, x, {}, coefficients);
  expect(zi.ndim() == 3 && zi.shape(0) == sections.shape(0) && zi.shape(1) == c.n_sections && zi.shape(2) == c.order,
         "`zi` must be (channel or 1, section, order)");
  expect(marey::filters::all_finite(zi.data(), zi.size()), marey::filters::no_steady_state);
  if (padlen < 0) padlen = marey::filters::default_padlen(c);
  if (c.length <= padlen) {
    throw py::value_error("`x` has " + std::to_string(c.length) +
                          " samples; expected more than padlen = " + std::to_string(padlen));
  }
  auto y = make_output<T>({x.shape(0), x.shape(1)});
  const marey::filters::ZeroPhase<T> a{c,      x.data(),        zi.data(), marey::filters::Padding(padding),
                                       padlen, y.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(marey::filters::items(c), marey::filters::grain(c), [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> scratch(marey::filters::zero_phase_scratch(c, padlen));
      marey::filters::zero_phase(a, begin, end, scratch.data());
    });
  }
  return y;
}

}  // namespace

void bind_filters(py::module_& m) {
  const auto def = [&](auto filter, auto both_ways) {
    m.def("sosfilt", filter, py::arg("sections").noconvert(), py::arg("x").noconvert(),
          py::arg("zi").noconvert() = py::none(), py::arg("reset").noconvert() = py::none());
    m.def("sosfiltfilt", both_ways, py::arg("sections").noconvert(), py::arg("zi").noconvert(),
          py::arg("x").noconvert(), py::arg("padding"), py::arg("padlen"));
  };
  def(&sosfilt<float>, &sosfiltfilt<float>);
  def(&sosfilt<double>, &sosfiltfilt<double>);
}
