// A cascade forward: all sections in one pass over the signal, which is read once and written once.
//
// A warp reads its tile into shared memory, finds where its samples leave the state starting from zero, learns the
// state before it from the tiles before (cascade_tiles.cuh) and runs its samples again from there. Arithmetic: two runs
// of 2 K + 1 multiply-adds in double a sample and section of order K, and 5 (S K)^2 a lane for joining.
#pragma once
#include "marey/cuda/cascade_workspace.cuh"

namespace marey::cuda::cascade {

namespace {

template <typename T, class F>
__global__ void __launch_bounds__(threads) forward(CascadeForward<T> a, Pass<F> pass) {
  __shared__ T shared[warps][row<T>];
  Tile tile;
  if (!take_tile<T, Direction::forward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  load(samples, a.x, a.s, tile, lane);
  __syncwarp();
  const Filter<F>& f = pass.filters[a.s.per_channel ? tile.channel : 0];
  double state[F::n];
  start_lanes<T, Direction::forward, F>(f, a.s, tile, samples, a.zi, pass.of(tile), pass.control, lane, state);
  run_lane<T, Direction::forward, F>(f, state, samples, a.s, tile, lane,
                                     [&](int i, double y) { samples[at<T>(i)] = T(y); });
  if (tile.first + tile.count == a.s.length && lane == (tile.count - 1) / L<T>) {
    store_state<F>(state, a.zf, a.s, tile.channel);
  }
  __syncwarp();
  store(a.y, samples, a.s, tile, lane);
}

template <typename T, class F>
cudaError_t run(const CascadeForward<T>& a, void* workspace, cudaStream_t stream) {
  Arena arena(workspace);
  const Pass<F> pass = Pass<F>::template place<T>(a.s, arena);
  cudaError_t status = prepare_pass<T, Direction::forward, F>(pass, a.s, stream);
  if (status != cudaSuccess) return status;
  status = launch(forward<T, F>, pass.blocks, threads, stream, a, pass);
  if (status != cudaSuccess) return status;
  return launch(spread_not_finite<T, Direction::forward, F>, a.s.n_channels, 32, stream, a.s, pass, a.y, a.zf);
}

template <typename T, class F>
std::size_t workspace(const Sections& s) {
  Arena arena(nullptr);
  Pass<F>::template place<T>(s, arena);
  return arena.used();
}

}  // namespace

}  // namespace marey::cuda::cascade
