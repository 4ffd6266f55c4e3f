#include "marey/kernels/hydra.hpp"
#include "marey/kernels/multirocket.hpp"
#include "tensors.hpp"

using namespace marey::torch_ops;
using marey::kernels::kMinirocketKernels;

namespace {

const std::int64_t* checked_lengths(const Tensor& x, const OptionalTensor& lengths) {
  const std::int64_t* length = data<std::int64_t>(lengths, "lengths");
  if (length != nullptr) {
    STD_TORCH_CHECK(lengths->dim() == 1 && lengths->numel() == x.size(0), "`lengths` must have one value a series");
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      STD_TORCH_CHECK(0 <= length[i] && length[i] <= x.size(2), "a length does not fit the series");
    }
  }
  return length;
}

void check_channels(const Tensor& x, const OptionalTensor& channel_index, const OptionalTensor& channel_offsets,
                    std::int64_t pairs) {
  STD_TORCH_CHECK(bool(channel_index) == bool(channel_offsets), "`channel_index` and `channel_offsets` go together");
  if (channel_offsets) {
    STD_TORCH_CHECK(channel_offsets->numel() == pairs + 1,
                    "`channel_offsets` must have one value for each dilation and kernel or group, and one more");
    check_offsets(*channel_offsets, channel_index->numel());
    const std::int64_t* index = data<std::int64_t>(*channel_index, "channel_index");
    for (std::int64_t i = 0; i < channel_index->numel(); ++i) {
      STD_TORCH_CHECK(0 <= index[i] && index[i] < x.size(1), "no such channel");
    }
  }
}

// Rows of `pools` values a bias, by `transform`.
template <typename T, typename Transform>
Tensor run(const Tensor& x, const OptionalTensor& lengths, const Tensor& dilations, const Tensor& counts,
           const Tensor& biases, const OptionalTensor& channel_index, const OptionalTensor& channel_offsets,
           std::int64_t pools, Transform transform) {
  STD_TORCH_CHECK(x.dim() == 3, "`x` must be (n, channels, length)");
  STD_TORCH_CHECK(dilations.dim() == 1 && counts.dim() == 1 && dilations.numel() == counts.numel(),
                  "`dilations` and `counts` must have one axis and the same length");
  const std::int64_t *steps = data<std::int64_t>(dilations, "dilations"), *each = data<std::int64_t>(counts, "counts");
  std::int64_t features = 0;
  for (std::int64_t d = 0; d < dilations.numel(); ++d) {
    STD_TORCH_CHECK(steps[d] >= 1, "a dilation must be at least 1");
    STD_TORCH_CHECK(each[d] >= 0, "`counts` must not be negative");
    features += kMinirocketKernels * each[d];
  }
  STD_TORCH_CHECK(biases.dim() == 1 && biases.numel() == features, "`biases` must have 84 sum(counts) values");
  const std::int64_t* length = checked_lengths(x, lengths);
  check_channels(x, channel_index, channel_offsets, kMinirocketKernels * dilations.numel());
  Tensor out = make_output<T>(x, {x.size(0), pools * features});
  const marey::kernels::Minirocket<T> problem{x.size(0),
                                              x.size(1),
                                              x.size(2),
                                              data<T>(x, "x"),
                                              length,
                                              dilations.numel(),
                                              steps,
                                              each,
                                              data<T>(biases, "biases"),
                                              data<std::int64_t>(channel_index, "channel_index"),
                                              data<std::int64_t>(channel_offsets, "channel_offsets"),
                                              features,
                                              mutable_data<T>(out)};
  torch::stable::parallel_for(0, problem.n, problem.grain(),
                              [&](std::int64_t first, std::int64_t last) { transform(problem, first, last); });
  return out;
}

Tensor minirocket(const Tensor x, const OptionalTensor lengths, const Tensor dilations, const Tensor counts,
                  const Tensor biases, const OptionalTensor channel_index, const OptionalTensor channel_offsets) {
  return x.scalar_type() == ScalarType::Double ? run<double>(x, lengths, dilations, counts, biases, channel_index,
                                                             channel_offsets, 1, marey::kernels::minirocket<double>)
                                               : run<float>(x, lengths, dilations, counts, biases, channel_index,
                                                            channel_offsets, 1, marey::kernels::minirocket<float>);
}

Tensor multirocket(const Tensor x, const OptionalTensor lengths, const Tensor dilations, const Tensor counts,
                   const Tensor biases, const OptionalTensor channel_index, const OptionalTensor channel_offsets) {
  return x.scalar_type() == ScalarType::Double
             ? run<double>(x, lengths, dilations, counts, biases, channel_index, channel_offsets,
                           marey::kernels::kMultirocketPools, marey::kernels::multirocket<double>)
             : run<float>(x, lengths, dilations, counts, biases, channel_index, channel_offsets,
                          marey::kernels::kMultirocketPools, marey::kernels::multirocket<float>);
}

template <typename T>
Tensor compete(const Tensor& x, const OptionalTensor& lengths, const Tensor& dilations, const Tensor& weights,
               const OptionalTensor& channel_index, const OptionalTensor& channel_offsets) {
  STD_TORCH_CHECK(x.dim() == 3, "`x` must be (n, channels, length)");
  STD_TORCH_CHECK(
      dilations.dim() == 1 && weights.dim() == 4 && weights.size(0) == dilations.numel() && weights.size(3) == 9,
      "`weights` must be (dilations, groups, kernels, 9)");
  STD_TORCH_CHECK(1 <= weights.size(2) && weights.size(2) <= marey::kernels::kHydraMostKernels,
                  "`weights` must have 1 to 16 kernels a group");
  const std::int64_t* steps = data<std::int64_t>(dilations, "dilations");
  for (std::int64_t d = 0; d < dilations.numel(); ++d) STD_TORCH_CHECK(steps[d] >= 1, "a dilation must be at least 1");
  const std::int64_t* length = checked_lengths(x, lengths);
  check_channels(x, channel_index, channel_offsets, dilations.numel() * weights.size(1));
  Tensor out = make_output<T>(x, {x.size(0), 2 * dilations.numel() * weights.size(1) * weights.size(2)});
  const marey::kernels::Hydra<T> problem{x.size(0),
                                         x.size(1),
                                         x.size(2),
                                         data<T>(x, "x"),
                                         length,
                                         dilations.numel(),
                                         weights.size(1),
                                         weights.size(2),
                                         steps,
                                         data<T>(weights, "weights"),
                                         data<std::int64_t>(channel_index, "channel_index"),
                                         data<std::int64_t>(channel_offsets, "channel_offsets"),
                                         mutable_data<T>(out)};
  torch::stable::parallel_for(0, problem.n, problem.grain(), [&](std::int64_t first, std::int64_t last) {
    marey::kernels::hydra(problem, first, last);
  });
  return out;
}

Tensor hydra(const Tensor x, const OptionalTensor lengths, const Tensor dilations, const Tensor weights,
             const OptionalTensor channel_index, const OptionalTensor channel_offsets) {
  return x.scalar_type() == ScalarType::Double
             ? compete<double>(x, lengths, dilations, weights, channel_index, channel_offsets)
             : compete<float>(x, lengths, dilations, weights, channel_index, channel_offsets);
}

}  // namespace

STABLE_TORCH_LIBRARY_FRAGMENT(marey, m) {
  for (const char* schema :
       {"minirocket(Tensor x, Tensor? lengths, Tensor dilations, Tensor counts, Tensor biases, Tensor? channel_index, "
        "Tensor? channel_offsets) -> Tensor",
        "multirocket(Tensor x, Tensor? lengths, Tensor dilations, Tensor counts, Tensor biases, Tensor? channel_index, "
        "Tensor? channel_offsets) -> Tensor",
        "hydra(Tensor x, Tensor? lengths, Tensor dilations, Tensor weights, Tensor? channel_index, "
        "Tensor? channel_offsets) -> Tensor"}) {
    m.def(schema);
  }
}

STABLE_TORCH_LIBRARY_IMPL(marey, CPU, m) {
  m.impl("minirocket", TORCH_BOX(&minirocket));
  m.impl("multirocket", TORCH_BOX(&multirocket));
  m.impl("hydra", TORCH_BOX(&hydra));
}
