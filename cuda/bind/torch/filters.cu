#include <tuple>

#include "device.cuh"
#include "marey/cuda/cascade.cuh"

using namespace marey::torch_ops;
using marey::cuda::Sections;

namespace {

// The two operators: their kernels, and the sections that they take.
struct Sosfilt {
  static void check(const Sections& s) {
    STD_TORCH_CHECK(s.order == 2, "`sections` must be (channel or 1, section, 6)");
    STD_TORCH_CHECK(s.n_sections <= marey::cuda::most_sections, "`sections` has ", s.n_sections,
                    " sections; a GPU takes at most ", marey::cuda::most_sections, ": filter in two calls");
  }
  template <typename T>
  static void forward(const marey::cuda::CascadeForward<T>& a, const Tensor& like, cudaStream_t stream) {
    Tensor workspace = make_workspace(like, marey::cuda::sosfilt_workspace<T>(a.s));
    STD_CUDA_CHECK(marey::cuda::sosfilt(a, workspace.mutable_data_ptr(), stream));
  }
  template <typename T>
  static void backward(const marey::cuda::CascadeBackward<T>& a, const Tensor& like, cudaStream_t stream) {
    Tensor workspace = make_workspace(like, marey::cuda::sosfilt_backward_workspace<T>(a.s));
    STD_CUDA_CHECK(marey::cuda::sosfilt_backward(a, workspace.mutable_data_ptr(), stream));
  }
};
struct Lfilter {
  static void check(const Sections& s) {
    STD_TORCH_CHECK(s.n_sections == 1, "`sections` must be (channel or 1, 1, 2 (order + 1))");
  }
  template <typename T>
  static void forward(const marey::cuda::CascadeForward<T>& a, const Tensor& like, cudaStream_t stream) {
    Tensor workspace = make_workspace(like, marey::cuda::lfilter_workspace<T>(a.s));
    STD_CUDA_CHECK(marey::cuda::lfilter(a, workspace.mutable_data_ptr(), stream));
  }
  template <typename T>
  static void backward(const marey::cuda::CascadeBackward<T>& a, const Tensor& like, cudaStream_t stream) {
    Tensor workspace = make_workspace(like, marey::cuda::lfilter_backward_workspace<T>(a.s));
    STD_CUDA_CHECK(marey::cuda::lfilter_backward(a, workspace.mutable_data_ptr(), stream));
  }
};

// sections are (C, S, 2 (K + 1)) with C one or the number of channels, x is (N, T), reset (1 or N, T).
template <class Op>
Sections make_sections(const OnDevice& device, const Tensor& sections, const Tensor& x, const OptionalTensor& zi,
                       const OptionalTensor& reset) {
  device.check(sections, "sections");
  device.check(zi, "zi");
  device.check(reset, "reset");
  STD_TORCH_CHECK(x.dim() == 2, "`x` must be (channel, time)");
  STD_TORCH_CHECK(sections.dim() == 3 && sections.size(1) > 0 && sections.size(2) >= 4 && sections.size(2) % 2 == 0,
                  "`sections` must be (channel or 1, section, 2 (order + 1))");
  Sections s{};
  s.n_channels = x.size(0);
  s.length = x.size(1);
  s.n_sections = sections.size(1);
  s.order = sections.size(2) / 2 - 1;
  Op::check(s);
  s.sections = data<double>(sections, "sections");
  s.per_channel = sections.size(0) != 1;
  STD_TORCH_CHECK(!s.per_channel || sections.size(0) == s.n_channels,
                  "`sections` must have one filter, or one a channel");
  STD_TORCH_CHECK(
      !zi || (zi->dim() == 3 && zi->size(0) == s.n_sections && zi->size(1) == s.n_channels && zi->size(2) == s.order),
      "`zi` must be (section, channel, order)");
  if (reset) {
    STD_TORCH_CHECK(
        reset->dim() == 2 && reset->size(1) == s.length && (reset->size(0) == 1 || reset->size(0) == s.n_channels),
        "`reset` must be (channel or 1, time)");
    s.reset = reinterpret_cast<const std::uint8_t*>(data<bool>(*reset, "reset"));
    s.reset_stride = reset->size(0) == 1 ? 0 : s.length;
  }
  return s;
}

// Without a sample the state goes through as it is.
void copy_state(Tensor& to, const OptionalTensor& from) {
  if (from) {
    torch::stable::copy_(to, *from);
  } else {
    torch::stable::zero_(to);
  }
}

template <class Op, typename T>
std::tuple<Tensor, Tensor> forward(const OnDevice& device, const Sections& s, const Tensor& x,
                                   const OptionalTensor& zi) {
  Tensor y = make_output<T>(x, {s.n_channels, s.length});
  Tensor zf = make_output<double>(x, {s.n_sections, s.n_channels, s.order});
  if (s.length == 0 || s.n_channels == 0) {
    copy_state(zf, zi);
    return {y, zf};
  }
  const marey::cuda::CascadeForward<T> a{s, data<T>(x, "x"), data<double>(zi, "zi"), mutable_data<T>(y),
                                         mutable_data<double>(zf)};
  Op::forward(a, x, device.stream());
  return {y, zf};
}

template <class Op>
std::tuple<Tensor, Tensor> filter(const Tensor sections, const Tensor x, const OptionalTensor zi,
                                  const OptionalTensor reset) {
  const OnDevice device(x);
  const Sections s = make_sections<Op>(device, sections, x, zi, reset);
  return x.scalar_type() == ScalarType::Double ? forward<Op, double>(device, s, x, zi)
                                               : forward<Op, float>(device, s, x, zi);
}

template <class Op, typename T>
std::tuple<Tensor, Tensor, Tensor> backward(const OnDevice& device, const Sections& s, const Tensor& grad_y,
                                            const Tensor& grad_zf, const Tensor& x, const OptionalTensor& zi,
                                            std::int64_t n_filters, bool for_sections) {
  Tensor grad_x = make_output<T>(x, {s.n_channels, s.length});
  Tensor grad_zi = make_output<double>(x, {s.n_sections, s.n_channels, s.order});
  Tensor grad_sections = make_output<double>(x, {n_filters, s.n_sections, 2 * (s.order + 1)});
  const bool nothing = s.length == 0 || s.n_channels == 0;
  if (nothing || !for_sections) torch::stable::zero_(grad_sections);
  if (nothing) {
    copy_state(grad_zi, grad_zf);
    return {grad_x, grad_sections, grad_zi};
  }
  const marey::cuda::CascadeBackward<T> a{s,
                                          data<T>(grad_y, "grad_y"),
                                          data<double>(grad_zf, "grad_zf"),
                                          data<T>(x, "x"),
                                          data<double>(zi, "zi"),
                                          mutable_data<T>(grad_x),
                                          mutable_data<double>(grad_zi),
                                          for_sections ? mutable_data<double>(grad_sections) : nullptr};
  Op::backward(a, x, device.stream());
  return {grad_x, grad_sections, grad_zi};
}

template <class Op>
std::tuple<Tensor, Tensor, Tensor> filter_backward(const Tensor grad_y, const Tensor grad_zf, const Tensor sections,
                                                   const Tensor x, const OptionalTensor zi, const OptionalTensor reset,
                                                   bool for_sections) {
  const OnDevice device(x);
  const Sections s = make_sections<Op>(device, sections, x, zi, reset);
  device.check(grad_y, "grad_y");
  device.check(grad_zf, "grad_zf");
  STD_TORCH_CHECK(grad_y.dim() == 2 && grad_y.size(0) == s.n_channels && grad_y.size(1) == s.length,
                  "`grad_y` must be shaped like `x`");
  STD_TORCH_CHECK(grad_zf.dim() == 3 && grad_zf.size(0) == s.n_sections && grad_zf.size(1) == s.n_channels &&
                      grad_zf.size(2) == s.order,
                  "`grad_zf` must be (section, channel, order)");
  const std::int64_t n_filters = sections.size(0);
  return x.scalar_type() == ScalarType::Double
             ? backward<Op, double>(device, s, grad_y, grad_zf, x, zi, n_filters, for_sections)
             : backward<Op, float>(device, s, grad_y, grad_zf, x, zi, n_filters, for_sections);
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) {
  m.impl("sosfilt", TORCH_BOX(&filter<Sosfilt>));
  m.impl("sosfilt_backward", TORCH_BOX(&filter_backward<Sosfilt>));
  m.impl("lfilter", TORCH_BOX(&filter<Lfilter>));
  m.impl("lfilter_backward", TORCH_BOX(&filter_backward<Lfilter>));
}
