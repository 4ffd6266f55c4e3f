// The table of an elastic distance, filled by one warp for series of any lengths.
//
// The columns are cut into strips of 32 K, a lane K columns side by side in its registers. Lane l works l rows behind
// lane 0, so that what a cell needs of the column to its left was made by the lane before one step ago, and of its
// corner two: one shuffle a step. Where strips meet, the last column of one waits in `edge`, a value a row, for the
// next. A strip has the rows that its band reaches, so a band costs its cells and 31 steps a strip.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace marey::cuda {

inline constexpr unsigned whole_warp = 0xffffffffu;
inline constexpr int warps_of_block = 4;

// A series as a warp reads it: channel c begins at c * stride.
template <typename T>
struct Steps {
  const T* values;
  int64_t n, stride;

  // Whether all values are finite; all lanes get the answer.
  __device__ bool finite(int64_t channels, int lane) const {
    bool good = true;
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = lane; t < n; t += 32) {
        const T v = values[c * stride + t];
        good &= v - v == 0;
      }
    }
    return __ballot_sync(whole_warp, !good) == 0;
  }
};

template <typename T>
struct WarpPair {
  Steps<T> x, y;
  int64_t channels, window;

  __device__ bool has_path() const {
    const int64_t apart = x.n > y.n ? x.n - y.n : y.n - x.n;
    return x.n > 0 && y.n > 0 && apart <= window;
  }
  __device__ bool in_band(int64_t i, int64_t j) const {
    return i - j <= window && j - i <= window && j < y.n;  // i is a row of x
  }
};

// The columns first .. first + 32 K - 1 and the rows low .. high that the band lets them have.
template <int K>
struct Strip {
  int64_t first, low, high;

  template <typename T>
  __device__ Strip(const WarpPair<T>& p, int64_t s) : first(s * 32 * K) {
    const int64_t last = first + 32 * K - 1, end = p.x.n - 1;
    low = first > p.window ? first - p.window : 0;
    high = last > end - p.window || p.window > end ? end : last + p.window;
  }
  __device__ int64_t steps() const { return high - low + 32; }
  __device__ int64_t column(int lane, int k) const { return first + lane * K + k; }
  __device__ bool has(int64_t i) const { return low <= i && i <= high; }
};

template <int K>
inline int64_t strips_of(int64_t m) {
  return (m + 32 * K - 1) / (32 * K);
}
// The most steps that a strip of series up to n has.
template <int K>
inline int64_t most_steps(int64_t n, int64_t window) {
  const int64_t band = window < n ? 32 * K + 2 * window : n;
  return (band < n ? band : n) + 31;
}

// The squared distances of one row's step to a lane's K columns. `single`: of one channel, whose columns stay in
// registers.
template <typename T, int K, bool single>
struct Costs {
  const WarpPair<T>& p;
  T y[K];
  int64_t first = 0;

  __device__ explicit Costs(const WarpPair<T>& pair) : p(pair) {}

  __device__ void take(int64_t column) {
    first = column;
    if (!single) return;
#pragma unroll
    for (int k = 0; k < K; ++k) y[k] = first + k < p.y.n ? p.y.values[first + k] : T(0);
  }
  __device__ T x_at(int64_t i, int64_t c) const { return p.x.values[c * p.x.stride + i]; }
  __device__ T y_at(int k, int64_t c) const { return single ? y[k] : p.y.values[c * p.y.stride + first + k]; }
  // What lies outside the band is not asked for: its y may be past the end.
  __device__ T square(int64_t i, int k) const {
    T total = 0;
    for (int64_t c = 0; c < (single ? 1 : p.channels); ++c) {
      const T d = x_at(i, c) - y_at(k, c);
      total = fma(d, d, total);
    }
    return total;
  }
};

// Fills the table of a pair that has a path, and gives all lanes the value of its last cell. `edge`: a value a row of
// x, used where there are several strips. keep(s, t, k, value) is told every cell of step t of strip s, also those out
// of reach.
template <int K, bool single, typename T, typename Rule, typename Keep>
__device__ T fill_table(const Rule& rule, const WarpPair<T>& p, T* edge, int lane, Keep keep) {
  const int64_t strips = (p.y.n + 32 * K - 1) / (32 * K);
  Costs<T, K, single> costs(p);
  T end = Rule::nowhere();
  for (int64_t s = 0; s < strips; ++s) {
    const Strip<K> strip(p, s);
    const int64_t edge_high = s > 0 ? Strip<K>(p, s - 1).high : -1, edge_low = s > 0 ? Strip<K>(p, s - 1).low : 0;
    const auto from_edge = [&](int64_t i) {
      if (s == 0) return i == -1 ? T(0) : Rule::nowhere();
      return edge_low <= i && i <= edge_high ? edge[i] : Rule::nowhere();
    };
    costs.take(strip.column(lane, 0));
    T cell[K];
#pragma unroll
    for (int k = 0; k < K; ++k) cell[k] = Rule::nowhere();
    T corner = lane == 0 ? from_edge(strip.low - 1) : Rule::nowhere();
    for (int64_t t = 0; t < strip.steps(); ++t) {
      const int64_t i = strip.low + t - lane;
      T left = __shfl_up_sync(whole_warp, cell[K - 1], 1);
      if (lane == 0) left = from_edge(i);
      const T next_corner = left;
      if (strip.has(i)) {
#pragma unroll
        for (int k = 0; k < K; ++k) {
          const T up = cell[k];
          const bool inside = p.in_band(i, strip.column(lane, k));
          cell[k] = inside ? rule.cell(up, left, corner, costs.square(i, k)) : Rule::nowhere();
          corner = up;
          left = cell[k];
        }
        if (lane == 31 && s + 1 < strips) edge[i] = cell[K - 1];
        if (i == p.x.n - 1 && s + 1 == strips) {
          const int64_t k_of_end = p.y.n - 1 - strip.column(lane, 0);
#pragma unroll
          for (int k = 0; k < K; ++k) {
            if (k == k_of_end) end = cell[k];
          }
        }
      }
      corner = next_corner;
#pragma unroll
      for (int k = 0; k < K; ++k) keep(s, t, k, cell[k]);
      __syncwarp();
    }
  }
  const int64_t in_strip = p.y.n - 1 - (strips - 1) * 32 * K;
  return __shfl_sync(whole_warp, end, int(in_strip / K));
}

struct KeepNothing {
  template <typename T>
  __device__ void operator()(int64_t, int64_t, int, T) const {}
};

// A warp is lent `share` bytes of the workspace and takes every warps-th pair: as many warps as there are pairs, as
// fill the device, and as the workspace may hold.
struct Warps {
  int64_t many, share;

  Warps(int64_t pairs, int64_t bytes) : share((bytes + 15) / 16 * 16) {
    constexpr int64_t most = 1 << 14, most_bytes = int64_t(1) << 30;
    many = pairs < most ? pairs : most;
    const int64_t affordable = share > 0 ? most_bytes / share : most;
    if (many > affordable) many = affordable;
    if (many < 1) many = 1;
    many = (many + warps_of_block - 1) / warps_of_block * warps_of_block;
  }
  std::size_t bytes() const { return std::size_t(many * share); }

  template <typename... Parameters, typename... Arguments>
  cudaError_t launch(void (*kernel)(Parameters...), cudaStream_t stream, const Arguments&... arguments) const {
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(unsigned(many / warps_of_block));
    config.blockDim = dim3(32 * warps_of_block);
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
  }
};

// Which warp of all this is, and how many there are.
__device__ inline int64_t this_warp() { return int64_t(blockIdx.x) * warps_of_block + threadIdx.x / 32; }
__device__ inline int64_t all_warps() { return int64_t(gridDim.x) * warps_of_block; }

// Calls f.operator()<K, single>(): few columns a lane for short series, so that lanes do not idle.
template <typename F>
auto by_table(int64_t m, int64_t channels, F f) {
  if (m <= 64) return channels == 1 ? f.template operator()<2, true>() : f.template operator()<2, false>();
  return channels == 1 ? f.template operator()<8, true>() : f.template operator()<8, false>();
}

}  // namespace marey::cuda
