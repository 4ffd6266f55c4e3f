// soft_dtw, backward: the warp fills the table again, keeping a value a cell of the band, and goes back through it.
//
// On the way back lane 31 is ahead and the rows go down. A cell's flow is what its three successors send it; it goes on
// to its predecessors by weights made anew from their kept values, as on the CPU. What column 0 of a lane sends to the
// left reaches the lane before one step later by a shuffle, and the strip before through `edge`.
//
// Workspace of a warp: an edge, and of each strip 32 K values a step, laid out by step, then column of the lane, then
// lane, so that a warp writes whole lines.
#include "marey/cuda/soft_table.cuh"

namespace marey::cuda {

namespace {

using distance::SoftDtw;

template <typename T, int K>
struct Kept {
  T* values;
  int64_t steps;  // of each strip

  __device__ T& at(int64_t s, int64_t t, int k, int lane) const {
    return values[((s * steps + t) * K + k) * 32 + lane];
  }
  // Cell (i, j), which the table may not have.
  __device__ T cell(const WarpPair<T>& p, int64_t i, int64_t j) const {
    if (i == -1 && j == -1) return T(0);
    if (i < 0 || j < 0 || !p.in_band(i, j)) return Softmin<T>::nowhere();
    const int64_t s = j / (32 * K);
    const int in_strip = int(j - s * 32 * K), lane = in_strip / K;
    return at(s, i - Strip<K>(p, s).low + lane, in_strip % K, lane);
  }
};

// Adds to gradients that are zero.
template <int K, bool single, typename T>
__device__ void go_back(const WarpPair<T>& p, const Softmin<T>& rule, const Kept<T, K>& kept, T* edge, T scale,
                        T* grad_x, T* grad_y, int lane) {
  const int64_t strips = (p.y.n + 32 * K - 1) / (32 * K);
  Costs<T, K, single> costs(p);
  for (int64_t s = strips - 1; s >= 0; --s) {
    const Strip<K> strip(p, s);
    const bool is_last = s == strips - 1;
    const int64_t edge_low = is_last ? 0 : Strip<K>(p, s + 1).low - 1;
    const int64_t edge_high = is_last ? -1 : Strip<K>(p, s + 1).high;
    const int64_t first = strip.column(lane, 0);
    costs.take(first);
    T to_y[K];       // of one channel
    T pending[K];    // what the row below sends to this lane's columns from within the lane
    T above[K + 1];  // kept values of columns -1 .. K - 1, of the row that comes next
    T sent_left = 0, sent_corner = 0, corner_of_right = 0;
#pragma unroll
    for (int k = 0; k < K; ++k) to_y[k] = pending[k] = 0;
#pragma unroll
    for (int k = 0; k <= K; ++k) above[k] = kept.cell(p, strip.high, first + k - 1);
    for (int64_t t = 0; t < strip.steps(); ++t) {
      const int64_t i = strip.high - t + (31 - lane);
      // Lane + 1 was in this row one step ago, and in the row below two.
      T right = __shfl_down_sync(whole_warp, sent_left, 1) + corner_of_right;
      corner_of_right = __shfl_down_sync(whole_warp, sent_corner, 1);
      const T corner_below = sent_corner;
      sent_left = sent_corner = 0;
      if (strip.has(i)) {
        if (lane == 31) right = edge_low <= i && i <= edge_high ? edge[i] : T(0);
        T here[K + 1], flows[K];
#pragma unroll
        for (int k = 0; k <= K; ++k) {
          here[k] = above[k];
          above[k] = kept.cell(p, i - 1, first + k - 1);
        }
        T corner = 0;
#pragma unroll
        for (int k = K - 1; k >= 0; --k) {
          const bool is_end = i == p.x.n - 1 && first + k == p.y.n - 1;
          const T flow = is_end ? scale : p.in_band(i, first + k) ? pending[k] + right : T(0);
          const Weights<T> w = rule.weights(above[k + 1], here[k], above[k]);
          flows[k] = flow;
          pending[k] = fma(flow, w.up, corner);
          right = flow * w.left;
          corner = flow * w.corner;
        }
        sent_left = right;
        sent_corner = corner;
        if (lane == 0 && s > 0) {
          edge[i] = sent_left + corner_below;
          if (i == strip.low && i > 0) edge[i - 1] = sent_corner;
        }
        for (int64_t c = 0; c < p.channels; ++c) {
          T total = 0;
#pragma unroll
          for (int k = 0; k < K; ++k) {
            if (!p.in_band(i, first + k)) continue;
            const T d = 2 * flows[k] * (costs.x_at(i, c) - costs.y_at(k, c));
            total += d;
            if (single) {
              to_y[k] -= d;
            } else {
              grad_y[c * p.y.stride + first + k] -= d;
            }
          }
          grad_x[c * p.x.stride + i] += total;  // no other lane is in this row
        }
      }
      __syncwarp();
    }
#pragma unroll
    for (int k = 0; k < K; ++k) {
      if (single && first + k < p.y.n) grad_y[first + k] = to_y[k];
    }
  }
}

template <typename T>
__device__ void fill(T* to, int64_t n, T value, int lane) {
  for (int64_t i = lane; i < n; i += 32) to[i] = value;
}

template <typename T, int K, bool single>
__global__ void __launch_bounds__(32 * warps_of_block)
    soft_backward(SoftDtw<T> a, const T* grad, T* grad_x, T* grad_y, unsigned char* workspace, int64_t share,
                  int64_t steps) {
  const int lane = threadIdx.x % 32;
  T* const edge = reinterpret_cast<T*>(workspace + this_warp() * share);
  const Kept<T, K> kept{edge + a.n, steps};
  for (int64_t pair = this_warp(); pair < a.n_pairs; pair += all_warps()) {
    WarpPair<T> p;
    T value;
    const bool has_path = take(a, pair, lane, p, value);
    T *const to_x = grad_x + pair * a.channels * a.n, *const to_y = grad_y + pair * a.channels * a.m;
    const T flat = value == value ? T(0) : value;
    fill(to_x, a.channels * a.n, flat, lane);
    fill(to_y, a.channels * a.m, flat, lane);
    __syncwarp();
    if (!has_path) continue;
    const Softmin<T> rule{a.gamma};
    fill_table<K, single>(rule, p, edge, lane,
                          [&](int64_t s, int64_t t, int k, T cell) { kept.at(s, t, k, lane) = cell; });
    __syncwarp();
    go_back<K, single>(p, rule, kept, edge, grad[pair], to_x, to_y, lane);
    __syncwarp();
  }
}

template <int K, typename T>
Warps warps(const SoftDtw<T>& a) {
  const int64_t kept = strips_of<K>(a.m) * most_steps<K>(a.n, a.window) * 32 * K;
  return {a.n_pairs, (a.n + kept) * int64_t(sizeof(T))};
}

}  // namespace

template <typename T>
std::size_t soft_dtw_backward_workspace(const SoftDtw<T>& a) noexcept {
  return by_table(a.m, a.channels, [&]<int K, bool>() { return warps<K>(a).bytes(); });
}

template <typename T>
cudaError_t soft_dtw_backward(const SoftDtw<T>& a, const T* grad, T* grad_x, T* grad_y, void* workspace,
                              cudaStream_t stream) noexcept {
  if (a.n_pairs == 0) return cudaSuccess;
  return by_table(a.m, a.channels, [&]<int K, bool single>() {
    const Warps w = warps<K>(a);
    return w.launch(soft_backward<T, K, single>, stream, a, grad, grad_x, grad_y,
                    static_cast<unsigned char*>(workspace), w.share, most_steps<K>(a.n, a.window));
  });
}

template std::size_t soft_dtw_backward_workspace(const SoftDtw<float>&) noexcept;
template std::size_t soft_dtw_backward_workspace(const SoftDtw<double>&) noexcept;
template cudaError_t soft_dtw_backward(const SoftDtw<float>&, const float*, float*, float*, void*,
                                       cudaStream_t) noexcept;
template cudaError_t soft_dtw_backward(const SoftDtw<double>&, const double*, double*, double*, void*,
                                       cudaStream_t) noexcept;

}  // namespace marey::cuda
