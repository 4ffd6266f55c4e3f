// linear_recurrence, backward. With g_t = dL/dh_t through everything after and c_t = a_t g_t:
//   g_t = grad_h_t + c_{t+1},  grad_x_t = g_t,  grad_a_t = g_t h_{t-1};
// c before a series' last step is grad_hT, after its first grad_h0; at a reset c and grad_a are zero.
//
// The adjoint c runs through the steps as the state does forward, the other way (linear_recurrence.cu). One pass reads
// grad_h, h and a and writes grad_x and grad_a.
#include "marey/cuda/linear_recurrence_tile.cuh"

namespace marey::cuda {

namespace {

// `down` is the direction of this pass: the opposite of the recurrence's own.
template <typename IO, typename T, typename S, int C, bool down>
__global__ void __launch_bounds__(threads, 3) backward(scan::LinearRecurrenceBackward<IO, S> a, Tiling tiling) {
  using G = Geometry<T, C>;
  using Run = Running<down>;
  constexpr int L = G::L;
  T* const g_tile = dynamic_shared<T>();
  T* const h_tile = g_tile + warps * G::row;
  T* const a_tile = h_tile + warps * G::row;
  int* const marks = reinterpret_cast<int*>(a_tile + warps * G::row);

  const Timeline& line = tiling.line;
  const Mask unmasked{MaskKind::none, nullptr};
  const int64_t ticket = tiling.take_ticket();
  const int64_t chunk = Run::chunk(ticket, tiling);
  const Place place = Place::of<G>(line, chunk, ticket % tiling.channel_groups);
  const int64_t first_series = place.first_series;
  {
    const Fetched<G, T> grad(a.grad_h, unmasked, line, place);
    const Fetched<G, T> h(a.h, unmasked, line, place);
    const Coefficients<G, T, IO> coefficients(a.a, tiling.mask, line, place);
    clear_marks<G>(marks);
    grad.put(g_tile, line, place);
    h.put(h_tile, line, place);
    coefficients.values.put(a_tile, line, place);
  }
  __syncthreads();
  mark_series<G>(marks, line, place, first_series);
  __syncthreads();

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel = warp / G::spans, span = warp % G::spans;
  if (channel < place.n_channels) {
    const int64_t d = place.first_channel + channel;
    const int segment = Run::segment(lane), at = G::in_row(segment * L);
    T* const g = g_tile + warp * G::row + at;
    T* const h = h_tile + warp * G::row + at;
    const T* const coefficient = a_tile + warp * G::row + at;
    const int* const mark = marks + span * G::row + at;
    const auto state_at = [&](int j) { return (first_series + (mark[j] >> series_shift)) * line.n_channels + d; };
    const auto last_adjoint = [&](int j) { return a.grad_hT ? double(a.grad_hT[state_at(j)]) : 0.0; };

    // The state before this lane's last step lies in another lane's row, whose owner writes over it later, or in
    // another tile. Where the recurrence starts it is not used.
    double h_before = 0.0;
    if (down ? segment > 0 : segment < 31) {
      h_before = double(down ? h[-2] : h[L + 1]);
    } else {
      const int step = down ? span * G::span - 1 : (span + 1) * G::span;  // of the tile
      if (place.first_step + step >= 0 && place.first_step + step < line.total && step - 1 < place.n_steps) {
        // Steps before the tile may be of the series before: then they are not used, but must lie inside the array.
        const int64_t after = place.steps_into_series + step;
        const int64_t jump = line.series_jump == 0 || after < 0 ? 0 : line.series_after(after) * line.series_jump;
        if (after >= 0) {
          h_before = double(T(a.h[place.origin + channel * line.channel_stride + step * line.step_stride + jump]));
        }
      }
    }
    __syncwarp();

    Link link;
    bool closes = false;
#pragma unroll
    for (int i = 0; i < L; ++i) {
      const int j = Run::template step<L>(i);
      if (mark[j] & Run::starts) {
        closes = true;
        link.H = last_adjoint(j);
      }
      if (forgets(coefficient[j])) {
        closes = true;
        link.H = 0.0;
      } else {
        link.P *= double(coefficient[j]);
        link.H = double(coefficient[j]) * (double(g[j]) + link.H);
      }
    }
    if (closes) link.P = closed_product();

    const Link through = inclusive_scan(link, lane);
    const double start = state_before_tile(tiling.chain(d), Run::template position<G>(chunk, span, tiling),
                                           from_lane(through, 31), lane);
    const Link before{__shfl_up_sync(all_lanes, through.P, 1), __shfl_up_sync(all_lanes, through.H, 1)};
    double c = lane == 0 ? start : apply(before, start);
#pragma unroll
    for (int i = 0; i < L; ++i) {
      const int j = Run::template step<L>(i);
      if (mark[j] & Run::starts) c = last_adjoint(j);
      const double g_j = double(g[j]) + c;
      const bool cut = forgets(coefficient[j]);
      c = cut ? 0.0 : double(coefficient[j]) * g_j;
      double h_j = i == L - 1 ? h_before : double(h[down ? j - 1 : j + 1]);
      if (mark[j] & Run::stops) {
        h_j = a.h0 ? double(a.h0[state_at(j)]) : 0.0;
        a.grad_h0[state_at(j)] = S(c);
      }
      g[j] = T(g_j);
      h[j] = cut ? T(0) : T(g_j * h_j);
    }
  }
  __syncthreads();
  store_tile<G>(a.grad_x, g_tile, unmasked, line, place);
  store_tile<G>(a.grad_a, h_tile, unmasked, line, place);
}

template <typename IO, typename S, int C, bool down>
cudaError_t run(const scan::LinearRecurrenceBackward<IO, S>& a, const Tiling& tiling, cudaStream_t stream) {
  using T = typename Arithmetic<IO>::type;
  using G = Geometry<T, C>;
  constexpr std::size_t shared = sizeof(T) * 3 * warps * G::row + sizeof(int) * G::spans * G::row;
  return launch(backward<IO, T, S, C, down>, tiling.chunks * tiling.channel_groups, shared, stream, a, tiling);
}

template <bool down, typename IO, typename S>
cudaError_t run(const scan::LinearRecurrenceBackward<IO, S>& a, const Tiling& tiling, cudaStream_t stream) {
  switch (tiling.channels) {
    case 8: return run<IO, S, 8, down>(a, tiling, stream);
    case 4: return run<IO, S, 4, down>(a, tiling, stream);
    case 2: return run<IO, S, 2, down>(a, tiling, stream);
    default: return run<IO, S, 1, down>(a, tiling, stream);
  }
}

}  // namespace

template <typename IO, typename S>
cudaError_t linear_recurrence_backward(const scan::LinearRecurrenceBackward<IO, S>& a, void* workspace,
                                       cudaStream_t stream) noexcept {
  Tiling tiling = Tiling::of<typename Arithmetic<IO>::type>(timeline_shape(a.shape));
  tiling.place(workspace);
  const cudaError_t status = prepare(tiling, a.grad_hT, a.grad_h0, stream);
  if (status != cudaSuccess) return status;
  return a.shape.reverse ? run<false>(a, tiling, stream) : run<true>(a, tiling, stream);
}

#define MAREY_INSTANTIATE(IO, S)                                                                       \
  template cudaError_t linear_recurrence_backward(const scan::LinearRecurrenceBackward<IO, S>&, void*, \
                                                  cudaStream_t) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(float, double)
MAREY_INSTANTIATE(double, double)
MAREY_INSTANTIATE(bfloat16, float)
#undef MAREY_INSTANTIATE

}  // namespace marey::cuda
