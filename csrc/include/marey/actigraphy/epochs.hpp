// Raw acceleration of three axes, in g, to what is told of an epoch. A sample is observed if all its axes are finite.
//
// Counts: Neishabouri et al., Sci Rep 12:11958, 2022. To 30 Hz by a one-pole low-pass between up- and down-sampling,
// milli-g, a band-pass of order 7 begun in its steady state, a dead band below 4 and saturation at 128, the mean of
// three to 10 Hz, integers all the way from there. The three axes are lanes; the recurrences' latency is the cost.
// ENMO, MAD and angle-z: see `Epoch`. Cost: one pass over the samples, an epoch at a time while it is in cache.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::actigraphy {

inline constexpr int kAxes = 3;

// One axis after the other, `stride` samples apart; a sample is (value - offset) * scale.
template <typename T>
struct Acceleration {
  const T* x = nullptr;
  std::int64_t stride = 0;
  double scale[kAxes] = {1, 1, 1}, offset[kAxes] = {0, 0, 0};
};

// What the recurrences hold between two pieces; lane 3 idles.
struct CountState {
  typedef double Lanes __attribute__((vector_size(32)));
  Lanes low_pass{}, band_pass[7]{};
  std::int64_t phase = 0;      // up-sampled steps since the last 30 Hz sample
  std::int64_t thirds = 0;     // 30 Hz samples in the 10 Hz sample at hand
  std::int64_t sum[kAxes]{};   // and their values
  std::int64_t tenths_at = 0;  // index of that 10 Hz sample
  bool begun = false;
};

struct CountPlan {
  std::int64_t up = 1, down = 1, tenths_per_epoch = 600, n_epochs = 0;
};
// False if counts are not defined at this frequency: 30, 40, ..., 100 Hz.
bool count_factors(std::int64_t fs, CountPlan& plan) noexcept;

enum What : unsigned { kEnmo = 1, kMad = 2, kAngle = 4, kMoments = 8, kMedians = 16 };

// Of the observed samples of an epoch; NaN where there is none.
struct Epoch {
  double observed = 0;                 // samples
  double enmo = 0;                     // mean of max(|a| - 1, 0)
  double mad = 0;                      // mean of | |a| - its mean |
  double angle_z = 0;                  // degrees, of the axes' medians
  double mean[kAxes], squares[kAxes];  // and the sum of squares about it
  double least[kAxes], most[kAxes];
  double median[kAxes];
};
inline constexpr int kEpochColumns = sizeof(Epoch) / sizeof(double);

MAREY_DECLARE_PER_ISA(template <typename T> void counts_kernel(const Acceleration<T>& a, std::int64_t begin,
                                                               std::int64_t end, const CountPlan& plan, CountState& s,
                                                               std::int64_t* sums, std::int64_t* seen) noexcept)
// `room`: 4 * (n + 8) doubles.
MAREY_DECLARE_PER_ISA(template <typename T> void epoch_kernel(const Acceleration<T>& a, std::int64_t begin,
                                                              std::int64_t n, unsigned what, double* room,
                                                              Epoch& out) noexcept)
MAREY_DECLARE_PER_ISA(template <typename T> bool all_finite_kernel(const T* x, std::int64_t n) noexcept)

// One recording of n samples. `counts`: (3, n_epochs) of the plan, or null; -1 where an epoch is not wholly observed.
// `epochs`: n / samples_per_epoch of them, or null. False if memory ran out.
template <typename T>
bool pass(const Acceleration<T>& a, std::int64_t n, std::int64_t fs, const CountPlan& plan, std::int64_t* counts,
          std::int64_t samples_per_epoch, unsigned what, Epoch* epochs) noexcept;

// The median of `window` samples around each (fewer at the ends), of one axis; NaN where none of them is finite.
template <typename T>
bool rolling_median(const T* x, std::int64_t n, std::int64_t window, double* out) noexcept;

}  // namespace marey::actigraphy
