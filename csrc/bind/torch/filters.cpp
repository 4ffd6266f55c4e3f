#include <string>
#include <tuple>
#include <vector>

#include "marey/filters/cascade.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::filters::Cascade;

namespace {

// sections are (C, S, 2 (K + 1)) with C one or the number of channels; coefficients outlives the result.
Cascade make_cascade(const Tensor& sections, std::vector<double>& coefficients) {
  STD_TORCH_CHECK(sections.dim() == 3 && sections.size(2) % 2 == 0 && sections.size(2) >= 4,
                  "`sections` must be (channel or 1, section, 2 (order + 1))");
  Cascade c;
  c.n_channels = sections.size(0);
  c.n_sections = sections.size(1);
  c.order = sections.size(2) / 2 - 1;
  c.per_channel = sections.size(0) != 1;
  const std::int64_t rows = sections.size(0) * c.n_sections;
  const marey::Status status =
      marey::filters::normalize(data<double>(sections, "sections"), rows, c.order, coefficients);
  STD_TORCH_CHECK(status.ok(), "a filter's a_0 must not be 0; it is in section ", status.index % c.n_sections);
  c.coefficients = coefficients.data();
  c.recursive = marey::filters::is_recursive(c.coefficients, rows, c.order);
  return c;
}

// x is (N, T), reset (1 or N, T).
Cascade make_cascade(const Tensor& sections, const Tensor& x, const OptionalTensor& reset,
                     std::vector<double>& coefficients) {
  Cascade c = make_cascade(sections, coefficients);
  STD_TORCH_CHECK(x.dim() == 2, "`x` must be (channel, time)");
  STD_TORCH_CHECK(!c.per_channel || c.n_channels == x.size(0), "`sections` must have one filter, or one a channel");
  c.n_channels = x.size(0);
  c.length = x.size(1);
  if (reset) {
    STD_TORCH_CHECK(
        reset->dim() == 2 && reset->size(1) == c.length && (reset->size(0) == 1 || reset->size(0) == c.n_channels),
        "`reset` must be (channel or 1, time)");
    c.reset = reinterpret_cast<const std::uint8_t*>(data<bool>(*reset, "reset"));
    c.reset_stride = reset->size(0) == 1 ? 0 : c.length;
  }
  return c;
}

void check_state(const OptionalTensor& state, const Cascade& c, const char* name) {
  STD_TORCH_CHECK(!state || (state->dim() == 3 && state->size(0) == c.n_sections && state->size(1) == c.n_channels &&
                             state->size(2) == c.order),
                  "`", name, "` must be (section, channel, order)");
}

template <typename Work>
void in_parallel(const Cascade& c, std::int64_t scratch_size, Work work) {
  torch::stable::parallel_for(0, marey::filters::items(c), marey::filters::grain(c),
                              [&](std::int64_t begin, std::int64_t end) {
                                std::vector<double> scratch(scratch_size);
                                work(begin, end, scratch.data());
                              });
}

template <typename T>
std::tuple<Tensor, Tensor> forward(const Tensor& sections, const Tensor& x, const OptionalTensor& zi,
                                   const OptionalTensor& reset) {
  std::vector<double> coefficients;
  const Cascade c = make_cascade(sections, x, reset, coefficients);
  check_state(zi, c, "zi");
  Tensor y = make_output<T>(x, {c.n_channels, c.length});
  Tensor zf = make_output<double>(x, {c.n_sections, c.n_channels, c.order});
  const marey::filters::CascadeForward<T> a{c, data<T>(x, "x"), data<double>(zi, "zi"), mutable_data<T>(y),
                                            mutable_data<double>(zf)};
  in_parallel(c, marey::filters::forward_scratch(c),
              [&](auto begin, auto end, double* scratch) { marey::filters::cascade(a, begin, end, scratch); });
  return {y, zf};
}

std::tuple<Tensor, Tensor> filter(const Tensor sections, const Tensor x, const OptionalTensor zi,
                                  const OptionalTensor reset) {
  return x.scalar_type() == ScalarType::Double ? forward<double>(sections, x, zi, reset)
                                               : forward<float>(sections, x, zi, reset);
}

template <typename T>
std::tuple<Tensor, Tensor, Tensor> backward(const Tensor& grad_y, const Tensor& grad_zf, const Tensor& sections,
                                            const Tensor& x, const OptionalTensor& zi, const OptionalTensor& reset,
                                            bool for_sections) {
  std::vector<double> coefficients;
  const Cascade c = make_cascade(sections, x, reset, coefficients);
  check_state(zi, c, "zi");
  check_state(grad_zf, c, "grad_zf");
  STD_TORCH_CHECK(grad_y.dim() == 2 && grad_y.size(0) == c.n_channels && grad_y.size(1) == c.length,
                  "`grad_y` must be shaped like `x`");
  Tensor grad_x = make_output<T>(x, {c.n_channels, c.length});
  Tensor grad_zi = make_output<double>(x, {c.n_sections, c.n_channels, c.order});
  Tensor grad_sections = make_output<double>(x, {sections.size(0), c.n_sections, sections.size(2)});
  const std::int64_t width = c.n_sections * c.width(), rows = sections.size(0) * c.n_sections;
  std::vector<double> of_channel(for_sections ? c.n_channels * width : 0), total(rows * c.width());
  const marey::filters::CascadeBackward<T> a{c,
                                             data<T>(grad_y, "grad_y"),
                                             data<double>(grad_zf, "grad_zf"),
                                             data<T>(x, "x"),
                                             data<double>(zi, "zi"),
                                             mutable_data<T>(grad_x),
                                             mutable_data<double>(grad_zi),
                                             for_sections ? of_channel.data() : nullptr};
  in_parallel(c, marey::filters::backward_scratch(c),
              [&](auto begin, auto end, double* scratch) { marey::filters::cascade_backward(a, begin, end, scratch); });
  for (std::size_t i = 0; i < of_channel.size(); ++i) total[c.per_channel ? i : i % width] += of_channel[i];
  marey::filters::normalize_backward(data<double>(sections, "sections"), total.data(), rows, c.order,
                                     mutable_data<double>(grad_sections));
  return {grad_x, grad_sections, grad_zi};
}

std::tuple<Tensor, Tensor, Tensor> filter_backward(const Tensor grad_y, const Tensor grad_zf, const Tensor sections,
                                                   const Tensor x, const OptionalTensor zi, const OptionalTensor reset,
                                                   bool for_sections) {
  return x.scalar_type() == ScalarType::Double ? backward<double>(grad_y, grad_zf, sections, x, zi, reset, for_sections)
                                               : backward<float>(grad_y, grad_zf, sections, x, zi, reset, for_sections);
}

std::int64_t default_padlen(const Tensor sections) {
  std::vector<double> coefficients;
  return marey::filters::default_padlen(make_cascade(sections, coefficients));
}

template <typename T>
Tensor zero_phase(const Tensor& sections, const Tensor& zi, const Tensor& x, std::int64_t padding,
                  std::int64_t padlen) {
  std::vector<double> coefficients;
  const Cascade c = make_cascade(sections, x, {}, coefficients);
  STD_TORCH_CHECK(
      zi.dim() == 3 && zi.size(0) == sections.size(0) && zi.size(1) == c.n_sections && zi.size(2) == c.order,
      "`zi` must be (channel or 1, section, order)");
  STD_TORCH_CHECK(marey::filters::all_finite(data<double>(zi, "zi"), zi.numel()), marey::filters::no_steady_state);
  if (padlen < 0) padlen = marey::filters::default_padlen(c);
  STD_TORCH_CHECK(c.length > padlen, "`x` has ", c.length, " samples; expected more than padlen = ", padlen);
  Tensor y = make_output<T>(x, {c.n_channels, c.length});
  const marey::filters::ZeroPhase<T> a{
      c, data<T>(x, "x"), data<double>(zi, "zi"), marey::filters::Padding(padding), padlen, mutable_data<T>(y)};
  in_parallel(c, marey::filters::zero_phase_scratch(c, padlen),
              [&](auto begin, auto end, double* scratch) { marey::filters::zero_phase(a, begin, end, scratch); });
  return y;
}

Tensor both_ways(const Tensor sections, const Tensor zi, const Tensor x, std::int64_t padding, std::int64_t padlen) {
  return x.scalar_type() == ScalarType::Double ? zero_phase<double>(sections, zi, x, padding, padlen)
                                               : zero_phase<float>(sections, zi, x, padding, padlen);
}

}  // namespace

// lfilter is sosfilt with one section of another order, filtfilt is sosfiltfilt with one.
STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  for (const std::string op : {"sosfilt", "lfilter"}) {
    m.def((op + "(Tensor sections, Tensor x, Tensor? zi, Tensor? reset) -> (Tensor y, Tensor zf)").c_str());
    m.def((op + "_backward(Tensor grad_y, Tensor grad_zf, Tensor sections, Tensor x, Tensor? zi, Tensor? reset, "
                "bool for_sections) -> (Tensor grad_x, Tensor grad_sections, Tensor grad_zi)")
              .c_str());
  }
  for (const std::string op : {"sosfiltfilt", "filtfilt"}) {
    m.def((op + "(Tensor sections, Tensor zi, Tensor x, int padding, int padlen) -> Tensor").c_str());
  }
  m.def("sosfiltfilt_padlen(Tensor sections) -> int");
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  for (const std::string op : {"sosfilt", "lfilter"}) {
    m.impl(op.c_str(), TORCH_BOX(&filter));
    m.impl((op + "_backward").c_str(), TORCH_BOX(&filter_backward));
  }
  for (const std::string op : {"sosfiltfilt", "filtfilt"}) m.impl(op.c_str(), TORCH_BOX(&both_ways));
  m.impl("sosfiltfilt_padlen", TORCH_BOX(&default_padlen));
}
