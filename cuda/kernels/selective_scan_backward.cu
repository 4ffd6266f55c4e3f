// selective_scan, backward: the equations of csrc/include/marey/scan/selective_scan.hpp, selective_tiles.cuh for how a
// signal is held.
//
// Tiles are taken in reverse. State by state, a tile is run again from the state that forward left before it, then the
// adjoint c_t = exp(dt_t A) g_t runs through the lanes the other way, as the state did. grad_B and grad_C are sums over
// channels: in one turn of the loop over states each warp has another state, so warps add to shared memory without
// meeting, in a fixed order; blocks leave their sums to a second kernel. No atomics: the same bits in every run. Cost a
// step and state: one exp2, about 12 multiply-adds and 20 / 8 shuffles.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "marey/cuda/selective_tiles.cuh"

namespace marey::cuda {

namespace selective {

// What blocks leave to the kernels that sum it up.
template <typename S>
struct Sums {
  double* parameters;  // [series and segment][A: n, B: n, C: n, D, delta_bias][channel]
  S* inputs;           // [series and group][channel block][B: n, C: n][time]
  S* gaps;             // [series][group and channel block][time]
  Step<S>* links;      // [segment][series][channel][state]
  S* starts;

  static int64_t n_parameters(const SelectiveScanShape& s, const Plan& p) {
    return s.n_series * p.segments * (3 * s.n_states + 2) * s.n_channels;
  }
  static int64_t n_inputs(const SelectiveScanShape& s, const Plan& p) {
    return s.n_series * s.n_groups * p.channel_blocks * 2 * s.n_states * s.length;
  }
  static int64_t n_gaps(const SelectiveScanShape& s, const Plan& p) {
    return s.n_series * s.n_groups * p.channel_blocks * s.length;
  }
  static int64_t n_links(const SelectiveScanShape& s, const Plan& p) {
    return p.segments <= 1 ? 0 : p.segments * s.n_series * s.n_channels * s.n_states;
  }
  static std::size_t bytes(const SelectiveScanShape& s, const Plan& p) {
    return std::size_t(n_parameters(s, p)) * sizeof(double) +
           std::size_t(n_inputs(s, p) + n_gaps(s, p) + 3 * n_links(s, p)) * sizeof(S) + 2 * sizeof(S);
  }
  static Sums in(void* workspace, const SelectiveScanShape& s, const Plan& p) {
    Sums sums{};
    sums.parameters = static_cast<double*>(workspace);
    sums.links = reinterpret_cast<Step<S>*>(sums.parameters + n_parameters(s, p));
    sums.starts = reinterpret_cast<S*>(sums.links + n_links(s, p));
    sums.inputs = sums.starts + n_links(s, p);
    sums.gaps = sums.inputs + n_inputs(s, p);
    return sums;
  }
};

template <typename S>
std::size_t shared_bytes(const SelectiveScanShape& s, const Plan& p) {
  const std::size_t channels = std::size_t(p.warps) * p.rounds, n = std::size_t(s.n_states);
  return sizeof(double) * channels * (3 * n + 2) +
         sizeof(S) * (channels * 2 * n + std::size_t(p.warps + 4 * states_at_once<S> + 1) * row);
}

template <bool links_only, typename T, typename S>
__global__ void __launch_bounds__(32 * most_warps)
    backward(SelectiveBackward<T, S> a, Plan plan, Sums<S> sums, bool starts) {
  constexpr int at_once = states_at_once<S>;
  const SelectiveForward<T, S>& f = a.forward;
  const SelectiveScanShape& s = f.shape;
  const int warps = plan.warps, warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32, threads = 32 * warps;
  const int64_t N = s.n_states, channels = int64_t(warps) * plan.rounds, parameter_rows = 3 * N + 2;
  double* const parameters = dynamic_shared<double>();  // [channel of the block][A, B, C, D, delta_bias]
  S* const carries = reinterpret_cast<S*>(parameters + channels * parameter_rows);  // [channel of the block][state]
  S* const decays = carries + channels * N;
  S* const rows = decays + channels * N;
  S* const B_rows = rows + warps * row;
  S* const C_rows = B_rows + at_once * row;
  S* const of_B = C_rows + at_once * row;
  S* const of_C = of_B + at_once * row;
  S* const of_dt = of_C + at_once * row;

  const Place p = Place::of(s, plan);
  const int64_t all_states = s.n_series * s.n_channels * N, pair = p.series * s.n_groups + p.group;
  for (int round = 0; round < plan.rounds; ++round) {
    const int64_t c = int64_t(round) * warps + warp, d = p.first + c;
    const int64_t of_states = (p.series * s.n_channels + d) * N;
    for (int64_t n = lane; n < N; n += 32) {
      S state = 0;
      if (!links_only && d < p.last) {
        if (starts) {
          state = sums.starts[p.segment * all_states + of_states + n];
        } else if (a.grad_hT) {
          state = a.grad_hT[of_states + n];
        }
      }
      carries[c * N + n] = state;
      decays[c * N + n] = 1;
    }
    for (int64_t i = lane; i < parameter_rows; i += 32) parameters[c * parameter_rows + i] = 0.0;
  }
  __syncwarp();

  for (int64_t tile = p.last_tile - 1; tile >= p.first_tile; --tile) {
    const int64_t start = tile * span;
    for (int round = 0; round < plan.rounds; ++round) {
      const int64_t first_channel = p.first + int64_t(round) * warps, d = first_channel + warp;
      const bool valid = d < p.last, last_round = round == plan.rounds - 1;
      double* const sums_of_d = parameters + (int64_t(round) * warps + warp) * parameter_rows;
      S* const carry = carries + (int64_t(round) * warps + warp) * N;
      S* const decay_so_far = decays + (int64_t(round) * warps + warp) * N;

      S u[lane_steps], du[lane_steps], y[lane_steps], z[lane_steps], grad_y[lane_steps];
      S grad_u[lane_steps], grad_du[lane_steps], grad_dt[lane_steps];
      Gaps<S> gaps;
      read_tile(rows, f.delta, s, p, first_channel, warps, start, gaps.raw);
      gaps.load(f, p, d, start);
      if (!links_only) read_tile(rows, f.u, s, p, first_channel, warps, start, u);
      read_tile(rows, a.grad_out, s, p, first_channel, warps, start, grad_y);
      if (f.z) read_tile(rows, f.z, s, p, first_channel, warps, start, z);
      const S D = f.D && valid ? f.D[d] : S(0);
      S grad_D = 0;
#pragma unroll
      for (int j = 0; j < lane_steps; ++j) {
        S slope = 0;
        if (f.z) {
          const S sigma = sigmoid(z[j]), grad_out = grad_y[j];
          slope = sigma * fma(z[j], S(1) - sigma, S(1)) * grad_out;
          grad_y[j] = grad_out * z[j] * sigma;
          z[j] = slope;
        }
        if (links_only) continue;
        du[j] = gaps.dt[j] * u[j];
        y[j] = f.D ? D * u[j] * slope : S(0);
        grad_u[j] = f.D ? D * grad_y[j] : S(0);
        grad_du[j] = grad_dt[j] = S(0);
        grad_D = fma(grad_y[j], u[j], grad_D);
      }

      for (int64_t first = 0; first < N; first += at_once) {
        __syncthreads();
        if (round == 0 || N > at_once) {
          if (s.B_varies && !links_only) read_inputs(B_rows, f.B, s, p, threads, first, start);
          if (s.C_varies) read_inputs(C_rows, f.C, s, p, threads, first, start);
        }
        if (round == 0 && !links_only) {
          for (int k = int(threadIdx.x); k < at_once * row; k += threads) of_B[k] = of_C[k] = S(0);
        }
        __syncthreads();
        const int left = int(N - first < at_once ? N - first : at_once), turns = left < warps ? warps : left;
        for (int turn = 0; turn < turns; ++turn) {
          const int i = (turn + warp) % turns;
          const int64_t n = first + i;
          if (i < left && valid) {
            const Input<S> B(B_rows, i, s.B_varies, f.B, d, n, N), C(C_rows, i, s.C_varies, f.C, d, n, N);
            const S A = f.A[d * N + n];
            S decay[lane_steps], before[lane_steps];
            Step<S> link, back, whole;
#pragma unroll
            for (int j = 0; j < lane_steps; ++j) {
              decay[j] = power_of_two(gaps.dt[j] * (A * S(1.4426950408889634)));
              if (gaps.forgets(j)) link = {S(-1), S(0)};
              if (!links_only) link.H = fma(decay[j], link.H, du[j] * B[j]);
              if (link.P >= S(0)) link.P *= decay[j];
            }
            back.P = link.P;
#pragma unroll
            for (int j = lane_steps - 1; j >= 0; --j) {
              back.H = gaps.forgets(j) ? S(0) : decay[j] * fma(grad_y[j], C[j], back.H);
            }
            const Step<S> after = scan_lanes<true>(back, lane, whole);
            const S carried = carry[n];
            if (links_only) {
              __syncwarp();
              if (lane == 0) {
                carry[n] = apply(whole, carried);
                decay_so_far[n] = whole.P < S(0) || decay_so_far[n] < S(0) ? S(-1) : decay_so_far[n] * whole.P;
              }
            } else {
              S h = apply(scan_lanes<false>(link, lane, whole),
                          f.states[((p.series * plan.tiles + tile) * N + n) * s.n_channels + d]);
              S constant_B = 0, constant_C = 0, grad_A = 0;
              S* const to_B = of_B + i * row + in_row(lane * lane_steps);
              S* const to_C = of_C + i * row + in_row(lane * lane_steps);
#pragma unroll
              for (int j = 0; j < lane_steps; ++j) {
                if (gaps.forgets(j)) h = S(0);
                before[j] = h;
                h = fma(decay[j], h, du[j] * B[j]);
                if (s.C_varies) {
                  to_C[j] = fma(grad_y[j], h, to_C[j]);
                } else {
                  constant_C = fma(grad_y[j], h, constant_C);
                }
                if (f.z) y[j] = fma(C[j] * h, z[j], y[j]);
              }
              S c = apply(after, carried);
#pragma unroll
              for (int j = lane_steps - 1; j >= 0; --j) {
                const S g = fma(grad_y[j], C[j], c);
                if (s.B_varies) {
                  to_B[j] = fma(du[j], g, to_B[j]);
                } else {
                  constant_B = fma(du[j], g, constant_B);
                }
                grad_du[j] = fma(g, B[j], grad_du[j]);
                c = gaps.forgets(j) ? S(0) : decay[j] * g;
                const S e = c * before[j];
                grad_A = fma(e, gaps.dt[j], grad_A);
                grad_dt[j] = fma(e, A, grad_dt[j]);
              }
              grad_A = sum_lanes(grad_A);
              if (!s.B_varies) constant_B = sum_lanes(constant_B);
              if (!s.C_varies) constant_C = sum_lanes(constant_C);
              __syncwarp();
              if (lane == 0) {
                carry[n] = c;
                sums_of_d[n] += double(grad_A);
                sums_of_d[N + n] += double(constant_B);
                sums_of_d[2 * N + n] += double(constant_C);
              }
            }
          }
          if (!links_only) __syncthreads();
        }
        if (!links_only && last_round) {
          const int64_t block = pair * plan.channel_blocks + p.channel_block;
          for (int k = int(threadIdx.x); k < left * span; k += threads) {
            const int i = k / span, step = k % span;
            if (start + step >= s.length) continue;
            const int64_t at = (block * 2 * N + first + i) * s.length + start + step;
            sums.inputs[at] = of_B[i * row + in_row(step)];
            sums.inputs[at + N * s.length] = of_C[i * row + in_row(step)];
          }
        }
      }
      if (links_only) continue;

      S grad_bias = 0, of_scale[lane_steps];
#pragma unroll
      for (int j = 0; j < lane_steps; ++j) {
        const int64_t t = start + lane * lane_steps + j;
        grad_u[j] = fma(grad_du[j], gaps.dt[j], grad_u[j]);
        grad_dt[j] = fma(grad_du[j], u[j], grad_dt[j]);
        of_scale[j] = valid ? grad_dt[j] * gaps.gap[j] : S(0);
        if (f.dt_scale && t < s.length) grad_dt[j] *= f.dt_scale[p.series * s.length + t];
        if (s.softplus) grad_dt[j] *= sigmoid(gaps.raw[j]);
        if (t < s.length) grad_bias += grad_dt[j];
      }
      grad_D = sum_lanes(grad_D);
      grad_bias = sum_lanes(grad_bias);
      if (lane == 0) {
        sums_of_d[3 * N] += double(grad_D);
        sums_of_d[3 * N + 1] += double(grad_bias);
      }
      write_tile(rows, a.grad_u, s, p, first_channel, warps, start, grad_u);
      write_tile(rows, a.grad_delta, s, p, first_channel, warps, start, grad_dt);
      if (f.z) write_tile(rows, a.grad_z, s, p, first_channel, warps, start, y);
      if (f.dt_scale) {
        __syncthreads();
        S* const at = rows + warp * row + in_row(lane * lane_steps);
#pragma unroll
        for (int j = 0; j < lane_steps; ++j) at[j] = of_scale[j];
        __syncthreads();
        for (int step = int(threadIdx.x); step < span; step += threads) {
          S sum = round == 0 ? S(0) : of_dt[step];
          for (int w = 0; w < warps; ++w) sum += rows[w * row + in_row(step)];
          of_dt[step] = sum;
          if (last_round && start + step < s.length) {
            const int64_t block = pair * plan.channel_blocks + p.channel_block;
            sums.gaps[block * s.length + start + step] = sum;
          }
        }
      }
    }
  }

  __syncwarp();
  for (int round = 0; round < plan.rounds; ++round) {
    const int64_t c = int64_t(round) * warps + warp, d = p.first + c;
    if (d >= p.last) continue;
    const int64_t of_states = (p.series * s.n_channels + d) * N;
    for (int64_t n = lane; n < N; n += 32) {
      if (links_only) {
        sums.links[p.segment * all_states + of_states + n] = {decays[c * N + n], carries[c * N + n]};
      } else if (a.grad_h0 && p.segment == 0) {
        a.grad_h0[of_states + n] = carries[c * N + n];
      }
    }
    for (int64_t i = lane; !links_only && i < parameter_rows; i += 32) {
      const int64_t part = p.series * plan.segments + p.segment;
      sums.parameters[(part * parameter_rows + i) * s.n_channels + d] = parameters[c * parameter_rows + i];
    }
  }
}

// One thread a channel and row of the parameters.
template <typename T, typename S>
__global__ void sum_parameters(SelectiveBackward<T, S> a, Plan plan, const double* parameters) {
  const SelectiveScanShape& s = a.forward.shape;
  const int64_t N = s.n_states, parameter_rows = 3 * N + 2, n = parameter_rows * s.n_channels;
  for (int64_t k = int64_t(blockIdx.x) * 256 + threadIdx.x; k < n; k += int64_t(gridDim.x) * 256) {
    const int64_t i = k / s.n_channels, d = k % s.n_channels;
    double sum = 0.0;
    for (int64_t part = 0; part < s.n_series * plan.segments; ++part) sum += parameters[part * n + k];
    if (i < N) {
      a.grad_A[d * N + i] = S(sum);
    } else if (i < 2 * N) {
      if (!s.B_varies) a.grad_B[d * N + i - N] = to_memory<T>(S(sum));
    } else if (i < 3 * N) {
      if (!s.C_varies) a.grad_C[d * N + i - 2 * N] = to_memory<T>(S(sum));
    } else if (i == 3 * N) {
      if (a.grad_D) a.grad_D[d] = S(sum);
    } else if (a.grad_delta_bias) {
      a.grad_delta_bias[d] = S(sum);
    }
  }
}

// One thread an element of B and C.
template <typename T, typename S>
__global__ void sum_inputs(SelectiveBackward<T, S> a, Plan plan, const S* inputs) {
  const SelectiveScanShape& s = a.forward.shape;
  const int64_t N = s.n_states, n = s.n_series * s.n_groups * 2 * N * s.length;
  for (int64_t k = int64_t(blockIdx.x) * 256 + threadIdx.x; k < n; k += int64_t(gridDim.x) * 256) {
    const int64_t t = k % s.length, i = k / s.length % (2 * N), pair = k / (s.length * 2 * N);
    S sum = 0;
    for (int64_t block = 0; block < plan.channel_blocks; ++block) {
      sum += inputs[((pair * plan.channel_blocks + block) * 2 * N + i) * s.length + t];
    }
    const int64_t state = i % N;
    const int64_t at = pair * N * s.length + (s.channels_last ? t * N + state : state * s.length + t);
    if (i < N && s.B_varies) a.grad_B[at] = to_memory<T>(sum);
    if (i >= N && s.C_varies) a.grad_C[at] = to_memory<T>(sum);
  }
}

// One thread a step.
template <typename S>
__global__ void sum_gaps_of_channels(SelectiveScanShape s, Plan plan, const S* gaps, S* grad_dt_scale) {
  const int64_t n = s.n_series * s.length, blocks = s.n_groups * plan.channel_blocks;
  for (int64_t k = int64_t(blockIdx.x) * 256 + threadIdx.x; k < n; k += int64_t(gridDim.x) * 256) {
    const int64_t series = k / s.length, t = k % s.length;
    S sum = 0;
    for (int64_t block = 0; block < blocks; ++block) sum += gaps[(series * blocks + block) * s.length + t];
    grad_dt_scale[k] = sum;
  }
}

}  // namespace selective

template <typename S>
std::size_t selective_scan_backward_workspace(const SelectiveScanShape& s) noexcept {
  return selective::Sums<S>::bytes(s, selective::Plan::of<S>(s, true));
}

template <typename T, typename S>
cudaError_t selective_scan_backward(const SelectiveBackward<T, S>& a, void* workspace, cudaStream_t stream) noexcept {
  using namespace selective;
  const SelectiveScanShape& s = a.forward.shape;
  const Plan plan = Plan::of<S>(s, true);
  const Sums<S> sums = Sums<S>::in(workspace, s, plan);
  const std::size_t shared = shared_bytes<S>(s, plan);
  const int threads = 32 * plan.warps;
  const bool cut = plan.segments > 1;
  cudaError_t status = cudaSuccess;
  const auto then = [&](const auto& work) {
    if (status == cudaSuccess) status = work();
  };
  if (cut) {
    const int64_t n = s.n_series * s.n_channels * s.n_states;
    then([&] { return launch(backward<true, T, S>, plan.blocks(s), threads, shared, stream, a, plan, sums, false); });
    then([&] {
      return launch(follow_segments<true, S>, blocks_for(n), 256, 0, stream, n, plan.segments, sums.links, a.grad_hT,
                    sums.starts);
    });
  }
  then([&] { return launch(backward<false, T, S>, plan.blocks(s), threads, shared, stream, a, plan, sums, cut); });
  then([&] {
    return launch(sum_parameters<T, S>, blocks_for((3 * s.n_states + 2) * s.n_channels), 256, 0, stream, a, plan,
                  sums.parameters);
  });
  if (s.B_varies || s.C_varies) {
    const int64_t n = s.n_series * s.n_groups * 2 * s.n_states * s.length;
    then([&] { return launch(sum_inputs<T, S>, blocks_for(n), 256, 0, stream, a, plan, sums.inputs); });
  }
  if (a.grad_dt_scale) {
    then([&] {
      return launch(sum_gaps_of_channels<S>, blocks_for(s.n_series * s.length), 256, 0, stream, s, plan, sums.gaps,
                    a.grad_dt_scale);
    });
  }
  return status;
}

#define MAREY_INSTANTIATE(T, S) \
  template cudaError_t selective_scan_backward(const SelectiveBackward<T, S>&, void*, cudaStream_t) noexcept;
template std::size_t selective_scan_backward_workspace<float>(const SelectiveScanShape&) noexcept;
template std::size_t selective_scan_backward_workspace<double>(const SelectiveScanShape&) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(double, double)
MAREY_INSTANTIATE(__half, float)
MAREY_INSTANTIATE(__nv_bfloat16, float)
#undef MAREY_INSTANTIATE

}  // namespace marey::cuda
