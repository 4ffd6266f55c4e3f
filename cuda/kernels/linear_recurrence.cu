// linear_recurrence, forward: h_t = a_t h_{t-1} + x_t for every series and channel, in either direction.
//
// One pass, decay_scan.cu's: a warp takes one channel of a span of 32 L steps, each lane L of them (L = 16 in float, 8
// in double). A lane's steps make one link, a shuffle scan composes the lanes' links, the chain of the channel gives
// the state before the span (chain.cuh), and each lane runs its steps again from its own state. A reset, or a series
// beginning, closes the link there: a tile with one waits for nobody. Running the other way takes chunks, warps, lanes
// and steps in reverse.
//
// Bytes: a and x read once, h written once; 32 bytes of records per channel and span. States and links are double.
#include "marey/cuda/linear_recurrence_tile.cuh"

namespace marey::cuda {

namespace {

template <typename IO, typename T, typename S, int C, bool down>
__global__ void __launch_bounds__(threads, sizeof(T) == 4 ? 4 : 3)
    forward(scan::LinearRecurrence<IO, S> a, Tiling tiling) {
  using G = Geometry<T, C>;
  using Run = Running<down>;
  constexpr int L = G::L;
  T* const x_tile = dynamic_shared<T>();
  T* const a_tile = x_tile + warps * G::row;
  int* const marks = reinterpret_cast<int*>(a_tile + warps * G::row);

  const Timeline& line = tiling.line;
  const Mask unmasked{MaskKind::none, nullptr};
  const int64_t ticket = tiling.take_ticket();
  const int64_t chunk = Run::chunk(ticket, tiling);
  const Place place = Place::of<G>(line, chunk, ticket % tiling.channel_groups);
  const int64_t first_series = place.first_series;
  {
    const Fetched<G, T> x(a.x, unmasked, line, place);
    const Coefficients<G, T, IO> coefficients(a.a, tiling.mask, line, place);
    clear_marks<G>(marks);
    x.put(x_tile, line, place);
    coefficients.values.put(a_tile, line, place);
  }
  __syncthreads();
  mark_series<G>(marks, line, place, first_series);
  __syncthreads();

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel = warp / G::spans, span = warp % G::spans;
  if (channel < place.n_channels) {
    const int64_t d = place.first_channel + channel;
    const int at = G::in_row(Run::segment(lane) * L);
    T* const x = x_tile + warp * G::row + at;
    const T* const coefficient = a_tile + warp * G::row + at;
    const int* const mark = marks + span * G::row + at;
    const auto state_at = [&](int j) { return (first_series + (mark[j] >> series_shift)) * line.n_channels + d; };
    const auto first_state = [&](int j) { return a.h0 ? double(a.h0[state_at(j)]) : 0.0; };

    Link link;
    bool closes = false;
#pragma unroll
    for (int i = 0; i < L; ++i) {
      const int j = Run::template step<L>(i);
      if (mark[j] & Run::starts) {
        closes = true;
        link.H = first_state(j);
      }
      if (forgets(coefficient[j])) {
        closes = true;
        link.H = double(x[j]);
      } else {
        link.P *= double(coefficient[j]);
        link.H = fma(double(coefficient[j]), link.H, double(x[j]));
      }
    }
    if (closes) link.P = closed_product();

    const Link through = inclusive_scan(link, lane);
    const double start = state_before_tile(tiling.chain(d), Run::template position<G>(chunk, span, tiling),
                                           from_lane(through, 31), lane);
    const Link before{__shfl_up_sync(all_lanes, through.P, 1), __shfl_up_sync(all_lanes, through.H, 1)};
    double h = lane == 0 ? start : apply(before, start);
#pragma unroll
    for (int i = 0; i < L; ++i) {
      const int j = Run::template step<L>(i);
      if (mark[j] & Run::starts) h = first_state(j);
      h = forgets(coefficient[j]) ? double(x[j]) : fma(double(coefficient[j]), h, double(x[j]));
      x[j] = T(h);
      if (mark[j] & Run::stops) a.hT[state_at(j)] = S(h);
    }
  }
  __syncthreads();
  store_tile<G>(a.h, x_tile, unmasked, line, place);
}

template <typename IO, typename S, int C, bool down>
cudaError_t run(const scan::LinearRecurrence<IO, S>& a, const Tiling& tiling, cudaStream_t stream) {
  using T = typename Arithmetic<IO>::type;
  using G = Geometry<T, C>;
  constexpr std::size_t shared = sizeof(T) * 2 * warps * G::row + sizeof(int) * G::spans * G::row;
  return launch(forward<IO, T, S, C, down>, tiling.chunks * tiling.channel_groups, shared, stream, a, tiling);
}

template <bool down, typename IO, typename S>
cudaError_t run(const scan::LinearRecurrence<IO, S>& a, const Tiling& tiling, cudaStream_t stream) {
  switch (tiling.channels) {
    case 8: return run<IO, S, 8, down>(a, tiling, stream);
    case 4: return run<IO, S, 4, down>(a, tiling, stream);
    case 2: return run<IO, S, 2, down>(a, tiling, stream);
    default: return run<IO, S, 1, down>(a, tiling, stream);
  }
}

}  // namespace

template <typename IO>
std::size_t linear_recurrence_workspace(const scan::LinearRecurrenceShape& shape) noexcept {
  return Tiling::of<typename Arithmetic<IO>::type>(timeline_shape(shape)).zeroed_bytes();
}

template <typename IO, typename S>
cudaError_t linear_recurrence(const scan::LinearRecurrence<IO, S>& a, void* workspace, cudaStream_t stream) noexcept {
  Tiling tiling = Tiling::of<typename Arithmetic<IO>::type>(timeline_shape(a.shape));
  tiling.place(workspace);
  const cudaError_t status = prepare(tiling, a.h0, a.hT, stream);
  if (status != cudaSuccess) return status;
  return a.shape.reverse ? run<true>(a, tiling, stream) : run<false>(a, tiling, stream);
}

#define MAREY_INSTANTIATE(IO, S) \
  template cudaError_t linear_recurrence(const scan::LinearRecurrence<IO, S>&, void*, cudaStream_t) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(float, double)
MAREY_INSTANTIATE(double, double)
MAREY_INSTANTIATE(bfloat16, float)
#undef MAREY_INSTANTIATE
template std::size_t linear_recurrence_workspace<float>(const scan::LinearRecurrenceShape&) noexcept;
template std::size_t linear_recurrence_workspace<double>(const scan::LinearRecurrenceShape&) noexcept;
template std::size_t linear_recurrence_workspace<bfloat16>(const scan::LinearRecurrenceShape&) noexcept;

}  // namespace marey::cuda
