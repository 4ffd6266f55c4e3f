#include "marey/actigraphy/epochs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <vector>

namespace marey::actigraphy {

namespace {

template <typename T>
void counts_of(const Acceleration<T>& a, std::int64_t begin, std::int64_t end, const CountPlan& plan, CountState& s,
               std::int64_t* sums, std::int64_t* seen) noexcept {
  MAREY_DISPATCH(counts_kernel, a, begin, end, plan, s, sums, seen);
}
template <typename T>
void epoch_of(const Acceleration<T>& a, std::int64_t begin, std::int64_t n, unsigned what, double* room, Epoch& out) {
  MAREY_DISPATCH(epoch_kernel, a, begin, n, what, room, out);
}
template <typename T>
bool all_finite(const T* x, std::int64_t n) {
  MAREY_DISPATCH(all_finite_kernel, x, n);
}

template <typename T>
bool observed(const Acceleration<T>& a, std::int64_t t) {
  bool is = true;
  for (int axis = 0; axis < kAxes; ++axis) is &= std::isfinite(double(a.x[axis * a.stride + t]));
  return is;
}

// Feeds [begin, end): behind a gap the filters begin anew, on the next 10 Hz sample's first.
template <typename T>
void feed(const Acceleration<T>& a, std::int64_t begin, std::int64_t end, std::int64_t per_tenth, const CountPlan& plan,
          CountState& s, std::int64_t* sums, std::int64_t* seen) {
  bool whole = true;
  for (int axis = 0; axis < kAxes; ++axis) whole &= all_finite(a.x + axis * a.stride + begin, end - begin);
  for (std::int64_t t = begin; t < end;) {
    if (!whole && !observed(a, t)) {
      s = CountState{};
      ++t;
      continue;
    }
    if (!s.begun) {
      if (t % per_tenth != 0) {
        ++t;
        continue;
      }
      s.tenths_at = t / per_tenth;
    }
    std::int64_t to = end;
    if (!whole) {
      for (to = t + 1; to < end && observed(a, to);) ++to;
    }
    counts_of(a, t, to, plan, s, sums, seen);
    t = to;
  }
}

}  // namespace

bool count_factors(std::int64_t fs, CountPlan& plan) noexcept {
  if (fs < 30 || fs > 100 || fs % 10 != 0) return false;
  plan.up = fs % 30 == 0 ? 1 : 3;
  plan.down = fs % 30 == 0 ? fs / 30 : fs / 10;
  return true;
}

template <typename T>
bool pass(const Acceleration<T>& a, std::int64_t n, std::int64_t fs, const CountPlan& plan, std::int64_t* counts,
          std::int64_t samples_per_epoch, unsigned what, Epoch* epochs) noexcept try {
  std::vector<std::int64_t> seen(counts == nullptr ? 0 : plan.n_epochs);
  if (counts != nullptr) std::fill_n(counts, kAxes * plan.n_epochs, 0);
  const std::int64_t step = epochs == nullptr ? 4096 : samples_per_epoch;
  std::vector<double> room(epochs == nullptr ? 0 : 4 * (step + 8));
  CountState state;
  for (std::int64_t begin = 0; begin < n; begin += step) {
    const std::int64_t end = std::min(n, begin + step);
    if (epochs != nullptr && end - begin == step) epoch_of(a, begin, step, what, room.data(), epochs[begin / step]);
    if (counts != nullptr) feed(a, begin, end, fs / 10, plan, state, counts, seen.data());
  }
  for (std::int64_t e = 0; counts != nullptr && e < plan.n_epochs; ++e) {
    if (seen[e] == plan.tenths_per_epoch) continue;
    for (int axis = 0; axis < kAxes; ++axis) counts[axis * plan.n_epochs + e] = -1;
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

template <typename T>
bool rolling_median(const T* x, std::int64_t n, std::int64_t window, double* out) noexcept try {
  std::vector<double> sorted;  // the finite values of the window
  sorted.reserve(window);
  const std::int64_t before = window / 2, after = window - 1 - before;
  const auto add = [&](double v) {
    if (std::isfinite(v)) sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), v), v);
  };
  for (std::int64_t t = 0; t < std::min(n, after); ++t) add(x[t]);
  for (std::int64_t t = 0; t < n; ++t) {
    if (t + after < n) add(x[t + after]);
    if (t > before && std::isfinite(double(x[t - before - 1]))) {
      sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), double(x[t - before - 1])));
    }
    const std::size_t k = sorted.size();
    out[t] = k == 0 ? std::numeric_limits<double>::quiet_NaN() : (sorted[(k - 1) / 2] + sorted[k / 2]) / 2;
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

template bool pass(const Acceleration<float>&, std::int64_t, std::int64_t, const CountPlan&, std::int64_t*,
                   std::int64_t, unsigned, Epoch*) noexcept;
template bool pass(const Acceleration<double>&, std::int64_t, std::int64_t, const CountPlan&, std::int64_t*,
                   std::int64_t, unsigned, Epoch*) noexcept;
template bool rolling_median(const float*, std::int64_t, std::int64_t, double*) noexcept;
template bool rolling_median(const double*, std::int64_t, std::int64_t, double*) noexcept;

}  // namespace marey::actigraphy
