// How selective_scan's kernels hold a signal. A warp has one channel and 256 steps of it, a lane 8 that follow each
// other; the warps of a block are neighbouring channels of one group, so that they share B and C in shared memory. What
// moves between global and shared memory does so in the order in which it lies, in either layout.
//
// A block walks through its steps tile by tile with the states carried. Where series and channels are too few to fill a
// device, the steps are cut into segments: a first pass finds what each segment does to a state, as a link, a second
// follows the links, and the main pass starts each segment from its own state.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "marey/cuda/chain.cuh"
#include "marey/cuda/selective_scan.cuh"
#include "marey/cuda/shared.cuh"

namespace marey::cuda::selective {

using std::int64_t;

inline constexpr int lane_steps = 8, span = 32 * lane_steps;
static_assert(span == selective_chunk);
// A word is left free after every lane's steps, so that lanes meet in no bank.
inline constexpr int row = span + 32;
inline constexpr int most_warps = 8;
// States of B and C in shared memory, and the pace of the loop over states; not fewer than warps.
template <typename S>
inline constexpr int states_at_once = 64 / sizeof(S);
__host__ __device__ constexpr int in_row(int step) { return step + step / lane_steps; }

// state after = P * state before + H; P < 0: the state before is forgotten (a decay is never negative).
template <typename S>
struct Step {
  S P = 1, H = 0;
};
template <typename S>
__device__ inline S apply(Step<S> link, S state) {
  // Growth may overflow; nothing still grows into nothing.
  return link.P < S(0) || state == S(0) ? link.H : fma(link.P, state, link.H);
}
template <typename S>
__device__ inline Step<S> compose(Step<S> first, Step<S> second) {
  return {first.P < S(0) || second.P < S(0) ? S(-1) : first.P * second.P, apply(second, first.H)};
}

// What the lanes before lane i do together, and all of them; `reversed` counts from lane 31 down.
template <bool reversed, typename S>
__device__ inline Step<S> scan_lanes(Step<S> link, int lane, Step<S>& all) {
  const int rank = reversed ? 31 - lane : lane;
  for (int distance = 1; distance < 32; distance *= 2) {
    const int from = rank < distance ? lane : reversed ? lane + distance : lane - distance;
    const Step<S> before{__shfl_sync(all_lanes, link.P, from), __shfl_sync(all_lanes, link.H, from)};
    if (rank >= distance) link = compose(before, link);
  }
  const int last = reversed ? 0 : 31, neighbour = rank == 0 ? lane : reversed ? lane + 1 : lane - 1;
  all = {__shfl_sync(all_lanes, link.P, last), __shfl_sync(all_lanes, link.H, last)};
  const Step<S> before{__shfl_sync(all_lanes, link.P, neighbour), __shfl_sync(all_lanes, link.H, neighbour)};
  return rank == 0 ? Step<S>{} : before;
}

template <typename S>
__device__ inline S sum_lanes(S value) {
  for (int bits = 16; bits > 0; bits /= 2) value += __shfl_xor_sync(all_lanes, value, bits);
  return value;
}

__device__ inline float power_of_two(float x) { return exp2f(x); }
__device__ inline double power_of_two(double x) { return exp2(x); }
template <typename S>
__device__ inline S sigmoid(S x) {
  return S(1) / (S(1) + exp(-x));
}
template <typename S>
__device__ inline S softplus(S x) {
  return x > S(0) ? x + log1p(exp(-x)) : log1p(exp(x));
}

// A device is taken to be full with so many blocks; tests take it for smaller.
inline int64_t enough_blocks = 528;

// How a call is cut.
struct Plan {
  int warps, rounds;       // channels of a block at a time, and how often
  int64_t channel_blocks;  // of a group
  int64_t tiles, segments, segment_tiles;

  static constexpr int64_t least_tiles = 4;  // of a segment

  template <typename S>
  static Plan of(const SelectiveScanShape& s, bool backward) {
    Plan p{};
    const int64_t channels = s.group_channels(), pairs = s.n_series * s.n_groups;
    p.warps = 1;
    while (p.warps < most_warps && p.warps < channels) p.warps *= 2;
    p.rounds = 1;
    // What blocks add to B's and C's gradients lies in memory until it is summed: the less the more channels they take.
    while (backward && p.rounds < 8 && s.n_states <= states_at_once<S> &&
           pairs * ((channels + p.warps - 1) / p.warps) >= 2 * p.rounds * enough_blocks) {
      p.rounds *= 2;
    }
    const int64_t of_block = int64_t(p.warps) * p.rounds;
    p.channel_blocks = (channels + of_block - 1) / of_block;
    p.tiles = selective_chunks(s.length);
    const int64_t blocks = pairs * p.channel_blocks, wanted = blocks > 0 ? enough_blocks / blocks : 1;
    const int64_t segments = wanted < p.tiles / least_tiles ? wanted : p.tiles / least_tiles;
    p.segments = segments < 3 ? 1 : segments;  // a cut costs a second pass
    p.segment_tiles = (p.tiles + p.segments - 1) / p.segments;
    if (p.segment_tiles > 0) p.segments = (p.tiles + p.segment_tiles - 1) / p.segment_tiles;
    return p;
  }
  int64_t blocks(const SelectiveScanShape& s) const { return s.n_series * s.n_groups * channel_blocks * segments; }
};

// A block's place.
struct Place {
  int64_t series, group, channel_block, first, last, segment, first_tile, last_tile;

  __device__ static Place of(const SelectiveScanShape& s, const Plan& plan) {
    Place p;
    int64_t index = blockIdx.x;
    p.segment = index % plan.segments;
    index /= plan.segments;
    p.channel_block = index % plan.channel_blocks;
    index /= plan.channel_blocks;
    p.group = index % s.n_groups;
    p.series = index / s.n_groups;
    const int64_t channels = s.group_channels(), of_block = int64_t(plan.warps) * plan.rounds;
    p.first = p.group * channels + p.channel_block * of_block;
    p.last = p.first + of_block < (p.group + 1) * channels ? p.first + of_block : (p.group + 1) * channels;
    p.first_tile = p.segment * plan.segment_tiles;
    p.last_tile = p.first_tile + plan.segment_tiles < plan.tiles ? p.first_tile + plan.segment_tiles : plan.tiles;
    return p;
  }
};

template <typename S, typename T>
__device__ inline S from_memory(T value) {
  if constexpr (sizeof(T) == 2)
    return S(float(value));
  else
    return S(value);
}
template <typename T, typename S>
__device__ inline T to_memory(S value) {
  if constexpr (sizeof(T) == 2)
    return T(float(value));
  else
    return T(value);
}

// Calls f(channel of the block, step of the tile, offset in the signal) for this thread's share of a tile.
template <typename F>
__device__ inline void for_signal(const SelectiveScanShape& s, int64_t series, int64_t first, int warps, int64_t start,
                                  const F& f) {
  const int n = span * warps, threads = 32 * warps;
  for (int i = int(threadIdx.x); i < n; i += threads) {
    const int c = s.channels_last ? i % warps : i / span, step = s.channels_last ? i / warps : i % span;
    const int64_t t = start + step, d = first + c;
    f(c, step,
      s.channels_last ? (series * s.length + t) * s.n_channels + d : (series * s.n_channels + d) * s.length + t);
  }
}

// A tile of a signal to shared rows, zero outside, and this lane's steps of its channel from them.
template <typename S, typename T>
__device__ inline void read_tile(S* rows, const T* from, const SelectiveScanShape& s, const Place& p, int64_t first,
                                 int warps, int64_t start, S (&mine)[lane_steps]) {
  __syncthreads();
  for_signal(s, p.series, first, warps, start, [&](int c, int step, int64_t offset) {
    const bool inside = first + c < p.last && start + step < s.length;
    rows[c * row + in_row(step)] = inside ? from_memory<S>(from[offset]) : S(0);
  });
  __syncthreads();
  const S* const at = rows + int(threadIdx.x) / 32 * row + in_row(int(threadIdx.x) % 32 * lane_steps);
#pragma unroll
  for (int j = 0; j < lane_steps; ++j) mine[j] = at[j];
}
template <typename S, typename T>
__device__ inline void write_tile(S* rows, T* to, const SelectiveScanShape& s, const Place& p, int64_t first, int warps,
                                  int64_t start, const S (&mine)[lane_steps]) {
  __syncthreads();
  S* const at = rows + int(threadIdx.x) / 32 * row + in_row(int(threadIdx.x) % 32 * lane_steps);
#pragma unroll
  for (int j = 0; j < lane_steps; ++j) at[j] = mine[j];
  __syncthreads();
  for_signal(s, p.series, first, warps, start, [&](int c, int step, int64_t offset) {
    if (first + c < p.last && start + step < s.length) to[offset] = to_memory<T>(rows[c * row + in_row(step)]);
  });
}

// States n .. n + states_at_once<S> of B or C over a tile, zero outside.
template <typename S, typename T>
__device__ inline void read_inputs(S* rows, const T* from, const SelectiveScanShape& s, const Place& p, int threads,
                                   int64_t n, int64_t start) {
  const int64_t pair = (p.series * s.n_groups + p.group) * s.n_states * s.length;
  for (int k = int(threadIdx.x); k < states_at_once<S> * span; k += threads) {
    const int i = s.channels_last ? k % states_at_once<S> : k / span;
    const int step = s.channels_last ? k / states_at_once<S> : k % span;
    const int64_t t = start + step, state = n + i;
    const bool inside = state < s.n_states && t < s.length;
    const int64_t offset = pair + (s.channels_last ? t * s.n_states + state : state * s.length + t);
    rows[i * row + in_row(step)] = inside ? from_memory<S>(from[offset]) : S(0);
  }
}

// This lane's steps: their size, and which of them forget the state.
template <typename S>
struct Gaps {
  S raw[lane_steps], gap[lane_steps], dt[lane_steps];  // delta + bias; its softplus; times dt_scale
  unsigned resets = 0;

  // From delta in raw. Steps past the end do nothing.
  template <typename T>
  __device__ void load(const SelectiveForward<T, S>& a, const Place& p, int64_t d, int64_t start) {
    const SelectiveScanShape& s = a.shape;
    const S bias = a.delta_bias && d < p.last ? a.delta_bias[d] : S(0);
    const int64_t first = start + int(threadIdx.x) % 32 * lane_steps;
#pragma unroll
    for (int j = 0; j < lane_steps; ++j) {
      const int64_t t = first + j;
      raw[j] += bias;
      gap[j] = s.softplus ? softplus(raw[j]) : raw[j];
      if (t >= s.length) gap[j] = S(0);
      dt[j] = a.dt_scale && t < s.length ? gap[j] * a.dt_scale[p.series * s.length + t] : gap[j];
      if (s.reset && t < s.length && s.reset[p.series * s.length + t] != 0) resets |= 1u << j;
    }
  }
  __device__ bool forgets(int j) const { return (resets >> j & 1u) != 0; }
};

// B or C of one state for this lane's steps.
template <typename S>
struct Input {
  const S* at;
  S constant;

  template <typename T>
  __device__ Input(const S* rows, int i, bool varies, const T* from, int64_t d, int64_t n, int64_t n_states)
      : at(varies ? rows + i * row + in_row(int(threadIdx.x) % 32 * lane_steps) : nullptr),
        constant(varies ? S(0) : from_memory<S>(from[d * n_states + n])) {}
  __device__ S operator[](int j) const { return at ? at[j] : constant; }
};

// The state before each segment, from the links of those before it (`reversed`: after it). One thread a series, channel
// and state; links and starts [segment][series][channel][state].
template <bool reversed, typename S>
__global__ void follow_segments(int64_t n, int64_t segments, const Step<S>* links, const S* first, S* starts) {
  for (int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 256) {
    S state = first ? first[i] : S(0);
    for (int64_t k = 0; k < segments; ++k) {
      const int64_t at = (reversed ? segments - 1 - k : k) * n + i;
      starts[at] = state;
      state = apply(links[at], state);
    }
  }
}

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), int64_t blocks, int threads, std::size_t shared_bytes,
                   cudaStream_t stream, const Arguments&... arguments) {
  if (blocks == 0) return cudaSuccess;
  if (blocks > 0x7fffffff) return cudaErrorInvalidConfiguration;
  if (shared_bytes > 48 * 1024) {
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared_bytes));
    if (status != cudaSuccess) return status;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(blocks));
  config.blockDim = dim3(unsigned(threads));
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
}

// Blocks of 256 threads for n items of a loop in which every thread takes every (blocks * 256)-th.
inline int64_t blocks_for(int64_t n) { return n < 2048 * 256 ? (n + 255) / 256 : 2048; }

}  // namespace marey::cuda::selective
