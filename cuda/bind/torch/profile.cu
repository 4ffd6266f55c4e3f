#include "device.cuh"
#include "marey/cuda/matrix_profile.cuh"

using namespace marey::torch_ops;

namespace {

using Six = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>;

// The series of a batch one after the other, each with the whole device.
Six matrix_profile(const Tensor t, const OptionalTensor other, const OptionalTensor lengths, std::int64_t m,
                   std::int64_t k, std::int64_t exclusion) {
  const OnDevice device(t);
  device.check(other, "other");
  device.check(lengths, "lengths");
  STD_TORCH_CHECK(k == 1, "on a GPU `k` must be 1");
  STD_TORCH_CHECK(t.dim() == 2 && m >= 2 && t.size(1) >= m && exclusion >= 0, "`t` must be (B, n) with n >= m >= 2");
  const std::int64_t batch = t.size(0), n = t.size(1), windows = n - m + 1, sided = other ? 0 : batch;
  STD_TORCH_CHECK(
      !other || (other->dim() == 2 && other->size(1) >= m && (other->size(0) == 1 || other->size(0) == batch)),
      "`other` must be (B or 1, n) with n >= m");
  STD_TORCH_CHECK(!lengths || (lengths->dim() == 1 && lengths->numel() == batch),
                  "`lengths` must have one value a row");
  Tensor distance = make_output<double>(t, {batch, windows, 1}),
         index = make_output<std::int64_t>(t, {batch, windows, 1});
  Tensor left = make_output<double>(t, {sided, windows}), right = make_output<double>(t, {sided, windows});
  Tensor left_index = make_output<std::int64_t>(t, {sided, windows}),
         right_index = make_output<std::int64_t>(t, {sided, windows});
  const double *const x = data<double>(t, "t"), *const y = data<double>(other, "other");
  const std::int64_t* const counted = data<std::int64_t>(lengths, "lengths");
  const std::int64_t n_other = other ? other->size(1) : 0, step = other && other->size(0) > 1 ? n_other : 0;
  const auto row = [&](auto* all, std::int64_t b) { return other ? nullptr : all + b * windows; };
  const auto series = [&](std::int64_t b) {
    return marey::cuda::MatrixProfile{x + b * n,
                                      y ? y + b * step : nullptr,
                                      counted ? counted + b : nullptr,
                                      n,
                                      n_other,
                                      m,
                                      exclusion,
                                      mutable_data<double>(distance) + b * windows,
                                      row(mutable_data<double>(left), b),
                                      row(mutable_data<double>(right), b),
                                      mutable_data<std::int64_t>(index) + b * windows,
                                      row(mutable_data<std::int64_t>(left_index), b),
                                      row(mutable_data<std::int64_t>(right_index), b)};
  };
  if (batch > 0) {
    Tensor workspace = make_workspace(t, marey::cuda::matrix_profile_workspace(series(0)));
    for (std::int64_t b = 0; b < batch; ++b) {
      STD_CUDA_CHECK(marey::cuda::matrix_profile(series(b), workspace.mutable_data_ptr(), device.stream()));
    }
  }
  return {distance, index, left, left_index, right, right_index};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(marey, CUDA, m) { m.impl("matrix_profile", TORCH_BOX(&matrix_profile)); }
