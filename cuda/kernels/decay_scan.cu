// decay_scan, forward: h_t = exp(-rate dt_t) h_{t-1} + m_t x_t for every series and channel.
//
// One pass. A warp takes one channel of a span of 32 L steps (L = 16 in float, 8 in double). Each lane runs its L steps
// from zero and keeps their decays in registers: that gives the lane's link. A shuffle scan composes the lanes' links,
// the chain of the channel gives the state before the span (chain.cuh), and each lane runs its steps again from its own
// state, now with the true values. A series beginning inside a span closes the link there, so series of any length
// share tiles, and a tile with a beginning waits for nobody.
//
// Bytes: x read once, h written once; dt once for the C channels of a tile, and from L2 for the other tiles across
// channels; 32 bytes of records per channel and span (2 KiB). Reading first to reduce and again to apply, in separate
// kernels, would move 3 words an element where this moves 2. Arithmetic: one expm1f (float) or exp (double), 2 DFMA,
// 1 DMUL, 2 DADD and 5 conversions an element, under half of the double and conversion pipes at the speed of memory on
// a Hopper.
#include "marey/cuda/decay_scan.cuh"
#include "marey/cuda/tiling.cuh"

namespace marey::cuda {

namespace {

template <typename T, typename S, int C>
__global__ void __launch_bounds__(threads, sizeof(T) == 4 ? 4 : 3) forward(scan::DecayScan<T, S> a, Tiling tiling) {
  using G = Geometry<T, C>;
  constexpr int L = G::L;
  T* const x_tile = dynamic_shared<T>();
  T* const dt_tile = x_tile + warps * G::row;
  int* const marks = reinterpret_cast<int*>(dt_tile + G::spans * G::row);

  const Timeline& line = tiling.line;
  const int64_t ticket = tiling.take_ticket();
  const int64_t chunk = ticket / tiling.channel_groups;
  const Place place = Place::of<G>(line, chunk, ticket % tiling.channel_groups);
  const Fetched<G, T> fetched(a.x, tiling.mask, line, place);
  load_times<G>(dt_tile, marks, a.dt, place);
  const int64_t first_series = line.offsets ? line.series_at(place.first_step) : place.first_series;
  fetched.put(x_tile, line, place);
  __syncthreads();
  mark_series<G>(marks, line, place, first_series);
  __syncthreads();

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel = warp / G::spans, span = warp % G::spans;
  const bool bad = tiling.control->bad_offsets != 0;
  if (channel < place.n_channels) {
    const int64_t d = place.first_channel + channel;
    const T rate = bad ? T(NAN) : a.rate[d];
    T* const x = x_tile + warp * G::row + G::in_row(lane * L);
    const T* const dt = dt_tile + span * G::row + G::in_row(lane * L);
    const int* const mark = marks + span * G::row + G::in_row(lane * L);
    const auto state_at = [&](int j) { return (first_series + (mark[j] >> series_shift)) * line.n_channels + d; };
    const auto first_state = [&](int j) { return a.h0 ? double(a.h0[state_at(j)]) : 0.0; };

    T kept[L];
    Link link;
    bool began = false;
#pragma unroll
    for (int j = 0; j < L; ++j) {
      const T z = -rate * dt[j];
      kept[j] = keep_decay(z);
      if (mark[j] & begins) {
        began = true;
        link.H = first_state(j);
      }
      const double a_j = decay(kept[j], z);
      link.P *= a_j;
      link.H = fma(a_j, link.H, double(x[j]));
    }
    if (began) link.P = closed_product();

    const Link through = inclusive_scan(link, lane);
    const double start = state_before_tile(tiling.chain(d), chunk * G::spans + span, from_lane(through, 31), lane);
    const Link before{__shfl_up_sync(all_lanes, through.P, 1), __shfl_up_sync(all_lanes, through.H, 1)};
    double h = lane == 0 ? start : apply(before, start);
#pragma unroll
    for (int j = 0; j < L; ++j) {
      if (mark[j] & begins) h = first_state(j);
      h = fma(decay(kept[j], -rate * dt[j]), h, double(x[j]));
      x[j] = T(h);
      if (mark[j] & ends) a.hT[state_at(j)] = S(h);
    }
  }
  __syncthreads();
  store_tile<G>(a.h, x_tile, Mask{MaskKind::none, nullptr}, line, place);
  if (bad) fill_with_nan(a.hT, line);
}

template <typename T, typename S, int C>
cudaError_t run(const scan::DecayScan<T, S>& a, const Tiling& tiling, cudaStream_t stream) {
  using G = Geometry<T, C>;
  constexpr std::size_t shared = sizeof(T) * (warps + G::spans) * G::row + sizeof(int) * G::spans * G::row;
  return launch(forward<T, S, C>, tiling.chunks * tiling.channel_groups, shared, stream, a, tiling);
}

}  // namespace

template <typename T>
std::size_t decay_scan_workspace(const DecayScanShape& shape) noexcept {
  return Tiling::of<T>(shape).zeroed_bytes();
}

template <typename T, typename S>
cudaError_t decay_scan(const scan::DecayScan<T, S>& a, void* workspace, cudaStream_t stream) noexcept {
  Tiling tiling = Tiling::of<T>(a.shape);
  tiling.place(workspace);
  const cudaError_t status = prepare(tiling, a.h0, a.hT, stream);
  if (status != cudaSuccess) return status;
  switch (tiling.channels) {
    case 8: return run<T, S, 8>(a, tiling, stream);
    case 4: return run<T, S, 4>(a, tiling, stream);
    case 2: return run<T, S, 2>(a, tiling, stream);
    default: return run<T, S, 1>(a, tiling, stream);
  }
}

template std::size_t decay_scan_workspace<float>(const DecayScanShape&) noexcept;
template std::size_t decay_scan_workspace<double>(const DecayScanShape&) noexcept;
template cudaError_t decay_scan(const scan::DecayScan<float, float>&, void*, cudaStream_t) noexcept;
template cudaError_t decay_scan(const scan::DecayScan<float, double>&, void*, cudaStream_t) noexcept;
template cudaError_t decay_scan(const scan::DecayScan<double, double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
