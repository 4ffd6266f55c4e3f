// What linear_recurrence's two directions share: how a tile is taken in the order of running, and where it forgets.
#pragma once
#include <cstdint>
#include <cstring>

#include "marey/cuda/linear_recurrence.cuh"
#include "marey/cuda/tiling.cuh"

namespace marey::cuda {

inline DecayScanShape timeline_shape(const scan::LinearRecurrenceShape& s) {
  DecayScanShape shape;
  shape.n_series = s.n_series;
  shape.n_channels = s.n_channels;
  shape.length = s.length;
  shape.total = s.n_series * s.length;
  shape.channels_last = s.channels_last;
  if (s.reset) {
    shape.mask_kind = s.reset_per_channel ? MaskKind::per_channel : MaskKind::shared;
    shape.mask = s.reset;
  }
  return shape;
}

// A coefficient that says "forget": a NaN of one pattern, put in the tile where a reset is marked and a is not read.
// It saves a tile of marks. No arithmetic gives it.
template <typename T>
struct Forget;
template <>
struct Forget<float> {
  using Bits = std::uint32_t;
  static constexpr Bits bits = 0x7fe5c3d1u;
};
template <>
struct Forget<double> {
  using Bits = std::uint64_t;
  static constexpr Bits bits = 0x7ffe5c3d17a90b64ull;
};
template <typename T>
__device__ inline T forget() {
  const typename Forget<T>::Bits bits = Forget<T>::bits;
  T value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
template <typename T>
__device__ inline bool forgets(T a) {
  typename Forget<T>::Bits bits;
  memcpy(&bits, &a, sizeof bits);
  return bits == Forget<T>::bits;
}

// Coefficients with their resets.
template <typename G, typename T, typename IO>
struct Coefficients {
  Fetched<G, T> values;

  __device__ Coefficients(const IO* a, const Mask& reset, const Timeline& line, const Place& p)
      : values(a, Mask{MaskKind::none, nullptr}, line, p) {
    if (reset.kind == MaskKind::none) return;
    for_each_element<G>(line, p, [&](int k, bool inside, const Element& e) {
      if (inside && reset(e)) values.value[k] = forget<T>();
    });
  }
};

template <typename G>
__device__ void clear_marks(int* marks) {
  for (int step = int(threadIdx.x); step < G::steps; step += threads) marks[G::at_time(step)] = 0;
}

// Running from the first step to the last, or (`down`) from the last to the first.
template <bool down>
struct Running {
  static constexpr int starts = down ? ends : begins, stops = down ? begins : ends;

  __device__ static int64_t chunk(int64_t ticket, const Tiling& tiling) {
    const int64_t nth = ticket / tiling.channel_groups;
    return down ? tiling.chunks - 1 - nth : nth;
  }
  __device__ static int segment(int lane) { return down ? 31 - lane : lane; }
  template <typename G>
  __device__ static int64_t position(int64_t chunk, int span, const Tiling& tiling) {
    return down ? (tiling.chunks - 1 - chunk) * G::spans + (G::spans - 1 - span) : chunk * G::spans + span;
  }
  // The i-th step of a segment of L.
  template <int L>
  __device__ static int step(int i) {
    return down ? L - 1 - i : i;
  }
};

}  // namespace marey::cuda
