// All series of a call laid end to end on one axis of steps, cut into tiles of equal size whatever their lengths, so
// that thousands of short series fill a GPU as one long one does. A tile is a few channels by a few hundred steps; it
// passes through shared memory, so that global memory is read and written in its own order in either layout, while in
// the arithmetic a warp holds one channel and a lane L consecutive steps.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "marey/scan/decay_scan.hpp"

namespace marey::cuda {

using scan::DecayScanShape;
using scan::MaskKind;
using std::int64_t;

inline constexpr int threads = 256, warps = threads / 32;

// A tile of C channels (1, 2, 4 or 8): each of the 8 warps has one channel, 8 / C warps follow each other in time.
template <typename T, int C>
struct Geometry {
  static constexpr int channels = C;
  static constexpr int L = 64 / sizeof(T);    // steps of a lane
  static constexpr int span = 32 * L;         // steps of a warp
  static constexpr int spans = warps / C;     // warps in time
  static constexpr int steps = span * spans;  // steps of a tile
  static constexpr int per_thread = warps * span / threads;
  // A row holds a span, with a word left free after each lane's L steps and a few at the end: then neither lanes L
  // steps apart nor channels a row apart meet in a bank.
  static constexpr int row = span + 32 + 16 / sizeof(T);
  __host__ __device__ static constexpr int in_row(int step) { return step + step / L; }
  __host__ __device__ static constexpr int at(int channel, int step) {
    return (channel * spans + step / span) * row + in_row(step % span);
  }
  __host__ __device__ static constexpr int at_time(int step) { return step / span * row + in_row(step % span); }
};

// What happens at a step: where in its tile's list of series it belongs, if a series begins or ends there.
inline constexpr int begins = 1, ends = 2, series_shift = 2;

struct Timeline {
  const int64_t* offsets;  // nullptr: series of `length` steps
  int64_t n_series, length, total, n_channels;
  int64_t channel_stride, step_stride;  // of the signal
  bool channels_last;
  int64_t series_jump;       // batched and time last: elements between two series beyond the steps of one channel
  std::uint64_t reciprocal;  // of length: see series_after

  __host__ explicit Timeline(const DecayScanShape& s)
      : offsets(s.offsets),
        n_series(s.n_series),
        length(s.length),
        total(s.total),
        n_channels(s.n_channels),
        channel_stride(s.channels_last ? 1
                       : s.offsets     ? s.total
                                       : s.length),
        step_stride(s.channels_last ? s.n_channels : 1),
        channels_last(s.channels_last),
        series_jump(s.channels_last || s.offsets ? 0 : (s.n_channels - 1) * s.length),
        reciprocal(s.length > 0 ? (std::uint64_t(1) << 32) / std::uint64_t(s.length) + 1 : 0) {}

  __host__ __device__ int64_t begin_of(int64_t series) const { return offsets ? offsets[series] : series * length; }

  // The last series that begins at or before `step`: the one that holds it.
  __host__ __device__ int64_t series_at(int64_t step) const {
    if (!offsets) return step / length;
    int64_t low = 0, high = n_series;  // offsets[low] <= step < offsets[high], for offsets that are in order
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (offsets[middle] <= step ? low : high) = middle;
    }
    return low;
  }

  // n / length for n < length + 4096. A short length is multiplied by its reciprocal, which is exact for such n; a
  // long one can be passed once only.
  __host__ __device__ int64_t series_after(int64_t n) const {
    if (length >= 4096) return n >= length;
    return int64_t((std::uint64_t(n) * reciprocal) >> 32);
  }
};

// One tile's place: steps first_step .. first_step + n_steps, channels first_channel .. first_channel + n_channels.
struct Place {
  int64_t first_step, first_channel, origin;
  int64_t first_series, steps_into_series;  // batched; packed series are looked up in the offsets later
  int n_steps, n_channels;

  template <typename G>
  __device__ static Place of(const Timeline& line, int64_t chunk, int64_t channel_group) {
    Place p;
    p.first_step = chunk * G::steps;
    p.first_channel = channel_group * G::channels;
    p.n_steps = int(line.total - p.first_step < G::steps ? line.total - p.first_step : G::steps);
    p.n_channels =
        int(line.n_channels - p.first_channel < G::channels ? line.n_channels - p.first_channel : G::channels);
    p.first_series = line.offsets ? 0 : line.series_at(p.first_step);
    p.steps_into_series = p.first_step - p.first_series * line.length;
    p.origin =
        p.first_channel * line.channel_stride + p.first_step * line.step_stride + p.first_series * line.series_jump;
    return p;
  }
};

// An element that a thread moves between global and shared memory; neighbouring threads have neighbours in memory.
struct Element {
  int64_t offset;  // of the signal
  int64_t step;    // on the timeline
  int at;          // in the tile
};

// Calls f(k, inside, element) for the k-th of this thread's elements, k = 0 .. G::per_thread - 1.
template <typename G, typename F>
__device__ inline void for_each_element(const Timeline& line, const Place& p, const F& f) {
  const int thread = threadIdx.x;
  if (line.channels_last) {
    const int channel = thread % G::channels;
#pragma unroll
    for (int k = 0; k < G::per_thread; ++k) {
      const int step = thread / G::channels + k * (threads / G::channels);
      f(k, channel < p.n_channels && step < p.n_steps,
        Element{p.origin + channel + step * line.step_stride, p.first_step + step, G::at(channel, step)});
    }
  } else {
#pragma unroll
    for (int i = 0; i < G::steps / threads; ++i) {
      const int step = thread + i * threads;
      const int64_t jump = line.series_jump == 0 ? 0 : line.series_after(p.steps_into_series + step) * line.series_jump;
#pragma unroll
      for (int channel = 0; channel < G::channels; ++channel) {
        f(i * G::channels + channel, channel < p.n_channels && step < p.n_steps,
          Element{p.origin + channel * line.channel_stride + step + jump, p.first_step + step, G::at(channel, step)});
      }
    }
  }
}

struct Mask {
  MaskKind kind;
  const std::uint8_t* seen;

  __device__ bool operator()(const Element& e) const {
    return kind == MaskKind::none || seen[kind == MaskKind::shared ? e.step : e.offset] != 0;
  }
};

// What a thread fetches of a tile: all its loads are under way before the first is waited for, so that other work fits
// between fetching and putting. What is masked or lies outside reads zero.
template <typename G, typename T>
struct Fetched {
  T value[G::per_thread];

  template <typename From>
  __device__ Fetched(const From* from, const Mask& mask, const Timeline& line, const Place& p) {
    for_each_element<G>(line, p,
                        [&](int k, bool inside, const Element& e) { value[k] = inside ? T(from[e.offset]) : T(0); });
    if (mask.kind == MaskKind::none) return;
    for_each_element<G>(line, p, [&](int k, bool inside, const Element& e) {
      if (inside && !mask(e)) value[k] = T(0);
    });
  }

  __device__ void put(T* tile, const Timeline& line, const Place& p) const {
    for_each_element<G>(line, p, [&](int k, bool, const Element& e) { tile[e.at] = value[k]; });
  }
};

template <typename G, typename To, typename T>
__device__ void store_tile(To* to, const T* tile, const Mask& mask, const Timeline& line, const Place& p) {
  for_each_element<G>(line, p, [&](int, bool inside, const Element& e) {
    if (inside) to[e.offset] = To(mask(e) ? tile[e.at] : T(0));
  });
}

// The gaps of a tile's steps, and `marks` cleared.
template <typename G, typename T>
__device__ void load_times(T* dt_tile, int* marks, const T* dt, const Place& p) {
  for (int step = int(threadIdx.x); step < G::steps; step += threads) {
    dt_tile[G::at_time(step)] = step < p.n_steps ? dt[p.first_step + step] : T(0);
    marks[G::at_time(step)] = 0;
  }
}

// Marks the steps where series begin and end, counted from the tile's first series. One thread writes both marks of a
// series, and no step has marks of two.
template <typename G>
__device__ void mark_series(int* marks, const Timeline& line, const Place& p, int64_t first_series) {
  const int64_t end_step = p.first_step + p.n_steps;
  for (int64_t s = first_series + threadIdx.x; s < line.n_series; s += threads) {
    const int64_t begin = line.begin_of(s), end = line.begin_of(s + 1);
    if (begin >= end_step) break;
    if (end <= begin) continue;  // without steps
    const int which = int(s - first_series) << series_shift;
    const int64_t first = begin - p.first_step, last = end - 1 - p.first_step;
    const bool same = first == last;
    if (first >= 0) marks[G::at_time(int(first))] = which | begins | (same ? ends : 0);
    if (last >= 0 && last < p.n_steps && !same) marks[G::at_time(int(last))] = which | ends;
  }
}

}  // namespace marey::cuda
