// marey._core: entropies of rows. Rows are values[offsets[i] .. offsets[i + 1]), float64; one result, or one row of
// results, for each. A row with a value that is not finite has NaN.
#include "marey/entropy/entropy.hpp"

#include <cmath>
#include <mutex>

#include "arrays.hpp"
#include "marey/entropy/matches.hpp"

using namespace marey::numpy;
namespace entropy = marey::entropy;

namespace {

using Values = Array<double>;
using Offsets = Array<std::int64_t>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Room {  // of one thread
  entropy::MatchRoom<std::uint16_t> narrow;
  entropy::MatchRoom<std::uint32_t> wide;
  std::vector<double> values;
  std::vector<std::uint8_t> symbols;
};

// f(row, n, out, room) writes `width` results, filled with NaN before.
template <typename F>
Values each_row(const Values& values, const Offsets& offsets, py::ssize_t width, std::int64_t grain, F f) {
  std::int64_t longest = 0;
  check_offsets(offsets, values.size(), &longest);
  expect(longest < (std::int64_t(1) << 32) - 1, "a series has more than 2^32 - 2 values");
  const std::int64_t rows = offsets.size() - 1;
  Values out = make_output<double>({rows, width});
  const double* x = values.data();
  const std::int64_t* o = offsets.data();
  double* to = out.mutable_data();
  std::exception_ptr failure;
  std::mutex lock;
  {
    py::gil_scoped_release nogil;
    const std::int64_t mean_length = rows > 0 ? std::max<std::int64_t>(1, values.size() / rows) : 1;
    marey::parallel_for(rows, std::max<std::int64_t>(1, grain / mean_length),
                        [&](std::int64_t begin, std::int64_t end) {
                          try {
                            Room room;
                            for (std::int64_t i = begin; i < end; ++i) {
                              const std::int64_t n = o[i + 1] - o[i];
                              double* row_out = to + i * width;
                              std::fill_n(row_out, width, nan);
                              if (std::all_of(x + o[i], x + o[i + 1], [](double v) { return std::isfinite(v); })) {
                                f(x + o[i], n, row_out, room);
                              }
                            }
                          } catch (...) {
                            const std::lock_guard guard(lock);
                            failure = std::current_exception();
                          }
                        });
  }
  if (failure) std::rethrow_exception(failure);
  return out;
}

double tolerance_of(const double* x, std::int64_t n, double r, bool absolute) {
  return absolute ? r : r * entropy::population_std(x, n);
}

// Columns: matches of m, matches of m + 1.
Values entropy_sample_counts(const Values& values, const Offsets& offsets, int m, double r, bool absolute) {
  expect(m >= 1 && m < 64, "`m` must be 1 to 63");
  return each_row(values, offsets, 2, 1 << 12, [=](const double* x, std::int64_t n, double* out, Room& room) {
    std::int64_t counts[2];
    entropy::sample_counts(x, n, m, tolerance_of(x, n, r, absolute), counts, room.narrow, room.wide);
    out[0] = double(counts[0]);
    out[1] = double(counts[1]);
  });
}

// Columns: matches of m and of m + 1 on each scale; the tolerance is that of the whole series.
Values entropy_multiscale_counts(const Values& values, const Offsets& offsets, int m, double r, bool absolute,
                                 std::int64_t scales) {
  expect(m >= 1 && m < 64 && scales >= 1, "`m` must be 1 to 63 and `scales` at least 1");
  return each_row(values, offsets, 2 * scales, 1 << 11, [=](const double* x, std::int64_t n, double* out, Room& room) {
    const double tolerance = tolerance_of(x, n, r, absolute);
    for (std::int64_t scale = 1; scale <= scales; ++scale) {
      room.values.resize(n / scale);
      for (std::int64_t i = 0; i < n / scale; ++i) room.values[i] = entropy::mean(x + i * scale, scale);
      std::int64_t counts[2];
      entropy::sample_counts(room.values.data(), n / scale, m, tolerance, counts, room.narrow, room.wide);
      out[2 * scale - 2] = double(counts[0]);
      out[2 * scale - 1] = double(counts[1]);
    }
  });
}

Values entropy_approximate(const Values& values, const Offsets& offsets, int m, double r, bool absolute) {
  expect(m >= 1 && m < 64, "`m` must be 1 to 63");
  return each_row(values, offsets, 1, 1 << 12, [=](const double* x, std::int64_t n, double* out, Room& room) {
    if (n < m + 1) return;
    double phi[2];
    entropy::approximate_phi(x, n, m, tolerance_of(x, n, r, absolute), phi, room.narrow, room.wide);
    out[0] = phi[0] - phi[1];
  });
}

Values entropy_fuzzy(const Values& values, const Offsets& offsets, int m, double r, bool absolute, int power) {
  expect(m >= 1 && m < 64 && power >= 1, "`m` must be 1 to 63 and `n` at least 1");
  return each_row(values, offsets, 1, 1 << 10, [=](const double* x, std::int64_t n, double* out, Room& room) {
    const double tolerance = tolerance_of(x, n, r, absolute);
    if (n < m + 2 || !(tolerance > 0)) return;
    room.values.resize((m + 1) * (n - m + 8));
    entropy::Fuzzy a{x, n, m, power, tolerance, room.values.data(), {}};
    entropy::fuzzy(a);
    out[0] = std::log(a.sums[0]) - std::log(a.sums[1]);
  });
}

Values entropy_permutation(const Values& values, const Offsets& offsets, int order, std::int64_t delay,
                           bool normalize) {
  expect(order >= 2 && order <= 8 && delay >= 1, "`order` must be 2 to 8 and `delay` at least 1");
  return each_row(values, offsets, 1, 1 << 14, [=](const double* x, std::int64_t n, double* out, Room&) {
    out[0] = entropy::permutation(x, n, order, delay, normalize);
  });
}

// Ones above `threshold`, or above the row's median where that is NaN.
Values entropy_lempel_ziv(const Values& values, const Offsets& offsets, double threshold) {
  return each_row(values, offsets, 1, 1 << 11, [=](const double* x, std::int64_t n, double* out, Room& room) {
    double cut = threshold;
    if (std::isnan(cut) && n > 0) {
      room.values.assign(x, x + n);
      const auto middle = room.values.begin() + n / 2;
      std::nth_element(room.values.begin(), middle, room.values.end());
      cut = n % 2 == 1 ? *middle : (*middle + *std::max_element(room.values.begin(), middle)) / 2;
    }
    room.symbols.resize(n);
    for (std::int64_t i = 0; i < n; ++i) room.symbols[i] = x[i] > cut;
    out[0] = double(entropy::lempel_ziv_words(room.symbols.data(), n));
  });
}

// Columns: alpha, then F at every scale.
Values entropy_dfa(const Values& values, const Offsets& offsets, const Offsets& scales, std::int64_t min_segments) {
  const std::int64_t n_scales = scales.size();
  expect(std::all_of(scales.data(), scales.data() + n_scales, [](std::int64_t s) { return s >= 3; }),
         "`scales` must be at least 3");
  expect(min_segments >= 1, "`min_segments` must be at least 1");
  return each_row(values, offsets, 1 + n_scales, 1 << 12, [&](const double* x, std::int64_t n, double* out, Room&) {
    out[0] = entropy::dfa(x, n, scales.data(), n_scales, min_segments, out + 1);
  });
}

Values entropy_higuchi(const Values& values, const Offsets& offsets, int k_max) {
  expect(k_max >= 2, "`k_max` must be at least 2");
  return each_row(values, offsets, 1, 1 << 13,
                  [=](const double* x, std::int64_t n, double* out, Room&) { out[0] = entropy::higuchi(x, n, k_max); });
}

Values entropy_hurst(const Values& values, const Offsets& offsets) {
  return each_row(values, offsets, 1, 1 << 13,
                  [=](const double* x, std::int64_t n, double* out, Room&) { out[0] = entropy::hurst(x, n); });
}

}  // namespace

void bind_entropy(py::module_& m) {
  const auto values = py::arg("values").noconvert(), offsets = py::arg("offsets").noconvert();
  const py::arg M("m"), r("r"), absolute("absolute");
  m.def("entropy_sample_counts", &entropy_sample_counts, values, offsets, M, r, absolute);
  m.def("entropy_multiscale_counts", &entropy_multiscale_counts, values, offsets, M, r, absolute, py::arg("scales"));
  m.def("entropy_approximate", &entropy_approximate, values, offsets, M, r, absolute);
  m.def("entropy_fuzzy", &entropy_fuzzy, values, offsets, M, r, absolute, py::arg("power"));
  m.def("entropy_permutation", &entropy_permutation, values, offsets, py::arg("order"), py::arg("delay"),
        py::arg("normalize"));
  m.def("entropy_lempel_ziv", &entropy_lempel_ziv, values, offsets, py::arg("threshold"));
  m.def("entropy_dfa", &entropy_dfa, values, offsets, py::arg("scales").noconvert(), py::arg("min_segments"));
  m.def("entropy_higuchi", &entropy_higuchi, values, offsets, py::arg("k_max"));
  m.def("entropy_hurst", &entropy_hurst, values, offsets);
}
