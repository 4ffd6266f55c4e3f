// Where a pass keeps its filters and its tiles' records, how its kernels are launched, and what NaN does beyond reach.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "marey/cuda/cascade_tiles.cuh"

namespace marey::cuda::cascade {

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

template <class F>
struct Pass {
  int64_t chunks, blocks;
  Filter<F>* filters;
  Control* control;
  Record<F::n>* records;  // [channel][tile in the order of the pass]

  template <typename T>
  static Pass place(const Sections& s, Arena& arena) {
    Pass p;
    p.chunks = (s.length + span<T> - 1) / span<T>;
    p.blocks = (p.chunks * s.n_channels + warps - 1) / warps;
    p.filters = arena.take<Filter<F>>(s.n_filters());
    p.control = arena.take<Control>(1);
    p.records = arena.take<Record<F::n>>(p.chunks * s.n_channels);
    return p;
  }
  __device__ Record<F::n>* of(const Tile& tile) const { return records + tile.channel * chunks; }
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

template <typename T, Direction direction, class F>
cudaError_t prepare_pass(const Pass<F>& pass, const Sections& s, cudaStream_t stream) {
  cudaError_t status = cudaMemsetAsync(pass.control, 0, sizeof(Control), stream);
  if (status != cudaSuccess) return status;
  status = cudaMemsetAsync(pass.records, 0, sizeof(Record<F::n>) * std::size_t(pass.chunks * s.n_channels), stream);
  if (status != cudaSuccess) return status;
  return launch(prepare<T, direction, F>, s.n_filters(), 32, stream, s, pass.filters);
}

// Calls run with the number of sections of order 2 as a compile-time constant.
template <typename Run>
auto for_sections(const Sections& s, const Run& run) -> decltype(run(Form<1, 2>{})) {
  switch (s.order == 2 ? s.n_sections : 0) {
    case 1: return run(Form<1, 2>{});
    case 2: return run(Form<2, 2>{});
    case 3: return run(Form<3, 2>{});
    case 4: return run(Form<4, 2>{});
    case 5: return run(Form<5, 2>{});
    case 6: return run(Form<6, 2>{});
    case 7: return run(Form<7, 2>{});
    case 8: return run(Form<8, 2>{});
    default: return decltype(run(Form<1, 2>{}))(cudaErrorInvalidValue);
  }
}

// With the order of one section, of those that sosfilt has no kernel for. Greater ones are run in sequence: powers of a
// companion matrix of order 4 and more are large and cancel, which costs a state carried by them up to six digits.
inline constexpr int64_t most_order = 2;
template <typename Run>
auto for_order(const Sections& s, const Run& run) -> decltype(run(Form<1, 1>{})) {
  switch (s.n_sections == 1 ? s.order : 0) {
    case 1: return run(Form<1, 1>{});
    default: return decltype(run(Form<1, 1>{}))(cudaErrorInvalidValue);
  }
}

// A state that is not finite never dies out, whatever the reach: the samples after it are made NaN, up to a reset. One
// warp a channel walks its tiles; where every state is finite, as it should be, nobody has anything to do.
template <typename T, Direction direction, class F>
__global__ void spread_not_finite(Sections s, Pass<F> pass, T* out, double* final_state) {
  constexpr int n = F::n;
  if (pass.control->not_finite == 0) return;
  const int64_t channel = blockIdx.x;
  const int lane = threadIdx.x;
  if (!pass.filters[s.per_channel ? channel : 0].feedback) return;
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
  if (spoilt && lane < n) final_state[place_of<F>(lane, s, channel)] = NAN;
}

}  // namespace marey::cuda::cascade
