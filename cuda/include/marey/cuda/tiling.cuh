// How a call is cut into tiles, where its workspace keeps what they tell each other, and how its kernels are launched.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/cuda/chain.cuh"
#include "marey/cuda/shared.cuh"
#include "marey/cuda/timeline.cuh"

namespace marey::cuda {

struct Control {
  unsigned long long next_ticket;
  int bad_offsets;
};

// A tile's number of channels. A warp without a channel does nothing, so few should be; where channels lie last in
// memory they are read side by side, and 8 floats fill a 32-byte sector.
inline int tile_channels(int64_t n_channels, bool channels_last) {
  for (int C = 8; C > 1; C /= 2) {
    const int64_t covered = (n_channels + C - 1) / C * C;
    if (C <= n_channels && (channels_last || 4 * covered <= 5 * n_channels)) return C;
  }
  return 1;
}

struct Tiling {
  Timeline line;
  Mask mask;
  int channels;                       // of a tile
  int64_t channel_groups, chunks;     // tiles across channels and along the steps
  int64_t chain_tiles, chain_groups;  // of one channel's chain

  Control* control = nullptr;
  Record *tiles = nullptr, *groups = nullptr, *states = nullptr;  // [channel][...]

  template <typename T>
  static Tiling of(const DecayScanShape& s) {
    const int C = tile_channels(s.n_channels, s.channels_last);
    const int64_t span = Geometry<T, 8>::span, spans = warps / C;
    Tiling t{Timeline(s), Mask{s.mask_kind, s.mask}, C, (s.n_channels + C - 1) / C, 0, 0, 0};
    t.chunks = (s.total + span * spans - 1) / (span * spans);
    t.chain_tiles = t.chunks * spans;
    t.chain_groups = (t.chain_tiles + group_tiles - 1) / group_tiles;
    return t;
  }

  // Bytes at the start of the workspace that must be zero.
  std::size_t zeroed_bytes() const {
    return sizeof(Record) * std::size_t(2 + line.n_channels * (chain_tiles + 2 * chain_groups));
  }

  // Lays records over the workspace; returns what lies behind them.
  void* place(void* workspace) {
    control = static_cast<Control*>(workspace);
    tiles = static_cast<Record*>(workspace) + 2;
    groups = tiles + line.n_channels * chain_tiles;
    states = groups + line.n_channels * chain_groups;
    return states + line.n_channels * chain_groups;
  }

  __device__ Chain chain(int64_t channel) const {
    return {tiles + channel * chain_tiles, groups + channel * chain_groups, states + channel * chain_groups};
  }

  // The number of this block's tile in the order in which blocks start. Tiles of one chunk follow each other, so that
  // memory is walked once.
  __device__ int64_t take_ticket() const {
    __shared__ unsigned long long ticket;
    if (threadIdx.x == 0) ticket = atomicAdd(&control->next_ticket, 1ull);
    __syncthreads();
    return int64_t(ticket);
  }
};

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), int64_t blocks, std::size_t shared_bytes, cudaStream_t stream,
                   const Arguments&... arguments) {
  if (blocks == 0) return cudaSuccess;
  if (blocks > 0x7fffffff) return cudaErrorInvalidConfiguration;
  if (shared_bytes > 48 * 1024) {
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared_bytes));
    if (status != cudaSuccess) return status;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(blocks));
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
}

// Blocks for n items of a loop in which every thread takes every (blocks * threads)-th.
inline int64_t blocks_for(int64_t n) {
  const int64_t blocks = (n + threads - 1) / threads;
  return blocks < 2048 ? blocks : 2048;
}

// Series without steps hand their state through (null: zero), and offsets out of order are told to `control`.
template <typename S>
__global__ void series_without_steps(Timeline line, Control* control, const S* from, S* to) {
  for (int64_t s = int64_t(blockIdx.x) * threads + threadIdx.x; s < line.n_series; s += int64_t(gridDim.x) * threads) {
    const int64_t begin = line.begin_of(s), end = line.begin_of(s + 1);
    if (end < begin || (s == 0 && begin != 0) || (s == line.n_series - 1 && end != line.total)) {
      control->bad_offsets = 1;
    }
    if (end > begin) continue;
    for (int64_t d = 0; d < line.n_channels; ++d) {
      to[s * line.n_channels + d] = from ? from[s * line.n_channels + d] : S(0);
    }
  }
}

// After invalid offsets no element may look like a result.
template <typename S>
__device__ void fill_with_nan(S* states, const Timeline& line) {
  for (int64_t i = int64_t(blockIdx.x) * threads + threadIdx.x; i < line.n_series * line.n_channels;
       i += int64_t(gridDim.x) * threads) {
    states[i] = S(NAN);
  }
}

// What both directions do before their kernel.
template <typename S>
cudaError_t prepare(const Tiling& tiling, const S* from, S* to, cudaStream_t stream) {
  const cudaError_t status = cudaMemsetAsync(tiling.control, 0, tiling.zeroed_bytes(), stream);
  if (status != cudaSuccess || (!tiling.line.offsets && tiling.line.length > 0)) return status;
  return launch(series_without_steps<S>, blocks_for(tiling.line.n_series), 0, stream, tiling.line, tiling.control, from,
                to);
}

}  // namespace marey::cuda
