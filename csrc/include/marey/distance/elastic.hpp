// The elastic distances beside dynamic time warping, of pairs and between two sets: their definitions are in
// warp_rules.hpp, which fills the table of warp.hpp, one pair a lane.
//
// LCSS (Vlachos, Kollios and Gunopulos 2002), ERP (Chen and Ng 2004), EDR (Chen, Ozsu and Oria 2005), MSM (Stefan,
// Athitsos and Das 2013), TWE (Marteau 2009), WDTW (Jeong, Jeong and Omitaomu 2011).
// A series with a value that is not finite is NaN from all; where no path keeps to the window the distance is inf.
#pragma once
#include <cmath>
#include <cstdint>
#include <memory>

#include "marey/core/isa.hpp"
#include "marey/distance/cdist.hpp"

namespace marey::distance {

enum class Measure : std::int64_t { lcss, erp, edr, msm, twe, wdtw };
inline constexpr std::int64_t n_measures = 6;

template <typename T>
struct Elastic {
  Measure measure;
  T first, second;                     // epsilon (LCSS, EDR), c (MSM), nu and lambda (TWE), g (WDTW)
  const T* g;                          // ERP: [channels]
  const T *x_deviation, *y_deviation;  // EDR with a negative epsilon: [n], the standard deviations

  bool needs_deviations() const noexcept { return measure == Measure::edr && first < 0; }
};

// Pair b is series b of x and of y.
template <typename T>
struct Pairs {
  Series<T> x, y;
  std::int64_t window;
  const bool *x_finite, *y_finite;
  T* out;  // [n]

  std::int64_t grain() const noexcept { return 1 + (1 << 18) / (x.longest() * y.longest() * x.channels + 1); }
};

template <typename T>
void elastic(const Elastic<T>& e, const Pairs<T>& a, std::int64_t first, std::int64_t last);
template <typename T>
void elastic_cdist(const Elastic<T>& e, const Cdist<T>& a, std::int64_t first, std::int64_t last);

// Of all channels together.
template <typename T>
std::unique_ptr<T[]> deviations(const Series<T>& s) {
  std::unique_ptr<T[]> of(new T[s.n]);
  for (std::int64_t i = 0; i < s.n; ++i) {
    const double values = double(s.channels) * s.length_of(i);
    double mean = 0, square = 0;
    const auto each = [&](auto visit) {
      for (std::int64_t c = 0; c < s.channels; ++c) {
        for (std::int64_t t = 0; t < s.length_of(i); ++t) visit(double(s.channel(i)[c * s.length + t]));
      }
    };
    each([&](double v) { mean += v / values; });
    each([&](double v) { square += (v - mean) * (v - mean); });
    of[i] = T(std::sqrt(square / values));
  }
  return of;
}

template <typename T, typename Plan, typename Run>
void with_deviations(Elastic<T> e, const Plan& a, Run run) {
  std::unique_ptr<T[]> x, y;
  if (e.needs_deviations()) {
    x = deviations(a.x);
    y = deviations(a.y);
  }
  e.x_deviation = x.get();
  e.y_deviation = y.get();
  run(e);
}

template <typename T, typename Parallel>
void elastic_on(const Elastic<T>& given, Pairs<T> a, Parallel&& parallel) {
  const auto x_finite = finite_series(a.x), y_finite = finite_series(a.y);
  a.x_finite = x_finite.get();
  a.y_finite = y_finite.get();
  with_deviations(given, a, [&](const Elastic<T>& e) {
    parallel(a.x.n, a.grain(), [&](std::int64_t first, std::int64_t last) { elastic(e, a, first, last); });
  });
}

template <typename T, typename Parallel>
void elastic_cdist_on(const Elastic<T>& given, const Cdist<T>& a, Parallel&& parallel) {
  with_deviations(given, a, [&](const Elastic<T>& e) {
    cdist_on(a, parallel,
             [&](const Cdist<T>& plan, std::int64_t first, std::int64_t last) { elastic_cdist(e, plan, first, last); });
  });
}

MAREY_DECLARE_PER_ISA(template <typename T>
                      void elastic_kernel(const Elastic<T>&, const Pairs<T>&, std::int64_t, std::int64_t);
                      template <typename T>
                      void elastic_cdist_kernel(const Elastic<T>&, const Cdist<T>&, std::int64_t, std::int64_t))

}  // namespace marey::distance
