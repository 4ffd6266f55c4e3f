// marey._core: matrix profiles and distance profiles of rows, float64.
#include <exception>
#include <mutex>

#include "arrays.hpp"
#include "marey/profile/mass.hpp"
#include "marey/profile/matrix_profile.hpp"
#include "marey/profile/mmatrix_profile.hpp"
#include "marey/profile/stream.hpp"

using namespace marey::numpy;
namespace profile = marey::profile;

namespace {

using Values = Array<double>;
using Indices = Array<std::int64_t>;

// t: (B, n); lengths: (B,), what counts of each row; other: (B or 1, n'). Outputs (B, n - m + 1, k) and, without
// `other`, (B, n - m + 1) to either side.
py::tuple matrix_profile(const Values& t, const std::optional<Values>& other, const Optional<std::int64_t>& lengths,
                         std::int64_t m, std::int64_t k, std::int64_t exclusion) {
  expect(t.ndim() == 2 && m >= 2 && t.shape(1) >= m, "`t` must be (B, n) with n >= m >= 2");
  expect(k >= 1 && exclusion >= 0, "`k` must be at least 1 and `exclusion` not negative");
  const std::int64_t batch = t.shape(0), n = t.shape(1), windows = n - m + 1;
  const bool self = !other;
  if (other) {
    expect(other->ndim() == 2 && other->shape(1) >= m && (other->shape(0) == 1 || other->shape(0) == batch),
           "`other` must be (B or 1, n) with n >= m");
  }
  if (lengths) {
    expect(lengths->ndim() == 1 && lengths->size() == batch, "`lengths` must have one value a row");
    for (std::int64_t i = 0; i < batch; ++i) {
      expect(lengths->data()[i] >= 0 && lengths->data()[i] <= n, "`lengths` must be 0 to n");
    }
  }
  auto distance = make_output<double>({batch, windows, k});
  auto index = make_output<std::int64_t>({batch, windows, k});
  const std::int64_t sided = self ? batch : 0;
  auto left = make_output<double>({sided, windows}), right = make_output<double>({sided, windows});
  auto left_index = make_output<std::int64_t>({sided, windows}),
       right_index = make_output<std::int64_t>({sided, windows});
  const double* const x = t.data();
  const double* const y = other ? other->data() : nullptr;
  const std::int64_t* const counted = pointer(lengths);
  double *const d = distance.mutable_data(), *const l = left.mutable_data(), *const r = right.mutable_data();
  std::int64_t *const at = index.mutable_data(), *const l_at = left_index.mutable_data(),
                      *const r_at = right_index.mutable_data();
  std::exception_ptr failure;
  std::mutex lock;
  {
    py::gil_scoped_release nogil;
    constexpr double inf = std::numeric_limits<double>::infinity();
    const auto one = [&](std::int64_t i, bool on_threads) {
      const std::int64_t length = counted ? counted[i] : n, from = length < m ? 0 : length - m + 1;
      std::fill(d + (i * windows + from) * k, d + (i + 1) * windows * k, inf);
      std::fill(at + (i * windows + from) * k, at + (i + 1) * windows * k, -1);
      if (self) {
        for (double* p : {l, r}) std::fill(p + i * windows + from, p + (i + 1) * windows, inf);
        for (std::int64_t* p : {l_at, r_at}) std::fill(p + i * windows + from, p + (i + 1) * windows, -1);
      }
      if (from == 0) return;
      const auto of = profile::windows_of(x + i * n, length, m);
      const std::int64_t o = i * windows;
      const profile::Profile out{k,
                                 d + o * k,
                                 at + o * k,
                                 self ? l + o : nullptr,
                                 self ? r + o : nullptr,
                                 self ? l_at + o : nullptr,
                                 self ? r_at + o : nullptr};
      if (self) return profile::matrix_profile(of, nullptr, exclusion, out, on_threads);
      const std::int64_t n_other = other->shape(1);
      const auto beside = profile::windows_of(y + (other->shape(0) == 1 ? 0 : i * n_other), n_other, m);
      profile::matrix_profile(of, &beside, exclusion, out, on_threads);
    };
    if (batch < marey::get_num_threads()) {
      for (std::int64_t i = 0; i < batch; ++i) one(i, true);
    } else {
      marey::parallel_for(batch, std::max<std::int64_t>(1, 100000 / (n * n / 2 + 1)),
                          [&](std::int64_t begin, std::int64_t end) {
                            try {
                              for (std::int64_t i = begin; i < end; ++i) one(i, false);
                            } catch (...) {
                              const std::lock_guard guard(lock);
                              failure = std::current_exception();
                            }
                          });
    }
  }
  if (failure) std::rethrow_exception(failure);
  return py::make_tuple(distance, index, left, left_index, right, right_index);
}

py::tuple mmatrix_profile(const Values& t, const std::optional<Values>& other, std::int64_t m, std::int64_t exclusion) {
  expect(t.ndim() == 2 && m >= 2 && t.shape(1) >= m && exclusion >= 0, "`t` must be (d, n) with n >= m >= 2");
  expect(t.shape(0) >= 1 && t.shape(0) <= profile::most_channels, "`t` must have 1 to 32 channels");
  expect(!other || (other->ndim() == 2 && other->shape(0) == t.shape(0) && other->shape(1) >= m),
         "`other` must be (d, n) with n >= m");
  const std::int64_t d = t.shape(0), n = t.shape(1), n_other = other ? other->shape(1) : 0;
  auto distance = make_output<double>({d, n - m + 1});
  auto index = make_output<std::int64_t>({d, n - m + 1});
  const double *const x = t.data(), *const y = other ? other->data() : nullptr;
  double* const to = distance.mutable_data();
  std::int64_t* const at = index.mutable_data();
  {
    py::gil_scoped_release nogil;
    const auto rows = profile::channels_of(x, d, n, m);
    const auto columns = profile::channels_of(y, y ? d : 0, n_other, m);
    profile::mmatrix_profile(rows, y ? &columns : nullptr, exclusion, to, at);
  }
  return py::make_tuple(distance, index);
}

Values mass(const Values& q, const Values& t) {
  expect(q.ndim() == 2 && t.ndim() == 2 && (q.shape(0) == 1 || q.shape(0) == t.shape(0)) && q.shape(1) >= 2 &&
             t.shape(1) >= q.shape(1),
         "`q` must be (1 or B, m) and `t` (B, n) with n >= m >= 2");
  const std::int64_t batch = t.shape(0), m = q.shape(1), n = t.shape(1);
  const bool shared = q.shape(0) == 1;
  auto out = make_output<double>({batch, n - m + 1});
  const double *const of_q = q.data(), *const of_t = t.data();
  double* const to = out.mutable_data();
  {
    py::gil_scoped_release nogil;
    for (std::int64_t b = 0; b < batch; ++b) {
      profile::mass(profile::windows_of(of_q + (shared ? 0 : b * m), m, m), profile::windows_of(of_t + b * n, n, m),
                    to + b * (n - m + 1));
    }
  }
  return out;
}

// distance, index, left and right of what is remembered.
py::tuple profile_of(profile::Stream& stream) {
  const std::int64_t n = stream.windows();
  auto distance = make_output<double>({n}), left = make_output<double>({n}), right = make_output<double>({n});
  auto index = make_output<std::int64_t>({n}), left_index = make_output<std::int64_t>({n}),
       right_index = make_output<std::int64_t>({n});
  stream.write({1, distance.mutable_data(), index.mutable_data(), left.mutable_data(), right.mutable_data(),
                left_index.mutable_data(), right_index.mutable_data()});
  return py::make_tuple(distance, index, left, left_index, right, right_index);
}

Values values_of(const profile::Stream& stream) {
  auto t = make_output<double>({stream.size()});
  std::copy_n(stream.t(), stream.size(), t.mutable_data());
  return t;
}

}  // namespace

void bind_profile(py::module_& m) {
  m.def("matrix_profile", &matrix_profile, py::arg("t").noconvert(), py::arg("other").noconvert().none(true),
        py::arg("lengths").noconvert().none(true), py::arg("m"), py::arg("k"), py::arg("exclusion"));
  m.def("mmatrix_profile", &mmatrix_profile, py::arg("t").noconvert(), py::arg("other").noconvert().none(true),
        py::arg("m"), py::arg("exclusion"));
  py::class_<profile::Stream>(m, "ProfileStream")
      .def(py::init([](const Values& t, std::int64_t window, std::int64_t exclusion, std::int64_t keep) {
             expect(
                 t.ndim() == 1 && window >= 2 && t.size() >= window && exclusion >= 0 && (keep == 0 || keep >= window),
                 "`t` must be (n,) with n, keep >= m >= 2");
             return profile::Stream(t.data(), t.size(), window, exclusion, keep);
           }),
           py::arg("t").noconvert(), py::arg("m"), py::arg("exclusion"), py::arg("keep"))
      .def(
          "update",
          [](profile::Stream& stream, const Values& values) {
            expect(values.ndim() == 1, "`values` must be (v,)");
            stream.update(values.data(), values.size());
          },
          py::arg("values").noconvert())
      .def("profile", &profile_of)
      .def("t", &values_of)
      .def("forgotten", &profile::Stream::forgotten)
      .def("__len__", &profile::Stream::size);
  m.def("mass", &mass, py::arg("q").noconvert(), py::arg("t").noconvert());
}
