#include "marey/ecg/qrs_filter.hpp"

#include <limits>

#include "marey/core/simd_float.hpp"

namespace marey::ecg::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

static_assert(float_lanes <= kSlack);

void qrs_mean(const float* x, int64_t step, int64_t n, float* z) {
  const float share = 1.0f / static_cast<float>(step);
  if (step == 1) {
    for (int64_t i = 0; i < n; ++i) z[i] = x[i];
  } else if (step == 2) {
    for (int64_t i = 0; i < n; ++i) z[i] = (x[2 * i] + x[2 * i + 1]) * 0.5f;
  } else {
    for (int64_t i = 0; i < n; ++i) {
      float sum = x[i * step];
      for (int64_t k = 1; k < step; ++k) sum += x[i * step + k];
      z[i] = sum * share;
    }
  }
}

void qrs_filter(const float* z, const float* taps, int64_t n_taps, int64_t n, float* y, float* squares) {
  constexpr int64_t w = float_lanes;
  int64_t i = 0;
  for (; i + 3 * w <= n; i += 4 * w) {  // four chains at once: one of them waits for itself
    FloatVec a{}, b{}, c{}, d{};
    for (int64_t k = 0; k < n_taps; ++k) {
      const FloatVec tap = broadcast(taps[k]);
      const float* p = z + i + k;
      a = madd(tap, row(p), a);
      b = madd(tap, row(p + w), b);
      c = madd(tap, row(p + 2 * w), c);
      if (i + 3 * w < n) d = madd(tap, row(p + 3 * w), d);
    }
    store(y + i, a), store(y + i + w, b), store(y + i + 2 * w, c);
    store(squares + i, a * a), store(squares + i + w, b * b), store(squares + i + 2 * w, c * c);
    if (i + 3 * w < n) store(y + i + 3 * w, d), store(squares + i + 3 * w, d * d);
  }
  for (; i < n; i += w) {
    FloatVec a{};
    for (int64_t k = 0; k < n_taps; ++k) a = madd(broadcast(taps[k]), row(z + i + k), a);
    store(y + i, a);
    store(squares + i, a * a);
  }
}

void qrs_energy(const float* squares, int64_t width, int64_t n, float* energy) {
  for (int64_t i = 0; i < n; i += float_lanes) {
    FloatVec a = row(squares + i), b{};
    int64_t k = 1;
    for (; k + 1 < width; k += 2) {
      a += row(squares + i + k);
      b += row(squares + i + k + 1);
    }
    for (; k < width; ++k) a += row(squares + i + k);
    store(energy + i, a + b);
  }
}

void qrs_tops(const float* energy, int64_t n, std::uint8_t* flags) {
  for (int64_t i = 0; i < n; ++i) flags[i] = (energy[i] > energy[i - 1]) & (energy[i] >= energy[i + 1]);
}

namespace {

FloatVec from_first(const float* x, float first) { return row(x) - first; }
FloatVec from_first(const double* x, double first) { return narrow(load(x) - first, load(x + lanes) - first); }

template <typename T>
bool take(const T* x, T first, int64_t n, float* out) {
  // The differences times zero sum to zero as long as all are finite.
  float bad = 0;
  int64_t i = 0;
  FloatVec bads{};
  for (; i + float_lanes <= n; i += float_lanes) {
    const FloatVec values = from_first(x + i, first);
    store(out + i, values);
    bads += values * 0.0f;
  }
  for (; i < n; ++i) {
    out[i] = static_cast<float>(x[i] - first);
    bad += out[i] * 0.0f;
  }
  return bad + sum(bads) == 0;
}

template <typename Value>
int64_t first_largest(const float* x, int64_t n, Value&& value) {
  const float lowest = -std::numeric_limits<float>::infinity();
  FloatVec best = FloatVec{} + lowest;
  FloatInt best_at{}, at{};
  for (int l = 0; l < float_lanes; ++l) at[l] = l;
  for (int64_t i = 0; i < n; i += float_lanes, at += float_lanes) {
    const FloatVec values = value(row_first(x + i, n - i));
    const FloatInt better = (values > best) & (at < static_cast<std::int32_t>(n));
    best = select(better, values, best);
    best_at = better ? at : best_at;
  }
  int found = 0;
  for (int l = 1; l < float_lanes; ++l) {
    if (best[l] > best[found] || (best[l] == best[found] && best_at[l] < best_at[found])) found = l;
  }
  return best_at[found];
}

}  // namespace

bool qrs_take(const float* x, float first, int64_t n, float* out) { return take(x, first, n, out); }
bool qrs_take(const double* x, double first, int64_t n, float* out) { return take(x, first, n, out); }

int64_t qrs_farthest(const float* x, int64_t n) {
  return first_largest(x, n, [](FloatVec v) { return select(v < 0, -v, v); });
}
int64_t qrs_highest(const float* x, float sign, int64_t n) {
  return first_largest(x, n, [sign](FloatVec v) { return v * sign; });
}

}  // namespace marey::ecg::MAREY_LEVEL
