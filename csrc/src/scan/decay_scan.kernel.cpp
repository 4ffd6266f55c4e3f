// decay_scan and its gradient: one channel per SIMD lane, a tile of `lanes` steps at a time.
//
// A tile of the signal is brought into lane order by an in-register transpose (time last) or taken as it lies
// (channels last). The exponentials of a tile do not depend on each other and fill the pipes; the recurrence
// itself is one multiply-add a step. Every element goes through the same operations wherever it lies in a
// tile, a block or a batch, so chunks, batch order and threads change no bit.
#include "marey/scan/decay_scan.hpp"

#include <algorithm>
#include <limits>

#include "marey/core/squares.hpp"
#include "marey/scan/decay_scan_blocks.hpp"

namespace marey::scan::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

namespace {

// Where one block of channels of one series lies. Element (channel c, step t) of the block: at c * channel +
// t * time.
struct Block {
  int64_t start, channel, time, dt_start, first, state, n, steps;
};

Block locate(const DecayScanShape& s, int64_t series, int64_t first) {
  Block b;
  const int64_t begin = s.offsets ? s.offsets[series] : 0;
  b.steps = s.offsets ? s.offsets[series + 1] - begin : s.length;
  b.dt_start = s.offsets ? begin : series * s.length;
  const int64_t rows = s.offsets ? s.total : s.length;  // steps in one channel's row of the array
  b.channel = s.channels_last ? 1 : rows;
  b.time = s.channels_last ? s.n_channels : 1;
  const int64_t origin = s.offsets ? 0 : series * s.n_channels * s.length;
  b.start = origin + first * b.channel + (s.offsets ? begin * b.time : 0);
  b.first = first;
  b.state = series * s.n_channels + first;
  b.n = s.n_channels - first < lanes ? s.n_channels - first : lanes;
  return b;
}

// tile[j] holds step t + j of every channel; lanes and steps outside are zero.
template <typename T>
void load_tile(Vec (&tile)[lanes], const T* p, const Block& b, int64_t t, int64_t count) {
  if (b.time == 1) {
    for (int c = 0; c < lanes; ++c) {
      tile[c] = c < b.n ? load_first(p + b.start + c * b.channel + t, count) : Vec{};
    }
    transpose(tile);
  } else {
    for (int j = 0; j < lanes; ++j) {
      tile[j] = j < count ? load_first(p + b.start + (t + j) * b.time, b.n) : Vec{};
    }
  }
}

template <typename T>
void store_tile(T* p, Vec (&tile)[lanes], const Block& b, int64_t t, int64_t count) {
  if (b.time == 1) {
    transpose(tile);
    for (int c = 0; c < b.n; ++c) store_first(p + b.start + c * b.channel + t, tile[c], count);
  } else {
    for (int j = 0; j < count; ++j) store_first(p + b.start + (t + j) * b.time, tile[j], b.n);
  }
}

// Zeroes what was not observed, so that a masked NaN never enters the state.
void apply_mask(Vec (&tile)[lanes], const DecayScanShape& s, const Block& b, int64_t t, int64_t count) {
  if (s.mask_kind == MaskKind::none) return;
  if (s.mask_kind == MaskKind::shared) {
    for (int j = 0; j < count; ++j) {
      if (!s.mask[b.dt_start + t + j]) tile[j] = Vec{};
    }
  } else if (b.time == 1) {
    for (int64_t c = 0; c < b.n; ++c) {
      const std::uint8_t* row = s.mask + b.start + c * b.channel + t;
      for (int j = 0; j < count; ++j) {
        if (!row[j]) tile[j][c] = 0.0;
      }
    }
  } else {
    for (int j = 0; j < count; ++j) {
      tile[j] = select(load_mask_first(s.mask + b.start + (t + j) * b.time, b.n), tile[j], Vec{});
    }
  }
}

// All whole tiles, `lanes` steps each, in registers: every index is a constant. Idle lanes repeat the first channel.
// Where the gaps of a tile equal the one before, as in a regular series, so do the decays.
template <bool channels_last, MaskKind kind, typename T, typename S>
Vec whole_tiles(const DecayScan<T, S>& a, const Block& b, Vec minus_rate, Vec h) {
  const int64_t row = b.channel, n = b.n;
  const std::uint8_t* const mask = a.shape.mask;
  double last_gap = std::numeric_limits<double>::quiet_NaN();
  Vec decay{};
  for (int64_t t = 0; t + lanes <= b.steps; t += lanes) {
    const int64_t start = b.start + t * b.time;
    Vec tile[lanes];
    if constexpr (channels_last) {
#pragma GCC unroll 8
      for (int j = 0; j < lanes; ++j) {
        const int64_t at = start + j * b.time;
        tile[j] = load_first(a.x + at, n);
        if constexpr (kind == MaskKind::per_channel) tile[j] = select(load_mask_first(mask + at, n), tile[j], Vec{});
      }
    } else if constexpr (kind == MaskKind::per_channel) {
#pragma GCC unroll 8
      for (int c = 0; c < lanes; ++c) {
        const int64_t at = start + (c < n ? c : 0) * row;
        tile[c] = load_seen(a.x + at, mask + at);
      }
      transpose(tile);
    } else {
      load_square(a.x + start, row, n, tile);
    }
    if constexpr (kind == MaskKind::shared) {
#pragma GCC unroll 8
      for (int j = 0; j < lanes; ++j) tile[j] = mask[b.dt_start + t + j] ? tile[j] : Vec{};
    }

    const Vec gaps = load(a.dt + b.dt_start + t);
    alignas(64) double gap[lanes];  // read back one by one: a broadcast from memory is cheaper than one from a lane
    store(gap, gaps);
    if (all_equal(gaps, last_gap)) {
#pragma GCC unroll 8
      for (int j = 0; j < lanes; ++j) tile[j] = h = madd(decay, h, tile[j]);
    } else {
#pragma GCC unroll 8
      for (int j = 0; j < lanes; ++j) {
        decay = exp(minus_rate * gap[j]);
        tile[j] = h = madd(decay, h, tile[j]);
      }
      last_gap = gap[lanes - 1];
    }

    if constexpr (channels_last) {
#pragma GCC unroll 8
      for (int j = 0; j < lanes; ++j) store_first(a.h + start + j * b.time, tile[j], n);
    } else {
      store_square(a.h + start, row, n, tile);
    }
  }
  return h;
}

// The last steps, fewer than the lanes.
template <typename T, typename S>
Vec rest_tile(const DecayScan<T, S>& a, const Block& b, int64_t t, Vec minus_rate, Vec h) {
  const int64_t count = b.steps - t;
  Vec tile[lanes];
  load_tile(tile, a.x, b, t, count);
  apply_mask(tile, a.shape, b, t, count);
  for (int j = 0; j < count; ++j) {
    tile[j] = h = madd(exp(minus_rate * double(a.dt[b.dt_start + t + j])), h, tile[j]);
  }
  store_tile(a.h, tile, b, t, count);
  return h;
}

template <bool channels_last, typename T, typename S>
Vec whole_tiles(const DecayScan<T, S>& a, const Block& b, Vec minus_rate, Vec h) {
  switch (a.shape.mask_kind) {
    case MaskKind::shared: return whole_tiles<channels_last, MaskKind::shared>(a, b, minus_rate, h);
    case MaskKind::per_channel: return whole_tiles<channels_last, MaskKind::per_channel>(a, b, minus_rate, h);
    default: return whole_tiles<channels_last, MaskKind::none>(a, b, minus_rate, h);
  }
}

template <typename T, typename S>
void forward(const DecayScan<T, S>& a, const Block& b) {
  const Vec minus_rate = -load_first(a.rate + b.first, b.n);
  Vec h = a.h0 ? load_first(a.h0 + b.state, b.n) : Vec{};
  h = a.shape.channels_last ? whole_tiles<true>(a, b, minus_rate, h) : whole_tiles<false>(a, b, minus_rate, h);
  const int64_t rest = b.steps / lanes * lanes;
  if (rest < b.steps) h = rest_tile(a, b, rest, minus_rate, h);
  store_first(a.hT + b.state, h, b.n);
}

// One channel alone: the exponentials take the lanes, time runs through the scalar recurrence.
template <typename T, typename S>
void forward_single(const DecayScan<T, S>& a, const Block& b) {
  const DecayScanShape& s = a.shape;
  const double rate = a.rate[b.first];
  double h = a.h0 ? a.h0[b.state] : 0.0;
  for (int64_t t = 0; t < b.steps; t += lanes) {
    const int64_t count = b.steps - t < lanes ? b.steps - t : lanes;
    const Vec decay = exp(-rate * load_first(a.dt + b.dt_start + t, count));
    for (int j = 0; j < count; ++j) {
      const int64_t at = b.start + (t + j) * b.time;
      const bool seen =
          s.mask_kind == MaskKind::none || s.mask[s.mask_kind == MaskKind::shared ? b.dt_start + t + j : at] != 0;
      h = madd(decay[j], h, seen ? double(a.x[at]) : 0.0);
      a.h[at] = T(h);
    }
  }
  a.hT[b.state] = S(h);
}

// With g_t = dL/dh_t:  g_t = grad_h_t + exp(-rate dt_{t+1}) g_{t+1},  grad_x_t = m_t g_t,
// dL/d(rate dt_t) = -g_t exp(-rate dt_t) h_{t-1}.
template <typename T, typename S>
void backward(const DecayScanBackward<T, S>& a, double* rate_sums, double* dt_sums, const Block& b) {
  Vec rate = load_first(a.rate + b.first, b.n);
  for (int64_t c = b.n; c < lanes; ++c) rate[c] = 1.0;  // 0 * inf in an idle lane would reach the sum over lanes
  const Vec h0 = a.h0 ? load_first(a.h0 + b.state, b.n) : Vec{};
  Vec carry = a.grad_hT ? load_first(a.grad_hT + b.state, b.n) : Vec{};
  Vec grad_rate{};
  for (int64_t t = (b.steps - 1) / lanes * lanes; t >= 0 && b.steps > 0; t -= lanes) {
    const int64_t count = b.steps - t < lanes ? b.steps - t : lanes;
    Vec grad[lanes], before[lanes];
    load_tile(grad, a.grad_h, b, t, count);
    load_tile(before, a.h, b, t, count);
    for (int j = lanes - 1; j > 0; --j) before[j] = before[j - 1];
    if (t == 0) {
      before[0] = h0;
    } else {
      Block previous = b;
      previous.start += (t - 1) * b.time;
      for (int64_t c = 0; c < b.n; ++c) before[0][c] = a.h[previous.start + c * b.channel];
      for (int64_t c = b.n; c < lanes; ++c) before[0][c] = 0.0;
    }
    for (int j = int(count) - 1; j >= 0; --j) {
      const double dt = a.dt[b.dt_start + t + j];
      const Vec decay = exp(-rate * dt);
      const Vec g = grad[j] + carry;
      grad[j] = g;
      carry = decay * g;
      const Vec slope = carry * before[j];
      // An infinite gap forgets everything: its decay is flat at zero, where 0 * inf would read NaN.
      grad_rate -= select(decay == 0.0, Vec{}, slope * dt);
      dt_sums[t + j] -= sum(rate * slope);
    }
    apply_mask(grad, a.shape, b, t, count);
    store_tile(a.grad_x, grad, b, t, count);
  }
  store_first(rate_sums + b.state, grad_rate, b.n);
  if (a.grad_h0) store_first(a.grad_h0 + b.state, carry, b.n);
}

}  // namespace

template <typename T, typename S>
void decay_scan_kernel(const DecayScan<T, S>& a, int64_t begin, int64_t end) noexcept {
  const int64_t blocks = channel_blocks(a.shape.n_channels);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t series = item / blocks, last = (item % blocks + 1) * block_channels;
    for (int64_t first = last - block_channels; first < last && first < a.shape.n_channels; first += lanes) {
      const Block b = locate(a.shape, series, first);
      b.n == 1 ? forward_single(a, b) : forward(a, b);
    }
  }
}

template <typename T, typename S>
void decay_scan_backward_kernel(const DecayScanBackward<T, S>& a, double* workspace, int64_t begin,
                                int64_t end) noexcept {
  const DecayScanShape& s = a.shape;
  const int64_t blocks = channel_blocks(s.n_channels);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t series = item / blocks, block = item % blocks, last = (block + 1) * block_channels;
    const Block whole = locate(s, series, 0);
    double* const dt_sums = workspace + s.n_series * s.n_channels + block * s.total + whole.dt_start;
    std::fill_n(dt_sums, whole.steps, 0.0);
    for (int64_t first = last - block_channels; first < last && first < s.n_channels; first += lanes) {
      backward(a, workspace, dt_sums, locate(s, series, first));
    }
  }
}

#define MAREY_INSTANTIATE(T, S)                                                       \
  template void decay_scan_kernel(const DecayScan<T, S>&, int64_t, int64_t) noexcept; \
  template void decay_scan_backward_kernel(const DecayScanBackward<T, S>&, double*, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(float, double)
MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan::MAREY_LEVEL
