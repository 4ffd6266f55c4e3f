// sosfilt, backward: the filter run backward in time, and the sums for its coefficients in the same pass.
//
// Where the coefficients have a gradient, a first kernel runs the forward pass for the state before every tile, writing
// no signal; then each tile filters its samples again from there, keeping the sections' signals, and walks back through
// them. Sums go from lanes to tiles to filters in a fixed order.
#include "marey/cuda/sosfilt_tiles.cuh"
#include "marey/cuda/sosfilt_workspace.cuh"

namespace marey::cuda {

namespace sos {

namespace {

// What the coefficients' gradient needs beside the pass backward.
template <int n>
struct Sums {
  Pass<n> pass;         // forward
  double* tile_starts;  // [channel][chunk][n]
  double* of_tiles;     // [channel][chunk][numbers of all sections], for b_0, b_1, b_2, a_1, a_2
  double* of_filters;   // [filter][numbers of all sections]
};

template <typename T, int S>
__global__ void __launch_bounds__(threads) find_states(SosfiltBackward<T> a, Sums<2 * S> sums) {
  constexpr int n = 2 * S;
  __shared__ T shared[warps][row<T>];
  const Pass<n>& pass = sums.pass;
  Tile tile;
  if (!take_tile<T, Direction::forward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  load(samples, a.x, a.s, tile, lane);
  __syncwarp();
  const Filter<n>& f = pass.filters[a.s.per_channel ? tile.channel : 0];
  double state[n];
  start_lanes<T, Direction::forward, S>(f, a.s, tile, samples, a.zi, pass.of(tile), pass.control, lane, state,
                                        sums.tile_starts + (tile.channel * pass.chunks + tile.chunk) * n);
}

// The sections' signals over a lane's samples, from the state before its tile.
template <typename T, int S>
__device__ void filter_again(const Filter<2 * S>& f, const Sections& s, const Tile& tile, const T* samples,
                             const double* tile_start, int lane, double (&signals)[S + 1][L<T>]) {
  constexpr int n = 2 * S;
  double state[n];
  for (int i = 0; i < n; ++i) state[i] = lane == 0 ? tile_start[i] : 0.0;
  bool cut = lane == 0;
  {
    double end[n];
    for (int i = 0; i < n; ++i) end[i] = state[i];
    cut |= run_lane<T, Direction::forward, S>(f.k, end, samples, s, tile, lane, [](int, double) {});
    to_joining<Direction::forward>(end);
    scan_lanes<Direction::forward>(f, end, cut, lane);
    for (int i = 0; i < n; ++i) end[i] = from_lane(end[i], lane - 1);
    from_joining<Direction::forward>(end);
    for (int i = 0; i < n; ++i) state[i] = lane > 0 ? end[i] : state[i];
  }
  for (int j = 0; j < L<T>; ++j) {
    const int i = lane * L<T> + j;
    if (i >= tile.count) break;
    if (is_reset(s, tile, i)) clear(state);
    signals[0][j] = double(samples[at<T>(i)]);
    for (int section = 0; section < S; ++section) {
      signals[section + 1][j] = section_forward(f.k + section * numbers, state + 2 * section, signals[section][j]);
    }
  }
}

template <typename T, int S, bool with_sums>
__global__ void __launch_bounds__(threads) backward(SosfiltBackward<T> a, Pass<2 * S> pass, Sums<2 * S> sums) {
  constexpr int n = 2 * S;
  __shared__ T shared[warps][row<T>];
  Tile tile;
  if (!take_tile<T, Direction::backward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  const int64_t filter = a.s.per_channel ? tile.channel : 0, place = tile.channel * pass.chunks + tile.chunk;

  double signals[with_sums ? S + 1 : 1][L<T>];
  if constexpr (with_sums) {
    load(samples, a.x, a.s, tile, lane);
    __syncwarp();
    filter_again<T, S>(sums.pass.filters[filter], a.s, tile, samples, sums.tile_starts + place * n, lane, signals);
    __syncwarp();
  }
  load(samples, a.grad_y, a.s, tile, lane);
  __syncwarp();

  const Filter<n>& f = pass.filters[filter];
  double state[n];
  start_lanes<T, Direction::backward, S>(f, a.s, tile, samples, a.grad_zf, pass.of(tile), pass.control, lane, state);
  double total[S * numbers] = {};
  for (int j = L<T> - 1; j >= 0; --j) {
    const int i = lane * L<T> + j;
    if (i >= tile.count) continue;
    double value = double(samples[at<T>(i)]);
    for (int section = S - 1; section >= 0; --section) {
      double* l = state + 2 * section;
      const double l0 = l[0], l1 = l[1];
      double Y;
      value = section_backward(f.k + section * numbers, l, value, Y);
      if constexpr (with_sums) {
        double* t = total + section * numbers;
        const double x = signals[section][j], y = signals[section + 1][j];
        t[0] = fma(Y, x, t[0]);
        t[1] = fma(l0, x, t[1]);
        t[2] = fma(l1, x, t[2]);
        t[3] = fma(-l0, y, t[3]);
        t[4] = fma(-l1, y, t[4]);
      }
    }
    samples[at<T>(i)] = T(value);
    if (is_reset(a.s, tile, i)) clear(state);
  }
  if (tile.first == 0 && lane == 0) store_state(state, a.grad_zi, a.s, tile.channel);
  __syncwarp();
  store(a.grad_x, samples, a.s, tile, lane);
  if constexpr (with_sums) {
    for (int i = 0; i < S * numbers; ++i) {
      double sum = total[i];
      for (int bits = 16; bits > 0; bits /= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
      if (lane == 0) sums.of_tiles[place * S * numbers + i] = sum;
    }
  }
}

// One warp a filter and number: its tiles' sums in a fixed order.
template <int S>
__global__ void add_tiles(Sections s, int64_t chunks, const double* of_tiles, double* of_filters) {
  constexpr int width = S * numbers;
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
  const double *row = s.sections + r * 6, *in = of_filters + r * numbers;
  double* out = grad_sections + r * 6;
  const int to[numbers] = {0, 1, 2, 4, 5};
  double scale = 0.0;
  for (int i = 0; i < numbers; ++i) {
    out[to[i]] = in[i] / row[3];
    scale += out[to[i]] * row[to[i]];
  }
  out[3] = -scale / row[3];
}

template <int n, typename T>
Sums<n> place_sums(const Sections& s, Arena& arena) {
  Sums<n> sums{};
  sums.pass = Pass<n>::template place<T>(s, arena);
  sums.tile_starts = arena.take<double>(sums.pass.chunks * s.n_channels * n);
  sums.of_tiles = arena.take<double>(sums.pass.chunks * s.n_channels * (n / 2) * numbers);
  sums.of_filters = arena.take<double>(s.n_filters() * (n / 2) * numbers);
  return sums;
}

template <typename T, int S>
cudaError_t run_backward(const SosfiltBackward<T>& a, void* workspace, cudaStream_t stream) {
  constexpr int n = 2 * S;
  Arena arena(workspace);
  const Pass<n> pass = Pass<n>::template place<T>(a.s, arena);
  const Sums<n> sums = place_sums<n, T>(a.s, arena);
  const bool with_sums = a.grad_sections != nullptr;
  cudaError_t status = prepare_pass<T, Direction::backward, S>(pass, a.s, stream);
  if (status != cudaSuccess) return status;
  if (!with_sums) {
    status = launch(backward<T, S, false>, pass.blocks, threads, stream, a, pass, sums);
  } else {
    status = prepare_pass<T, Direction::forward, S>(sums.pass, a.s, stream);
    if (status == cudaSuccess) status = launch(find_states<T, S>, pass.blocks, threads, stream, a, sums);
    if (status == cudaSuccess) status = launch(backward<T, S, true>, pass.blocks, threads, stream, a, pass, sums);
    if (status == cudaSuccess) {
      status = launch(add_tiles<S>, a.s.n_filters() * S * numbers, 32, stream, a.s, pass.chunks, sums.of_tiles,
                      sums.of_filters);
    }
    if (status == cudaSuccess) {
      status =
          launch(undo_division, (a.s.n_filters() * S + 31) / 32, 32, stream, a.s, sums.of_filters, a.grad_sections);
    }
  }
  if (status != cudaSuccess) return status;
  return launch(spread_not_finite<T, Direction::backward, n>, a.s.n_channels, 32, stream, a.s, pass, a.grad_x,
                a.grad_zi);
}

}  // namespace

}  // namespace sos

template <typename T>
std::size_t sosfilt_backward_workspace(const Sections& s) noexcept {
  std::size_t bytes = 0;
  sos::for_sections(s.n_sections, [&](auto S) {
    sos::Arena arena(nullptr);
    sos::Pass<2 * S()>::template place<T>(s, arena);
    sos::place_sums<2 * S(), T>(s, arena);
    bytes = arena.used();
    return cudaSuccess;
  });
  return bytes;
}

template <typename T>
cudaError_t sosfilt_backward(const SosfiltBackward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  return sos::for_sections(a.s.n_sections, [&](auto S) { return sos::run_backward<T, S()>(a, workspace, stream); });
}

template std::size_t sosfilt_backward_workspace<float>(const Sections&) noexcept;
template std::size_t sosfilt_backward_workspace<double>(const Sections&) noexcept;
template cudaError_t sosfilt_backward(const SosfiltBackward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t sosfilt_backward(const SosfiltBackward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
