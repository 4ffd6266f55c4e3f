// A cascade backward: the filter run backward in time, and the sums for its coefficients in the same pass.
//
// Where the coefficients have a gradient, a first kernel runs the forward pass for the state before every tile, writing
// no signal; then each tile filters its samples again from there, keeping the sections' signals, and walks back through
// them. Sums go from lanes to tiles to filters in a fixed order.
#pragma once
#include "marey/cuda/cascade_workspace.cuh"

namespace marey::cuda::cascade {

namespace {

// What the coefficients' gradient needs beside the pass backward.
template <class F>
struct Sums {
  Pass<F> pass;         // forward
  double* tile_starts;  // [channel][chunk][n]
  double* of_tiles;     // [channel][chunk][numbers of all sections], for b_0 .. b_K, a_1 .. a_K
  double* of_filters;   // [filter][numbers of all sections]
};

template <typename T, class F>
__global__ void __launch_bounds__(threads) find_states(CascadeBackward<T> a, Sums<F> sums) {
  __shared__ T shared[warps][row<T>];
  const Pass<F>& pass = sums.pass;
  Tile tile;
  if (!take_tile<T, Direction::forward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  load(samples, a.x, a.s, tile, lane);
  __syncwarp();
  const Filter<F>& f = pass.filters[a.s.per_channel ? tile.channel : 0];
  double state[F::n];
  start_lanes<T, Direction::forward, F>(f, a.s, tile, samples, a.zi, pass.of(tile), pass.control, lane, state,
                                        sums.tile_starts + (tile.channel * pass.chunks + tile.chunk) * F::n);
}

// The sections' signals over a lane's samples, from the state before its tile.
template <typename T, class F>
__device__ void filter_again(const Filter<F>& f, const Sections& s, const Tile& tile, const T* samples,
                             const double* tile_start, int lane, double (&signals)[F::sections + 1][L<T>]) {
  constexpr int n = F::n;
  double state[n];
  for (int i = 0; i < n; ++i) state[i] = lane == 0 ? tile_start[i] : 0.0;
  bool cut = lane == 0 || !f.feedback;
  {
    double end[n];
    for (int i = 0; i < n; ++i) end[i] = state[i];
    cut |= run_lane<T, Direction::forward, F>(f, end, samples, s, tile, lane, [](int, double) {});
    if (f.feedback) to_joining<Direction::forward, F>(end);
    scan_lanes<Direction::forward>(f, end, cut, lane);
    for (int i = 0; i < n; ++i) end[i] = from_lane(end[i], lane - 1);
    if (f.feedback) from_joining<Direction::forward, F>(end);
    for (int i = 0; i < n; ++i) state[i] = lane > 0 ? end[i] : state[i];
  }
  for (int j = 0; j < L<T>; ++j) {
    const int i = lane * L<T> + j;
    if (i >= tile.count) break;
    if (is_reset(s, tile, i)) clear(state);
    signals[0][j] = double(samples[at<T>(i)]);
    for (int section = 0; section < F::sections; ++section) {
      signals[section + 1][j] = section_forward<F::order>(f.k + section * F::width, state + F::order * section,
                                                          signals[section][j], F::sections > 1 || f.feedback);
    }
  }
}

template <typename T, class F, bool with_sums>
__global__ void __launch_bounds__(threads) backward(CascadeBackward<T> a, Pass<F> pass, Sums<F> sums) {
  constexpr int n = F::n, K = F::order;
  __shared__ T shared[warps][row<T>];
  Tile tile;
  if (!take_tile<T, Direction::backward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  const int64_t filter = a.s.per_channel ? tile.channel : 0, place = tile.channel * pass.chunks + tile.chunk;

  double signals[with_sums ? F::sections + 1 : 1][L<T>];
  if constexpr (with_sums) {
    load(samples, a.x, a.s, tile, lane);
    __syncwarp();
    filter_again<T, F>(sums.pass.filters[filter], a.s, tile, samples, sums.tile_starts + place * n, lane, signals);
    __syncwarp();
  }
  load(samples, a.grad_y, a.s, tile, lane);
  __syncwarp();

  const Filter<F>& f = pass.filters[filter];
  double state[F::n];
  start_lanes<T, Direction::backward, F>(f, a.s, tile, samples, a.grad_zf, pass.of(tile), pass.control, lane, state);
  double total[F::numbers] = {};
  for (int j = L<T> - 1; j >= 0; --j) {
    const int i = lane * L<T> + j;
    if (i >= tile.count) continue;
    double value = double(samples[at<T>(i)]);
    for (int section = F::sections - 1; section >= 0; --section) {
      double* l = state + K * section;
      double later[K];
#pragma unroll
      for (int k = 0; k < K; ++k) later[k] = l[k];
      double Y;
      value = section_backward<K>(f.k + section * F::width, l, value, Y, F::sections > 1 || f.feedback);
      if constexpr (with_sums) {
        double* t = total + section * F::width;
        const double x = signals[section][j], y = signals[section + 1][j];
        t[0] = fma(Y, x, t[0]);
#pragma unroll
        for (int k = 0; k < K; ++k) {
          t[1 + k] = fma(later[k], x, t[1 + k]);
          t[1 + K + k] = fma(-later[k], y, t[1 + K + k]);
        }
      }
    }
    samples[at<T>(i)] = T(value);
    if (is_reset(a.s, tile, i)) clear(state);
  }
  if (tile.first == 0 && lane == 0) store_state<F>(state, a.grad_zi, a.s, tile.channel);
  __syncwarp();
  store(a.grad_x, samples, a.s, tile, lane);
  if constexpr (with_sums) {
    for (int i = 0; i < F::numbers; ++i) {
      double sum = total[i];
      for (int bits = 16; bits > 0; bits /= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
      if (lane == 0) sums.of_tiles[place * F::numbers + i] = sum;
    }
  }
}

// One warp a filter and number: its tiles' sums in a fixed order.
__global__ void add_tiles(Sections s, int64_t chunks, const double* of_tiles, double* of_filters) {
  const int64_t width = s.n_sections * (2 * s.order + 1);
  const int64_t filter = blockIdx.x / width, number = blockIdx.x % width;
  const int64_t tiles = chunks * (s.per_channel ? 1 : s.n_channels), first = s.per_channel ? filter * chunks : 0;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < tiles; i += 32) sum += of_tiles[(first + i) * width + number];
  for (int bits = 16; bits > 0; bits /= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
  if (threadIdx.x == 0) of_filters[filter * width + number] = sum;
}

// The chain rule through the division by a_0: to rows as they were given.
__global__ void undo_division(Sections s, const double* of_filters, double* grad_sections) {
  const int64_t r = int64_t(blockIdx.x) * 32 + threadIdx.x;
  if (r >= s.n_filters() * s.n_sections) return;
  const int64_t K = s.order, given = 2 * (K + 1);
  const double *row = s.sections + r * given, *in = of_filters + r * (given - 1);
  double* out = grad_sections + r * given;
  double scale = 0.0;
  for (int64_t i = 0; i < given; ++i) {
    if (i == K + 1) continue;
    out[i] = in[i > K ? i - 1 : i] / row[K + 1];
    scale += out[i] * row[i];
  }
  out[K + 1] = -scale / row[K + 1];
}

template <class F, typename T>
Sums<F> place_sums(const Sections& s, Arena& arena) {
  Sums<F> sums{};
  sums.pass = Pass<F>::template place<T>(s, arena);
  sums.tile_starts = arena.take<double>(sums.pass.chunks * s.n_channels * F::n);
  sums.of_tiles = arena.take<double>(sums.pass.chunks * s.n_channels * F::numbers);
  sums.of_filters = arena.take<double>(s.n_filters() * F::numbers);
  return sums;
}

template <typename T, class F>
cudaError_t run_backward(const CascadeBackward<T>& a, void* workspace, cudaStream_t stream) {
  Arena arena(workspace);
  const Pass<F> pass = Pass<F>::template place<T>(a.s, arena);
  const Sums<F> sums = place_sums<F, T>(a.s, arena);
  const bool with_sums = a.grad_sections != nullptr;
  cudaError_t status = prepare_pass<T, Direction::backward, F>(pass, a.s, stream);
  if (status != cudaSuccess) return status;
  if (!with_sums) {
    status = launch(backward<T, F, false>, pass.blocks, threads, stream, a, pass, sums);
  } else {
    status = prepare_pass<T, Direction::forward, F>(sums.pass, a.s, stream);
    if (status == cudaSuccess) status = launch(find_states<T, F>, pass.blocks, threads, stream, a, sums);
    if (status == cudaSuccess) status = launch(backward<T, F, true>, pass.blocks, threads, stream, a, pass, sums);
    if (status == cudaSuccess) {
      status =
          launch(add_tiles, a.s.n_filters() * F::numbers, 32, stream, a.s, pass.chunks, sums.of_tiles, sums.of_filters);
    }
    if (status == cudaSuccess) {
      status = launch(undo_division, (a.s.n_filters() * F::sections + 31) / 32, 32, stream, a.s, sums.of_filters,
                      a.grad_sections);
    }
  }
  if (status != cudaSuccess) return status;
  return launch(spread_not_finite<T, Direction::backward, F>, a.s.n_channels, 32, stream, a.s, pass, a.grad_x,
                a.grad_zi);
}

template <typename T, class F>
std::size_t workspace_backward(const Sections& s) {
  Arena arena(nullptr);
  Pass<F>::template place<T>(s, arena);
  place_sums<F, T>(s, arena);
  return arena.used();
}

}  // namespace

}  // namespace marey::cuda::cascade
