// Where a pass keeps its filters and its tiles' records, how its kernels are launched, and what NaN does beyond reach.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>

#include "marey/cuda/sosfilt_tiles.cuh"

namespace marey::cuda::sos {

// Hands out parts of a workspace; over a null pointer it only counts.
class Arena {
 public:
  explicit Arena(void* memory) : memory_(static_cast<unsigned char*>(memory)) {}
  template <typename V>
  V* take(int64_t count) {
    unsigned char* taken = memory_ ? memory_ + used_ : nullptr;
    used_ += (std::size_t(count) * sizeof(V) + 255) / 256 * 256;
    return reinterpret_cast<V*>(taken);
  }
  std::size_t used() const { return used_; }

 private:
  unsigned char* memory_;
  std::size_t used_ = 0;
};

template <int n>
struct Pass {
  int64_t chunks, blocks;
  Filter<n>* filters;
  Control* control;
  Record<n>* records;  // [channel][tile in the order of the pass]

  template <typename T>
  static Pass place(const Sections& s, Arena& arena) {
    Pass p;
    p.chunks = (s.length + span<T> - 1) / span<T>;
    p.blocks = (p.chunks * s.n_channels + warps - 1) / warps;
    p.filters = arena.take<Filter<n>>(s.n_filters());
    p.control = arena.take<Control>(1);
    p.records = arena.take<Record<n>>(p.chunks * s.n_channels);
    return p;
  }
  __device__ Record<n>* of(const Tile& tile) const { return records + tile.channel * chunks; }
};

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), int64_t blocks, int block_threads, cudaStream_t stream,
                   const Arguments&... arguments) {
  if (blocks == 0) return cudaSuccess;
  if (blocks > 0x7fffffff) return cudaErrorInvalidConfiguration;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(blocks));
  config.blockDim = dim3(unsigned(block_threads));
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
}

template <typename T, Direction direction, int S>
cudaError_t prepare_pass(const Pass<2 * S>& pass, const Sections& s, cudaStream_t stream) {
  cudaError_t status = cudaMemsetAsync(pass.control, 0, sizeof(Control), stream);
  if (status != cudaSuccess) return status;
  status = cudaMemsetAsync(pass.records, 0, sizeof(Record<2 * S>) * std::size_t(pass.chunks * s.n_channels), stream);
  if (status != cudaSuccess) return status;
  return launch(prepare<T, direction, S>, s.n_filters(), 32, stream, s, pass.filters);
}

// Calls run with the number of sections as a compile-time constant.
template <typename Run>
cudaError_t for_sections(int64_t n_sections, const Run& run) {
  switch (n_sections) {
    case 1: return run(std::integral_constant<int, 1>{});
    case 2: return run(std::integral_constant<int, 2>{});
    case 3: return run(std::integral_constant<int, 3>{});
    case 4: return run(std::integral_constant<int, 4>{});
    case 5: return run(std::integral_constant<int, 5>{});
    case 6: return run(std::integral_constant<int, 6>{});
    case 7: return run(std::integral_constant<int, 7>{});
    case 8: return run(std::integral_constant<int, 8>{});
    default: return cudaErrorInvalidValue;
  }
}

// A state that is not finite never dies out, whatever the reach: the samples after it are made NaN, up to a reset. One
// warp a channel walks its tiles; where every state is finite, as it should be, nobody has anything to do.
template <typename T, Direction direction, int n>
__global__ void spread_not_finite(Sections s, Pass<n> pass, T* out, double* final_state) {
  if (pass.control->not_finite == 0) return;
  const int64_t channel = blockIdx.x;
  const int lane = threadIdx.x;
  const Record<n>* records = pass.records + channel * pass.chunks;
  bool spoilt = false;
  for (int64_t order = 0; order < pass.chunks; ++order) {
    if (spoilt) {
      const int64_t first = (direction == Direction::forward ? order : pass.chunks - 1 - order) * span<T>;
      const int64_t count = s.length - first < span<T> ? s.length - first : span<T>;
      bool going = true;
      for (int64_t i = 0; going && i < count; i += 32) {
        const int64_t k = i + lane;
        const int64_t t = first + (direction == Direction::forward ? k : count - 1 - k);
        const bool mark = k < count && s.reset && s.reset[channel * s.reset_stride + t] != 0;
        const unsigned marks = __ballot_sync(all_lanes, mark);
        // A reset cleans its own sample forward, and those after it in either direction.
        const int clean = marks == 0 ? 32 : __ffs(int(marks)) - (direction == Direction::forward ? 1 : 0);
        if (k < count && lane < clean) out[channel * s.length + t] = T(NAN);
        going = marks == 0;
      }
    }
    bool finite = true;
    for (int i = 0; i < n; ++i) finite &= is_finite(records[order].end[i]);
    if (!finite)
      spoilt = true;
    else if (records[order].what == closed_tile)
      spoilt = false;
  }
  if (spoilt && lane < n) final_state[((lane / 2) * s.n_channels + channel) * 2 + lane % 2] = NAN;
}

}  // namespace marey::cuda::sos
