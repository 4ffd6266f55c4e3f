#include "arrays.hpp"
#include "marey/kernels/hydra.hpp"
#include "marey/kernels/multirocket.hpp"

using namespace marey::numpy;
using marey::kernels::kMinirocketKernels;
using std::int64_t;

namespace {

template <typename T>
void check_lengths(const Array<T>& x, const Optional<int64_t>& lengths) {
  if (lengths) {
    expect(lengths->ndim() == 1 && lengths->size() == x.shape(0), "`lengths` must have one value a series");
    for (py::ssize_t i = 0; i < lengths->size(); ++i) {
      expect(0 <= lengths->data()[i] && lengths->data()[i] <= x.shape(2), "a length does not fit the series");
    }
  }
}

template <typename T>
void check_channels(const Array<T>& x, const Optional<int64_t>& channel_index, const Optional<int64_t>& channel_offsets,
                    int64_t pairs) {
  expect(bool(channel_index) == bool(channel_offsets), "`channel_index` and `channel_offsets` go together");
  if (channel_offsets) {
    expect(channel_offsets->size() == pairs + 1,
           "`channel_offsets` must have one value for each dilation and kernel or group, and one more");
    check_offsets(*channel_offsets, channel_index->size());
    for (py::ssize_t i = 0; i < channel_index->size(); ++i) {
      expect(0 <= channel_index->data()[i] && channel_index->data()[i] < x.shape(1), "no such channel");
    }
  }
}

// x (n, channels, length). What the Python layer has checked is checked again, so that a direct call is safe.
template <typename T>
marey::kernels::Minirocket<T> problem_of(const Array<T>& x, const Optional<int64_t>& lengths,
                                         const Array<int64_t>& dilations, const Array<int64_t>& counts,
                                         const Optional<int64_t>& channel_index,
                                         const Optional<int64_t>& channel_offsets) {
  expect(x.ndim() == 3, "`x` must be (n, channels, length)");
  expect(dilations.ndim() == 1 && counts.ndim() == 1 && dilations.size() == counts.size(),
         "`dilations` and `counts` must have one axis and the same length");
  int64_t features = 0;
  for (py::ssize_t d = 0; d < dilations.size(); ++d) {
    expect(dilations.data()[d] >= 1, "a dilation must be at least 1");
    expect(counts.data()[d] >= 0, "`counts` must not be negative");
    features += kMinirocketKernels * counts.data()[d];
  }
  check_lengths(x, lengths);
  check_channels(x, channel_index, channel_offsets, kMinirocketKernels * dilations.size());
  return {x.shape(0),
          x.shape(1),
          x.shape(2),
          x.data(),
          pointer(lengths),
          dilations.size(),
          dilations.data(),
          counts.data(),
          nullptr,
          pointer(channel_index),
          pointer(channel_offsets),
          features,
          nullptr};
}

// Rows of `pools` values a bias, by `transform`.
template <typename T, typename Transform>
Array<T> rows(marey::kernels::Minirocket<T> problem, const Array<T>& biases, py::ssize_t pools, Transform transform) {
  expect(biases.ndim() == 1 && biases.size() == problem.features, "`biases` must have 84 sum(counts) values");
  auto out = make_output<T>({problem.n, pools * problem.features});
  problem.biases = biases.data();
  problem.out = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(problem.n, problem.grain(),
                        [&](int64_t first, int64_t last) { transform(problem, first, last); });
  }
  return out;
}

template <typename T>
Array<T> minirocket(const Array<T>& x, const Optional<int64_t>& lengths, const Array<int64_t>& dilations,
                    const Array<int64_t>& counts, const Array<T>& biases, const Optional<int64_t>& channel_index,
                    const Optional<int64_t>& channel_offsets) {
  return rows(problem_of(x, lengths, dilations, counts, channel_index, channel_offsets), biases, 1,
              marey::kernels::minirocket<T>);
}

template <typename T>
Array<T> multirocket(const Array<T>& x, const Optional<int64_t>& lengths, const Array<int64_t>& dilations,
                     const Array<int64_t>& counts, const Array<T>& biases, const Optional<int64_t>& channel_index,
                     const Optional<int64_t>& channel_offsets) {
  return rows(problem_of(x, lengths, dilations, counts, channel_index, channel_offsets), biases,
              marey::kernels::kMultirocketPools, marey::kernels::multirocket<T>);
}

template <typename T>
Array<T> minirocket_biases(const Array<T>& x, const Optional<int64_t>& lengths, const Array<int64_t>& dilations,
                           const Array<int64_t>& counts, const Array<int64_t>& example, const Array<double>& level,
                           const Optional<int64_t>& channel_index, const Optional<int64_t>& channel_offsets) {
  const auto problem = problem_of(x, lengths, dilations, counts, channel_index, channel_offsets);
  expect(example.ndim() == 1 && example.size() == kMinirocketKernels * dilations.size(),
         "`example` must have one series for each dilation and kernel");
  for (py::ssize_t i = 0; i < example.size(); ++i) {
    expect(0 <= example.data()[i] && example.data()[i] < x.shape(0), "`example` names no series");
  }
  expect(level.ndim() == 1 && level.size() == problem.features, "`level` must have 84 sum(counts) values");
  for (py::ssize_t i = 0; i < level.size(); ++i) {
    expect(0 <= level.data()[i] && level.data()[i] <= 1, "`level` must lie within [0, 1]");
  }
  auto out = make_output<T>({problem.features});
  T* const biases = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(example.size(), 1 + 20000 / (1 + problem.length), [&](int64_t first, int64_t last) {
      marey::kernels::minirocket_biases(problem, example.data(), level.data(), biases, first, last);
    });
  }
  return out;
}

template <typename T>
Array<T> hydra(const Array<T>& x, const Optional<int64_t>& lengths, const Array<int64_t>& dilations,
               const Array<T>& weights, const Optional<int64_t>& channel_index,
               const Optional<int64_t>& channel_offsets) {
  expect(x.ndim() == 3, "`x` must be (n, channels, length)");
  expect(dilations.ndim() == 1 && weights.ndim() == 4 && weights.shape(0) == dilations.size() && weights.shape(3) == 9,
         "`weights` must be (dilations, groups, kernels, 9)");
  expect(1 <= weights.shape(2) && weights.shape(2) <= marey::kernels::kHydraMostKernels,
         "`weights` must have 1 to 16 kernels a group");
  for (py::ssize_t d = 0; d < dilations.size(); ++d) {
    expect(dilations.data()[d] >= 1, "a dilation must be at least 1");
  }
  check_lengths(x, lengths);
  check_channels(x, channel_index, channel_offsets, dilations.size() * weights.shape(1));
  auto out = make_output<T>({x.shape(0), 2 * dilations.size() * weights.shape(1) * weights.shape(2)});
  const marey::kernels::Hydra<T> problem{x.shape(0),
                                         x.shape(1),
                                         x.shape(2),
                                         x.data(),
                                         pointer(lengths),
                                         dilations.size(),
                                         weights.shape(1),
                                         weights.shape(2),
                                         dilations.data(),
                                         weights.data(),
                                         pointer(channel_index),
                                         pointer(channel_offsets),
                                         out.mutable_data()};
  {
    py::gil_scoped_release nogil;
    marey::parallel_for(problem.n, problem.grain(),
                        [&](int64_t first, int64_t last) { marey::kernels::hydra(problem, first, last); });
  }
  return out;
}

}  // namespace

void bind_kernels(py::module_& m) {
  const auto def = [&](auto transform, auto pooled, auto compete, auto biases) {
    const auto x = py::arg("x").noconvert(), dilations = py::arg("dilations").noconvert(),
               counts = py::arg("counts").noconvert();
    const auto lengths = py::arg("lengths").noconvert().none(true),
               index = py::arg("channel_index").noconvert().none(true),
               offsets = py::arg("channel_offsets").noconvert().none(true);
    m.def("minirocket", transform, x, lengths, dilations, counts, py::arg("biases").noconvert(), index, offsets);
    m.def("multirocket", pooled, x, lengths, dilations, counts, py::arg("biases").noconvert(), index, offsets);
    m.def("hydra", compete, x, lengths, dilations, py::arg("weights").noconvert(), index, offsets);
    m.def("minirocket_biases", biases, x, lengths, dilations, counts, py::arg("example").noconvert(),
          py::arg("level").noconvert(), index, offsets);
  };
  def(&minirocket<float>, &multirocket<float>, &hydra<float>, &minirocket_biases<float>);
  def(&minirocket<double>, &multirocket<double>, &hydra<double>, &minirocket_biases<double>);
}
