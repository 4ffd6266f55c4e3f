// One section of an order beyond those of cascade_tiles.cuh: a thread takes a channel from end to end, its states in
// the workspace, where those of neighbours lie side by side. Works for any order; fast only for many channels.
#pragma once
#include "marey/cuda/cascade_workspace.cuh"

namespace marey::cuda::sequence {

namespace {

using cascade::Arena, cascade::launch;
using std::int64_t;

inline constexpr int threads = 64;

struct Memory {
  double* numbers;      // [filter][b_0 .. b_K, a_1 .. a_K], divided by a_0
  bool* feedback;       // [filter]
  double* state;        // [K][channel]
  double* signal;       // [time][channel]: what the filter gave, for the sums
  double* of_channels;  // [b_0 .. b_K, a_1 .. a_K][channel]
  double* of_filters;   // [filter][b_0 .. b_K, a_1 .. a_K]

  Memory(const Sections& s, Arena& arena, bool with_sums) {
    const int64_t width = 2 * s.order + 1;
    numbers = arena.take<double>(s.n_filters() * width);
    feedback = arena.take<bool>(s.n_filters());
    state = arena.take<double>(s.order * s.n_channels);
    signal = with_sums ? arena.take<double>(s.length * s.n_channels) : nullptr;
    of_channels = with_sums ? arena.take<double>(width * s.n_channels) : nullptr;
    of_filters = with_sums ? arena.take<double>(s.n_filters() * width) : nullptr;
  }
};

inline int64_t blocks(int64_t items) { return (items + threads - 1) / threads; }

// The numbers of every filter.
__global__ void divide(Sections s, Memory m) {
  const int64_t f = int64_t(blockIdx.x) * threads + threadIdx.x;
  if (f >= s.n_filters()) return;
  const int64_t K = s.order;
  const double *b = s.sections + f * 2 * (K + 1), *a = b + K + 1;
  double* k = m.numbers + f * (2 * K + 1);
  m.feedback[f] = false;
  for (int64_t i = 0; i <= K; ++i) k[i] = b[i] / a[0];
  for (int64_t i = 1; i <= K; ++i) {
    k[K + i] = a[i] / a[0];
    m.feedback[f] = m.feedback[f] || k[K + i] != 0.0;
  }
}

// Element i of a channel's states lies at i * channels.
__device__ inline void load_state(double* z, const Sections& s, int64_t channel, const double* from) {
  for (int64_t i = 0; i < s.order; ++i) z[i * s.n_channels] = from ? from[channel * s.order + i] : 0.0;
}
__device__ inline void store_state(const double* z, const Sections& s, int64_t channel, double* to) {
  for (int64_t i = 0; i < s.order; ++i) to[channel * s.order + i] = z[i * s.n_channels];
}

// Forward over a channel; visit(step, value) takes what comes out.
template <typename T, typename Visit>
__device__ inline void run_channel(const Sections& s, const Memory& m, int64_t channel, const T* x, const double* zi,
                                   const Visit& visit) {
  const int64_t K = s.order, n = s.n_channels, filter = s.per_channel ? channel : 0;
  const double* k = m.numbers + filter * (2 * K + 1);
  const bool feedback = m.feedback[filter];
  double* z = m.state + channel;
  load_state(z, s, channel, zi);
  for (int64_t t = 0; t < s.length; ++t) {
    if (s.reset && s.reset[channel * s.reset_stride + t]) load_state(z, s, channel, nullptr);
    const double value = double(x[channel * s.length + t]), out = fma(k[0], value, z[0]);
    for (int64_t i = 0; i < K; ++i) {
      const double next = i + 1 < K ? z[(i + 1) * n] : 0.0, driven = fma(k[i + 1], value, next);
      z[i * n] = feedback ? fma(-k[K + 1 + i], out, driven) : driven;
    }
    visit(t, out);
  }
}

}  // namespace

}  // namespace marey::cuda::sequence
