// selective_scan, forward: selective_tiles.cuh for how a signal is held.
//
// State by state, each lane runs its 8 steps from zero and keeps their decays in registers; a shuffle scan composes
// what the lanes do, and each lane runs its steps again from its own state. Cost a step and state: one exp2, 3
// multiply-adds and 10 / 8 shuffles; B and C are read from L2 once for 8 channels. A call cut into segments takes its
// exponentials twice.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "marey/cuda/selective_tiles.cuh"

namespace marey::cuda {

namespace selective {

// links_only: what the segment does to a state, and nothing else.
template <bool links_only, typename T, typename S>
__global__ void __launch_bounds__(32 * most_warps)
    forward(SelectiveForward<T, S> a, Plan plan, const S* starts, Step<S>* links) {
  const SelectiveScanShape& s = a.shape;
  const int warps = plan.warps, warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
  S* const rows = dynamic_shared<S>();
  S* const B_rows = rows + warps * row;
  S* const C_rows = B_rows + states_at_once<S> * row;
  S* const carry = C_rows + states_at_once<S> * row + warp * s.n_states;
  S* const decays = carry + (warps - warp) * s.n_states + warp * s.n_states;  // of the segment so far

  const Place p = Place::of(s, plan);
  const int64_t d = p.first + warp, of_states = (p.series * s.n_channels + d) * s.n_states;
  const bool valid = d < p.last;
  for (int64_t n = lane; n < s.n_states; n += 32) {
    S state = 0;
    if (!links_only && valid) {
      if (starts) {
        state = starts[p.segment * s.n_series * s.n_channels * s.n_states + of_states + n];
      } else if (a.h0) {
        state = a.h0[of_states + n];
      }
    }
    carry[n] = state;
    if (links_only) decays[n] = 1;
  }
  __syncwarp();

  for (int64_t tile = p.first_tile; tile < p.last_tile; ++tile) {
    const int64_t start = tile * span;
    S u[lane_steps], y[lane_steps];
    Gaps<S> gaps;
    read_tile(rows, a.delta, s, p, p.first, warps, start, gaps.raw);
    gaps.load(a, p, d, start);
    read_tile(rows, a.u, s, p, p.first, warps, start, u);
    const S D = a.D && valid ? a.D[d] : S(0);
#pragma unroll
    for (int j = 0; j < lane_steps; ++j) {
      y[j] = a.D ? D * u[j] : S(0);
      u[j] *= gaps.dt[j];
    }
    for (int64_t first = 0; first < s.n_states; first += states_at_once<S>) {
      __syncthreads();
      if (s.B_varies) read_inputs(B_rows, a.B, s, p, 32 * warps, first, start);
      if (s.C_varies && !links_only) read_inputs(C_rows, a.C, s, p, 32 * warps, first, start);
      __syncthreads();
      for (int i = 0; i < states_at_once<S> && first + i < s.n_states && valid; ++i) {
        const int64_t n = first + i;
        const Input<S> B(B_rows, i, s.B_varies, a.B, d, n, s.n_states);
        const Input<S> C(C_rows, i, s.C_varies, a.C, d, n, s.n_states);
        const S A = a.A[d * s.n_states + n] * S(1.4426950408889634);
        S decay[lane_steps];
        Step<S> link;
#pragma unroll
        for (int j = 0; j < lane_steps; ++j) {
          decay[j] = power_of_two(gaps.dt[j] * A);
          if (gaps.forgets(j)) link = {S(-1), S(0)};
          link.H = fma(decay[j], link.H, u[j] * B[j]);
          if (link.P >= S(0)) link.P *= decay[j];
        }
        const S before_tile = carry[n];
        Step<S> whole;
        const Step<S> before = scan_lanes<false>(link, lane, whole);
        __syncwarp();
        if (lane == 0) {
          if (a.states && !links_only) {
            a.states[((p.series * plan.tiles + tile) * s.n_states + n) * s.n_channels + d] = before_tile;
          }
          carry[n] = apply(whole, before_tile);
          if (links_only) decays[n] = whole.P < S(0) || decays[n] < S(0) ? S(-1) : decays[n] * whole.P;
        }
        if (links_only) continue;
        S h = apply(before, before_tile);
#pragma unroll
        for (int j = 0; j < lane_steps; ++j) {
          if (gaps.forgets(j)) h = S(0);
          h = fma(decay[j], h, u[j] * B[j]);
          y[j] = fma(C[j], h, y[j]);
        }
      }
    }
    if (links_only) continue;
    if (a.z) {
      read_tile(rows, a.z, s, p, p.first, warps, start, u);
#pragma unroll
      for (int j = 0; j < lane_steps; ++j) y[j] *= u[j] * sigmoid(u[j]);
    }
    write_tile(rows, a.out, s, p, p.first, warps, start, y);
  }
  __syncwarp();
  for (int64_t n = lane; n < s.n_states && valid; n += 32) {
    if (links_only) {
      links[p.segment * s.n_series * s.n_channels * s.n_states + of_states + n] = {decays[n], carry[n]};
    } else if (p.segment == plan.segments - 1) {
      a.hT[of_states + n] = carry[n];
    }
  }
}

}  // namespace selective

template <typename S>
std::size_t selective_scan_workspace(const SelectiveScanShape& s) noexcept {
  const auto plan = selective::Plan::of<S>(s, false);
  if (plan.segments <= 1) return 0;
  return std::size_t(plan.segments * s.n_series * s.n_channels * s.n_states) * 3 * sizeof(S);
}

template <typename T, typename S>
cudaError_t selective_scan(const SelectiveForward<T, S>& a, void* workspace, cudaStream_t stream) noexcept {
  using namespace selective;
  const SelectiveScanShape& s = a.shape;
  const Plan plan = Plan::of<S>(s, false);
  const int threads = 32 * plan.warps;
  const std::size_t shared =
      sizeof(S) * (std::size_t(plan.warps + 2 * states_at_once<S>) * row + 2 * plan.warps * std::size_t(s.n_states));
  const int64_t n = s.n_series * s.n_channels * s.n_states;
  auto* const links = static_cast<Step<S>*>(workspace);
  S* starts = nullptr;
  if (plan.segments > 1) {
    starts = reinterpret_cast<S*>(links + plan.segments * n);
    cudaError_t status =
        launch(forward<true, T, S>, plan.blocks(s), threads, shared, stream, a, plan, (const S*)nullptr, links);
    if (status != cudaSuccess) return status;
    status = launch(follow_segments<false, S>, blocks_for(n), 256, 0, stream, n, plan.segments, links, a.h0, starts);
    if (status != cudaSuccess) return status;
  }
  return launch(forward<false, T, S>, plan.blocks(s), threads, shared, stream, a, plan, starts, links);
}

#define MAREY_INSTANTIATE(T, S) \
  template cudaError_t selective_scan(const SelectiveForward<T, S>&, void*, cudaStream_t) noexcept;
template std::size_t selective_scan_workspace<float>(const SelectiveScanShape&) noexcept;
template std::size_t selective_scan_workspace<double>(const SelectiveScanShape&) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(double, double)
MAREY_INSTANTIATE(__half, float)
MAREY_INSTANTIATE(__nv_bfloat16, float)
#undef MAREY_INSTANTIATE

}  // namespace marey::cuda
