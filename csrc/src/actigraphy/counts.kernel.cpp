// Activity counts: three axes in the lanes of one register, sample after sample.
//
// The order of the operations is that of a direct form II transposed in float64, so that a value that lies on an edge
// of the dead band falls on the side where it is expected.
#include "marey/actigraphy/epochs.hpp"
#include "marey/core/simd.hpp"

namespace marey::actigraphy::MAREY_LEVEL {

using Lanes = CountState::Lanes;
typedef std::int64_t Whole __attribute__((vector_size(32)));

// Table 1 of the paper.
constexpr double b[8] = {-0.009341062898525, -0.025470289659360, -0.004235264826105, 0.044152415456420,
                         0.036493718347760,  -0.011893961934740, -0.022917390623150, -0.006788163862310};
constexpr double a[8] = {1.0,
                         -3.63367395910957,
                         5.03689812757486,
                         -3.09612247819666,
                         0.50620507633883,
                         0.32421701566682,
                         -0.15685485875559,
                         0.01949130205890};
constexpr double gain = (3.0 / 4096.0) / (2.6 / 256.0) * 237.5;
constexpr double pi = 3.14159265358979323846;

// The state in which a constant of one comes out as the filter's answer to it.
static void steady_state(double (&zi)[7]) {
  double sum_b = 0, sum_a = 1;
  for (int k = 1; k < 8; ++k) {
    sum_b += b[k] - a[k] * b[0];
    sum_a += a[k];
  }
  zi[0] = sum_b / sum_a;
  double so_far_a = 1, so_far_b = 0;
  for (int k = 1; k < 7; ++k) {
    so_far_a += a[k];
    so_far_b += b[k] - a[k] * b[0];
    zi[k] = so_far_a * zi[0] - so_far_b;
  }
}

static inline Lanes nearest(Lanes v) {  // whole number, ties to even
  const Lanes big = Lanes{} + 0x1.8p52;
  const Lanes rounded = (v + big) - big;
  const Lanes size = v < 0.0 ? -v : v;
  return size < 0x1p51 ? rounded : v;
}

static inline void at_30hz(Lanes v, CountState& s, const CountPlan& plan, std::int64_t* sums, std::int64_t* seen) {
  const Lanes x = nearest(v * 1000.0) / 1000.0;
  if (!s.begun) {
    double zi[7];
    steady_state(zi);
    for (int k = 0; k < 7; ++k) s.band_pass[k] = zi[k] * x;
    s.begun = true;
  }
  const Lanes y = s.band_pass[0] + b[0] * x;
  for (int k = 0; k < 6; ++k) s.band_pass[k] = s.band_pass[k + 1] + x * b[k + 1] - y * a[k + 1];
  s.band_pass[6] = x * b[7] - y * a[7];
  const Lanes scaled = y * gain;
  const Lanes size = scaled < 0.0 ? -scaled : scaled;
  const Lanes bounded = size < 128.0 ? size : Lanes{} + 128.0;
  const Lanes kept = bounded < 4.0 ? Lanes{} : bounded;
  const Whole whole = __builtin_convertvector(kept, Whole);
  for (int axis = 0; axis < kAxes; ++axis) s.sum[axis] += whole[axis];
  if (++s.thirds < 3) return;
  const std::int64_t epoch = s.tenths_at / plan.tenths_per_epoch;
  if (epoch < plan.n_epochs) {
    for (int axis = 0; axis < kAxes; ++axis) sums[axis * plan.n_epochs + epoch] += s.sum[axis] / 3;
    ++seen[epoch];
  }
  for (int axis = 0; axis < kAxes; ++axis) s.sum[axis] = 0;
  s.thirds = 0;
  ++s.tenths_at;
}

template <typename T>
void counts_kernel(const Acceleration<T>& acc, std::int64_t begin, std::int64_t end, const CountPlan& plan,
                   CountState& state, std::int64_t* sums, std::int64_t* seen) noexcept {
  CountState s = state;
  const Lanes scale{acc.scale[0], acc.scale[1], acc.scale[2], 0}, offset{acc.offset[0], acc.offset[1], acc.offset[2]};
  const double up = double(plan.up), forward = pi / (pi + 2 * up), back = (pi - 2 * up) / (pi + 2 * up);
  for (std::int64_t t = begin; t < end; ++t) {
    const Lanes raw{double(acc.x[t]), double(acc.x[acc.stride + t]), double(acc.x[2 * acc.stride + t]), 0};
    const Lanes x = (raw - offset) * scale;
    if (plan.up == 1) {
      if (s.phase == 0) at_30hz(x, s, plan, sums, seen);
      s.phase = s.phase + 1 == plan.down ? 0 : s.phase + 1;
      continue;
    }
    for (std::int64_t step = 0; step < plan.up; ++step) {
      const Lanes in = step == 0 ? x : Lanes{};
      const Lanes y = s.low_pass + in * forward;
      s.low_pass = in * forward - y * back;
      if (s.phase == 0) at_30hz(y * up, s, plan, sums, seen);
      s.phase = s.phase + 1 == plan.down ? 0 : s.phase + 1;
    }
  }
  state = s;
}

template void counts_kernel(const Acceleration<float>&, std::int64_t, std::int64_t, const CountPlan&, CountState&,
                            std::int64_t*, std::int64_t*) noexcept;
template void counts_kernel(const Acceleration<double>&, std::int64_t, std::int64_t, const CountPlan&, CountState&,
                            std::int64_t*, std::int64_t*) noexcept;

}  // namespace marey::actigraphy::MAREY_LEVEL
