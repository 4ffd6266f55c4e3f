// sosfilt, forward: all sections in one pass over the signal, which is read once and written once.
//
// A warp reads its tile into shared memory, finds where its samples leave the state starting from zero, learns the
// state before it from the tiles before (sosfilt_tiles.cuh) and runs its samples again from there. Arithmetic: two runs
// of 5 multiply-adds in double a sample and section, and 5 (2 S)^2 a lane for joining.
#include "marey/cuda/sosfilt_tiles.cuh"
#include "marey/cuda/sosfilt_workspace.cuh"

namespace marey::cuda {

namespace sos {

namespace {

template <typename T, int S>
__global__ void __launch_bounds__(threads) forward(SosfiltForward<T> a, Pass<2 * S> pass) {
  constexpr int n = 2 * S;
  __shared__ T shared[warps][row<T>];
  Tile tile;
  if (!take_tile<T, Direction::forward>(a.s, pass.control, tile)) return;
  const int lane = threadIdx.x % 32;
  T* const samples = shared[threadIdx.x / 32];
  load(samples, a.x, a.s, tile, lane);
  __syncwarp();
  const Filter<n>& f = pass.filters[a.s.per_channel ? tile.channel : 0];
  double state[n];
  start_lanes<T, Direction::forward, S>(f, a.s, tile, samples, a.zi, pass.of(tile), pass.control, lane, state);
  run_lane<T, Direction::forward, S>(f.k, state, samples, a.s, tile, lane,
                                     [&](int i, double y) { samples[at<T>(i)] = T(y); });
  if (tile.first + tile.count == a.s.length && lane == (tile.count - 1) / L<T>) {
    store_state(state, a.zf, a.s, tile.channel);
  }
  __syncwarp();
  store(a.y, samples, a.s, tile, lane);
}

template <typename T, int S>
cudaError_t run(const SosfiltForward<T>& a, void* workspace, cudaStream_t stream) {
  constexpr int n = 2 * S;
  Arena arena(workspace);
  const Pass<n> pass = Pass<n>::template place<T>(a.s, arena);
  cudaError_t status = prepare_pass<T, Direction::forward, S>(pass, a.s, stream);
  if (status != cudaSuccess) return status;
  status = launch(forward<T, S>, pass.blocks, threads, stream, a, pass);
  if (status != cudaSuccess) return status;
  return launch(spread_not_finite<T, Direction::forward, n>, a.s.n_channels, 32, stream, a.s, pass, a.y, a.zf);
}

}  // namespace

}  // namespace sos

template <typename T>
std::size_t sosfilt_workspace(const Sections& s) noexcept {
  std::size_t bytes = 0;
  sos::for_sections(s.n_sections, [&](auto S) {
    sos::Arena arena(nullptr);
    sos::Pass<2 * S()>::template place<T>(s, arena);
    bytes = arena.used();
    return cudaSuccess;
  });
  return bytes;
}

template <typename T>
cudaError_t sosfilt(const SosfiltForward<T>& a, void* workspace, cudaStream_t stream) noexcept {
  return sos::for_sections(a.s.n_sections, [&](auto S) { return sos::run<T, S()>(a, workspace, stream); });
}

template std::size_t sosfilt_workspace<float>(const Sections&) noexcept;
template std::size_t sosfilt_workspace<double>(const Sections&) noexcept;
template cudaError_t sosfilt(const SosfiltForward<float>&, void*, cudaStream_t) noexcept;
template cudaError_t sosfilt(const SosfiltForward<double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
