// ENMO, MAD, angle-z and moments of one epoch, which is copied once and then read from the first cache.
//
// A median is found by bisection between values that occur: each round counts a half with whole registers and moves the
// bound to a value of the series, so that ties end it early and nothing is moved or sorted.
#include "marey/actigraphy/epochs.hpp"

#include <cmath>
#include <limits>

#include "marey/core/simd.hpp"

namespace marey::actigraphy::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

static inline Vec root(Vec v) {
#if defined(__AVX512F__)
  return (Vec)_mm512_sqrt_pd((__m512d)v);
#elif defined(__AVX2__)
  return (Vec)_mm256_sqrt_pd((__m256d)v);
#else
  for (int i = 0; i < lanes; ++i) v[i] = std::sqrt(v[i]);
  return v;
#endif
}
static inline Vec larger(Vec a, Vec b) { return select(a > b, a, b); }
static inline Vec smaller(Vec a, Vec b) { return select(a < b, a, b); }
static inline Vec size_of(Vec v) { return larger(v, -v); }
static double highest(Vec v) {
  double most = v[0];
  for (int i = 1; i < lanes; ++i) most = v[i] > most ? v[i] : most;
  return most;
}
static double lowest(Vec v) { return -highest(-v); }

// How many of x are at most `middle`; the largest of them, and the smallest of the others.
static inline std::int64_t split(const double* x, std::int64_t n, double middle, double& below, double& above) {
  Vec under = splat(-inf), over = splat(inf);
  std::int64_t total = 0;
#if defined(__AVX512F__)
  for (std::int64_t i = 0; i < n; i += lanes) {
    const __m512d v = (__m512d)load(x + i);
    const __mmask8 is_below = _mm512_cmp_pd_mask(v, (__m512d)splat(middle), _CMP_LE_OQ);
    total += __builtin_popcount(is_below);
    under = (Vec)_mm512_mask_max_pd((__m512d)under, is_below, (__m512d)under, v);
    over = (Vec)_mm512_mask_min_pd((__m512d)over, static_cast<__mmask8>(~is_below), (__m512d)over, v);
  }
  below = _mm512_reduce_max_pd((__m512d)under);
  above = _mm512_reduce_min_pd((__m512d)over);
#else
  Int count{};
  for (std::int64_t i = 0; i < n; i += lanes) {
    const Vec v = load(x + i);
    const Int is_below = v <= splat(middle);
    count += is_below;
    under = select(is_below, larger(v, under), under);
    over = select(is_below, over, smaller(v, over));
  }
  for (int i = 0; i < lanes; ++i) total -= count[i];
  below = highest(under);
  above = lowest(over);
#endif
  return total;
}

// x is followed by infinities up to a whole register. Bounds that are values of x close in on the rank, by
// interpolation and by halves in turn.
static double median(const double* x, std::int64_t n) {
  const std::int64_t rank = (n - 1) / 2;
  Vec least = splat(inf), most = splat(-inf);
  for (std::int64_t i = 0; i < n; i += lanes) {
    const Vec v = load(x + i);
    least = smaller(v, least);
    most = larger(select(v < inf, v, splat(-inf)), most);
  }
  double low = lowest(least), high = highest(most);
  std::int64_t under_low = 0, up_to_high = n;  // values below `low`; values up to `high`
  for (bool halve = false; low < high; halve = !halve) {
    const double share = halve ? 0.5 : (double(rank - under_low) + 0.5) / double(up_to_high - under_low);
    double middle = low + (high - low) * share, below, above;
    if (!(middle < high)) middle = low;
    const std::int64_t n_below = split(x, n, middle, below, above);
    if (n_below > rank) {
      high = below;
      up_to_high = n_below;
    } else {
      low = above;
      under_low = n_below;
    }
  }
  if (n % 2 == 1 || up_to_high > n / 2) return high;
  double below, above;
  split(x, n, high, below, above);
  return (high + above) / 2;
}

template <typename T>
bool all_finite_kernel(const T* x, std::int64_t n) noexcept {
  Int bad{};
  for (std::int64_t i = 0; i < n; i += lanes) {
    const Vec v = load_first(x + i, n - i);
    bad |= v - v != 0.0;
  }
  for (int i = 0; i < lanes; ++i) {
    if (bad[i]) return false;
  }
  return true;
}

// Samples in g, the observed alone; rows of `stride`, infinities behind.
template <typename T>
static std::int64_t gather(const Acceleration<T>& a, std::int64_t begin, std::int64_t n, double* rows,
                           std::int64_t stride) {
  std::int64_t seen = n;
  bool whole = true;
  for (int axis = 0; axis < kAxes; ++axis) whole &= all_finite_kernel(a.x + axis * a.stride + begin, n);
  if (whole) {
    for (int axis = 0; axis < kAxes; ++axis) {
      const T* x = a.x + axis * a.stride + begin;
      double* row = rows + axis * stride;
      const Vec scale = splat(a.scale[axis]), offset = splat(a.offset[axis]);
      for (std::int64_t i = 0; i < n; i += lanes)
        store_first(row + i, (load_first(x + i, n - i) - offset) * scale, n - i);
    }
  } else {
    seen = 0;
    for (std::int64_t i = begin; i < begin + n; ++i) {
      bool observed = true;
      for (int axis = 0; axis < kAxes; ++axis) {
        const double v = a.x[axis * a.stride + i];
        observed &= v - v == 0.0;
        rows[axis * stride + seen] = (v - a.offset[axis]) * a.scale[axis];
      }
      seen += observed;
    }
  }
  for (int axis = 0; axis < kAxes; ++axis) {
    for (std::int64_t i = seen; i < seen + lanes && i < stride; ++i) rows[axis * stride + i] = inf;
  }
  return seen;
}

template <typename T>
void epoch_kernel(const Acceleration<T>& a, std::int64_t begin, std::int64_t n, unsigned what, double* room,
                  Epoch& out) noexcept {
  const std::int64_t stride = n + 8;
  const std::int64_t seen = gather(a, begin, n, room, stride);
  out.enmo = out.mad = out.angle_z = nan;
  for (int axis = 0; axis < kAxes; ++axis) {
    out.mean[axis] = out.squares[axis] = out.least[axis] = out.most[axis] = out.median[axis] = nan;
  }
  out.observed = double(seen);
  if (seen == 0) return;
  const double* rows[kAxes] = {room, room + stride, room + 2 * stride};
  double* r = room + 3 * stride;
  if (what & (kEnmo | kMad)) {
    Vec enmo{}, total{};
    for (std::int64_t i = 0; i < seen; i += lanes) {
      const Vec x = load_first(rows[0] + i, seen - i), y = load_first(rows[1] + i, seen - i),
                z = load_first(rows[2] + i, seen - i);
      const Vec size = root(madd(x, x, madd(y, y, z * z)));
      store_first(r + i, size, seen - i);
      enmo += larger(size - 1.0, Vec{});
      total += size;
    }
    out.enmo = sum(enmo) / double(seen);
    const Vec mean = splat(sum(total) / double(seen));
    Vec off{};
    if (what & kMad) {
      for (std::int64_t i = 0; i < seen; i += lanes) off += size_of(load_first(r + i, seen - i, mean[0]) - mean);
      out.mad = sum(off) / double(seen);
    }
  }
  for (int axis = 0; axis < kAxes && (what & kMoments); ++axis) {
    Vec total{}, least = splat(inf), most = splat(-inf), squares{};
    for (std::int64_t i = 0; i < seen; i += lanes) {
      const Vec v = load_first(rows[axis] + i, seen - i, rows[axis][0]);
      least = smaller(v, least);
      most = larger(v, most);
      total += load_first(rows[axis] + i, seen - i);
    }
    const Vec mean = splat(sum(total) / double(seen));
    for (std::int64_t i = 0; i < seen; i += lanes) {
      const Vec d = load_first(rows[axis] + i, seen - i, mean[0]) - mean;
      squares = madd(d, d, squares);
    }
    out.mean[axis] = mean[0];
    out.squares[axis] = sum(squares);
    out.least[axis] = lowest(least);
    out.most[axis] = highest(most);
  }
  if (what & (kAngle | kMedians)) {
    for (int axis = 0; axis < kAxes; ++axis) out.median[axis] = median(rows[axis], seen);
    const double x = out.median[0], y = out.median[1], z = out.median[2];
    out.angle_z = std::atan2(z, std::sqrt(x * x + y * y)) * (180.0 / 3.14159265358979323846);
  }
}

template bool all_finite_kernel(const float*, std::int64_t) noexcept;
template bool all_finite_kernel(const double*, std::int64_t) noexcept;
template void epoch_kernel(const Acceleration<float>&, std::int64_t, std::int64_t, unsigned, double*, Epoch&) noexcept;
template void epoch_kernel(const Acceleration<double>&, std::int64_t, std::int64_t, unsigned, double*, Epoch&) noexcept;

}  // namespace marey::actigraphy::MAREY_LEVEL
