// decay_scan, backward. With g_t = dL/dh_t through all later steps and c_t = exp(-rate dt_t) g_t:
//   g_t = grad_h_t + c_{t+1},  grad_x_t = m_t g_t,  dL/d(rate dt_t) = -c_t h_{t-1};
// c before a series' last step is grad_hT, after its first grad_h0.
//
// The adjoint c runs through the steps as the state does forward, the other way: chunks, warps and lanes are taken in
// reverse and everything else is forward's (decay_scan.cu). One pass reads grad_h and h and writes grad_x.
//
// Sums are taken in a fixed order. grad_rate: lanes by a shuffle tree, spans by a second kernel. grad_dt: the channels
// of a tile in turn, the tiles across channels by a second kernel (with up to C channels there is one tile and no such
// kernel). Bytes: 3 words an element, plus 2 / C of a word for the partial sums of grad_dt.
#include "marey/cuda/decay_scan.cuh"
#include "marey/cuda/tiling.cuh"

namespace marey::cuda {

namespace {

template <typename T>
struct Sums {
  double* rate;  // [channel][tile of the chain]
  T* dt;         // [channel group][step], or grad_dt itself
};

template <typename T, typename S, int C>
__global__ void __launch_bounds__(threads, 3) backward(scan::DecayScanBackward<T, S> a, Tiling tiling, Sums<T> sums) {
  using G = Geometry<T, C>;
  constexpr int L = G::L;
  T* const g_tile = dynamic_shared<T>();
  T* const h_tile = g_tile + warps * G::row;
  T* const dt_tile = h_tile + warps * G::row;
  int* const marks = reinterpret_cast<int*>(dt_tile + G::spans * G::row);

  const Timeline& line = tiling.line;
  const Mask unmasked{MaskKind::none, nullptr};
  const int64_t ticket = tiling.take_ticket();
  const int64_t chunk = tiling.chunks - 1 - ticket / tiling.channel_groups;
  const int64_t channel_group = ticket % tiling.channel_groups;
  const Place place = Place::of<G>(line, chunk, channel_group);
  {
    const Fetched<G, T> grad(a.grad_h, unmasked, line, place);
    const Fetched<G, T> h(a.h, unmasked, line, place);
    load_times<G>(dt_tile, marks, a.dt, place);
    grad.put(g_tile, line, place);
    h.put(h_tile, line, place);
  }
  const int64_t first_series = line.offsets ? line.series_at(place.first_step) : place.first_series;
  __syncthreads();
  mark_series<G>(marks, line, place, first_series);
  __syncthreads();

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel = warp / G::spans, span = warp % G::spans;
  const bool bad = tiling.control->bad_offsets != 0;
  if (channel < place.n_channels) {
    const int64_t d = place.first_channel + channel;
    const T rate = bad ? T(NAN) : a.rate[d];
    const int segment = 31 - lane;  // lane 0 has the last steps
    const int at = G::in_row(segment * L), inside = place.n_steps - span * G::span - segment * L;
    T* const g = g_tile + warp * G::row + at;
    T* const h = h_tile + warp * G::row + at;
    const T* const dt = dt_tile + span * G::row + at;
    const int* const mark = marks + span * G::row + at;
    const auto state_at = [&](int j) { return (first_series + (mark[j] >> series_shift)) * line.n_channels + d; };
    const auto last_adjoint = [&](int j) { return a.grad_hT ? double(a.grad_hT[state_at(j)]) : 0.0; };

    // The state before this lane's first step lies in another lane's row, whose owner writes over it later, or in
    // another tile. Where a series begins it is not used.
    double h_before = 0.0;
    if (segment > 0) {
      h_before = h[-2];
    } else if (span * G::span < place.n_steps && place.first_step + span * G::span > 0) {
      const int64_t jump =
          line.series_jump == 0 ? 0 : line.series_after(place.steps_into_series + span * G::span) * line.series_jump;
      h_before = a.h[place.origin + channel * line.channel_stride + (span * G::span - 1) * line.step_stride + jump];
    }
    __syncwarp();

    T kept[L];
    Link link;
    bool began = false;
#pragma unroll
    for (int j = L - 1; j >= 0; --j) {
      const T z = -rate * dt[j];
      kept[j] = keep_decay(z);
      if (mark[j] & ends) {
        began = true;
        link.H = last_adjoint(j);
      }
      const double a_j = decay(kept[j], z);
      link.P *= a_j;
      link.H = a_j * (double(g[j]) + link.H);
    }
    if (began) link.P = closed_product();

    const int64_t position = (tiling.chunks - 1 - chunk) * G::spans + (G::spans - 1 - span);
    const Link through = inclusive_scan(link, lane);
    const double start = state_before_tile(tiling.chain(d), position, from_lane(through, 31), lane);
    const Link before{__shfl_up_sync(all_lanes, through.P, 1), __shfl_up_sync(all_lanes, through.H, 1)};
    double c = lane == 0 ? start : apply(before, start);
    double rate_sum = 0.0;
#pragma unroll
    for (int j = L - 1; j >= 0; --j) {
      if (mark[j] & ends) c = last_adjoint(j);
      const double g_j = double(g[j]) + c;
      const double a_j = decay(kept[j], -rate * dt[j]);
      c = a_j * g_j;
      double h_j = j > 0 ? double(h[j - 1]) : h_before;
      if (mark[j] & begins) {
        h_j = a.h0 ? double(a.h0[state_at(j)]) : 0.0;
        a.grad_h0[state_at(j)] = S(c);
      }
      const double slope = c * h_j;
      // An infinite gap forgets everything: its decay is flat at zero, where 0 * inf would read NaN.
      if (a_j != 0.0 && j < inside) rate_sum -= slope * double(dt[j]);
      g[j] = T(g_j);
      h[j] = T(double(rate) * slope);
    }
    for (int bits = 16; bits > 0; bits /= 2) rate_sum += __shfl_xor_sync(all_lanes, rate_sum, bits);
    if (lane == 0) sums.rate[d * tiling.chain_tiles + position] = rate_sum;
  }
  __syncthreads();
  store_tile<G>(a.grad_x, g_tile, tiling.mask, line, place);
  for (int step = threadIdx.x; step < place.n_steps; step += threads) {
    double sum = 0.0;
    for (int c = 0; c < place.n_channels; ++c) sum -= double(h_tile[G::at(c, step)]);
    sums.dt[channel_group * line.total + place.first_step + step] = T(sum);
  }
  if (bad) fill_with_nan(a.grad_h0, line);
}

// One block a channel.
template <typename T>
__global__ void sum_rates(const double* sums, int64_t chain_tiles, T* grad_rate) {
  double* const partial = dynamic_shared<double>();
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < chain_tiles; i += threads) sum += sums[blockIdx.x * chain_tiles + i];
  partial[threadIdx.x] = sum;
  for (int half = threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (int(threadIdx.x) < half) partial[threadIdx.x] += partial[threadIdx.x + half];
  }
  if (threadIdx.x == 0) grad_rate[blockIdx.x] = T(partial[0]);
}

template <typename T>
__global__ void sum_gaps(const T* sums, int64_t channel_groups, int64_t total, T* grad_dt) {
  for (int64_t t = int64_t(blockIdx.x) * threads + threadIdx.x; t < total; t += int64_t(gridDim.x) * threads) {
    double sum = 0.0;
    for (int64_t k = 0; k < channel_groups; ++k) sum += double(sums[k * total + t]);
    grad_dt[t] = T(sum);
  }
}

template <typename T, typename S, int C>
cudaError_t run(const scan::DecayScanBackward<T, S>& a, const Tiling& tiling, const Sums<T>& sums,
                cudaStream_t stream) {
  using G = Geometry<T, C>;
  constexpr std::size_t shared = sizeof(T) * (2 * warps + G::spans) * G::row + sizeof(int) * G::spans * G::row;
  return launch(backward<T, S, C>, tiling.chunks * tiling.channel_groups, shared, stream, a, tiling, sums);
}

template <typename T, typename S>
cudaError_t run(const scan::DecayScanBackward<T, S>& a, const Tiling& tiling, const Sums<T>& sums,
                cudaStream_t stream) {
  switch (tiling.channels) {
    case 8: return run<T, S, 8>(a, tiling, sums, stream);
    case 4: return run<T, S, 4>(a, tiling, sums, stream);
    case 2: return run<T, S, 2>(a, tiling, sums, stream);
    default: return run<T, S, 1>(a, tiling, sums, stream);
  }
}

}  // namespace

template <typename T>
std::size_t decay_scan_backward_workspace(const DecayScanShape& shape) noexcept {
  const Tiling tiling = Tiling::of<T>(shape);
  const int64_t dt_sums = tiling.channel_groups > 1 ? tiling.channel_groups * tiling.line.total : 0;
  return tiling.zeroed_bytes() + sizeof(double) * std::size_t(tiling.line.n_channels * tiling.chain_tiles) +
         sizeof(T) * std::size_t(dt_sums);
}

template <typename T, typename S>
cudaError_t decay_scan_backward(const scan::DecayScanBackward<T, S>& a, void* workspace, cudaStream_t stream) noexcept {
  Tiling tiling = Tiling::of<T>(a.shape);
  Sums<T> sums;
  sums.rate = static_cast<double*>(tiling.place(workspace));
  const bool one_group = tiling.channel_groups == 1;
  sums.dt = one_group ? a.grad_dt : reinterpret_cast<T*>(sums.rate + tiling.line.n_channels * tiling.chain_tiles);

  cudaError_t status = prepare(tiling, a.grad_hT, a.grad_h0, stream);
  if (status == cudaSuccess) status = run<T, S>(a, tiling, sums, stream);
  if (status == cudaSuccess) {
    status = launch(sum_rates<T>, tiling.line.n_channels, threads * sizeof(double), stream, sums.rate,
                    tiling.chain_tiles, a.grad_rate);
  }
  if (status == cudaSuccess && !one_group) {
    status = launch(sum_gaps<T>, blocks_for(tiling.line.total), 0, stream, sums.dt, tiling.channel_groups,
                    tiling.line.total, a.grad_dt);
  }
  return status;
}

template std::size_t decay_scan_backward_workspace<float>(const DecayScanShape&) noexcept;
template std::size_t decay_scan_backward_workspace<double>(const DecayScanShape&) noexcept;
template cudaError_t decay_scan_backward(const scan::DecayScanBackward<float, float>&, void*, cudaStream_t) noexcept;
template cudaError_t decay_scan_backward(const scan::DecayScanBackward<float, double>&, void*, cudaStream_t) noexcept;
template cudaError_t decay_scan_backward(const scan::DecayScanBackward<double, double>&, void*, cudaStream_t) noexcept;

}  // namespace marey::cuda
