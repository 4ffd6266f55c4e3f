// selective_scan and its gradient: one channel a lane, a chunk of steps at a time, state by state within the chunk.
//
// So B and C, which channels share, are broadcast from where they lie; the exponentials of a chunk do not depend on
// each other and fill the pipes; no sum runs across lanes. Every element goes through the same operations wherever it
// lies in a chunk, so signals cut in time, batches and threads change no bit.
//
// The gradient goes through the chunks in reverse. A state's steps in a chunk are run again from the state that the
// forward pass left there, then backward, before the next state's: their decays and states stay in the first cache.
// What B and C get from the channels is gathered lane by lane over the channels of an item and summed across lanes
// once.
#include "marey/scan/selective_scan.hpp"

#include <algorithm>

#include "marey/core/simd_float.hpp"

namespace marey::scan::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

namespace {

constexpr int64_t K = SelectiveScanShape::chunk_steps, slice_channels = SelectiveScanShape::slice_channels;
constexpr int64_t most_states = SelectiveScanShape::most_states;

// Up to `lanes` channels of one group of one series.
template <typename T>
struct Block {
  using V = VecOf<T>;
  static constexpr int width = Lanes<T>::width;

  const SelectiveScanShape& s;
  int64_t series, group, first, n;  // channels first .. first + n
  int64_t channel, time, origin;    // strides of the signals, and where the block starts
  int64_t state_stride, step_stride, origin_BC;

  Block(const SelectiveScanShape& shape, int64_t series_, int64_t group_, int64_t first_, int64_t last)
      : s(shape),
        series(series_),
        group(group_),
        first(first_),
        n(std::min<int64_t>(last - first_, width)),
        channel(s.channels_last ? 1 : s.length),
        time(s.channels_last ? s.n_channels : 1),
        origin(series * s.n_channels * s.length + first * channel),
        state_stride(s.channels_last ? 1 : s.length),
        step_stride(s.channels_last ? s.n_states : 1),
        origin_BC((series * s.n_groups + group) * s.n_states * s.length) {}

  // tile[j] = step t + j; idle lanes are zero.
  void load(const T* from, int64_t t, int64_t count, V* tile) const {
    const T* p = from + origin + t * time;
    if (s.channels_last) {
      for (int64_t j = 0; j < count; ++j) tile[j] = row_first(p + j * time, n);
      return;
    }
    for (int64_t j = 0; j < count; j += width) {
      V rows[width];
      for (int c = 0; c < width; ++c) rows[c] = c < n ? row_first(p + c * channel + j, count - j) : V{};
      transpose(rows);
      for (int c = 0; c < width; ++c) tile[j + c] = rows[c];
    }
  }
  void store(T* to, int64_t t, int64_t count, const V* tile) const {
    T* p = to + origin + t * time;
    if (s.channels_last) {
      for (int64_t j = 0; j < count; ++j) store_first(p + j * time, tile[j], n);
      return;
    }
    for (int64_t j = 0; j < count; j += width) {
      V rows[width];
      for (int c = 0; c < width; ++c) rows[c] = tile[j + c];
      transpose(rows);
      for (int64_t c = 0; c < n; ++c) store_first(p + c * channel + j, rows[c], count - j);
    }
  }

  // Column `state` of [channel][state].
  V column(const T* from, int64_t state) const {
    V v{};
    for (int64_t c = 0; c < n; ++c) v[c] = from[(first + c) * s.n_states + state];
    return v;
  }
  void store_column(T* to, int64_t state, V v) const {
    for (int64_t c = 0; c < n; ++c) to[(first + c) * s.n_states + state] = v[c];
  }
  V per_channel(const T* from) const { return from ? row_first(from + first, n) : V{}; }
  int64_t states_of_series() const { return series * s.n_channels * s.n_states; }
  int64_t chunk_state(int64_t chunk, int64_t state) const {
    return ((series * s.chunks() + chunk) * s.n_states + state) * s.n_channels + first;
  }
  // Marks of the steps from t on; nullptr if there are none among the count.
  const std::uint8_t* marks(int64_t t, int64_t count) const {
    if (!s.reset) return nullptr;
    const std::uint8_t* from = s.reset + series * s.length + t;
    return std::any_of(from, from + count, [](std::uint8_t mark) { return mark != 0; }) ? from : nullptr;
  }
};

// B or C of one state over a chunk: the same for all channels at a step, or the same at all steps.
template <typename T, bool varies>
struct Input {
  const T* at;
  int64_t stride;
  VecOf<T> constant;

  Input(const T* from, const Block<T>& b, int64_t t, int64_t state) : at(nullptr), stride(b.step_stride), constant{} {
    if constexpr (varies) {
      at = from + b.origin_BC + t * b.step_stride + state * b.state_stride;
    } else {
      constant = b.column(from, state);
    }
  }
  VecOf<T> operator[](int64_t j) const {
    if constexpr (varies) return broadcast<T>(at[j * stride]);
    return constant;
  }
};

// What a chunk's steps take from delta, and later give back to it.
template <typename T>
struct Gaps {
  using V = VecOf<T>;
  V raw[K], gap[K], dt[K];  // delta + bias; its softplus; times dt_scale

  void load(const SelectiveScan<T>& a, const Block<T>& b, V bias, int64_t t, int64_t count) {
    b.load(a.delta, t, count, raw);
    for (int64_t j = 0; j < count; ++j) {
      raw[j] += bias;
      gap[j] = a.shape.softplus ? softplus(raw[j]) : raw[j];
      dt[j] = a.dt_scale ? gap[j] * a.dt_scale[b.series * a.shape.length + t + j] : gap[j];
    }
  }
};

template <bool resets, bool B_varies, bool C_varies, typename T>
[[gnu::always_inline]] inline void run_state(VecOf<T> A, VecOf<T>& h, const Input<T, B_varies>& B,
                                             const Input<T, C_varies>& C, const VecOf<T>* dt, const VecOf<T>* du,
                                             VecOf<T>* y, int64_t count, const std::uint8_t* marks) {
  VecOf<T> state = h;
#pragma GCC unroll 8
  for (int64_t j = 0; j < count; ++j) {
    if (resets && marks[j]) state = VecOf<T>{};
    state = madd(exp2(dt[j] * A), state, du[j] * B[j]);
    y[j] = madd(C[j], state, y[j]);
  }
  h = state;
}

constexpr double log2_e = 1.4426950408889634;

template <bool B_varies, bool C_varies, typename T>
void forward(const SelectiveScan<T>& a, const Block<T>& b) {
  using V = VecOf<T>;
  const SelectiveScanShape& s = a.shape;
  V A[most_states], h[most_states];
  for (int64_t n = 0; n < s.n_states; ++n) {
    A[n] = b.column(a.A, n) * T(log2_e);
    h[n] = a.h0 ? b.column(a.h0 + b.states_of_series(), n) : V{};
  }
  const V bias = b.per_channel(a.delta_bias), D = b.per_channel(a.D);
  Gaps<T> gaps;
  V u[K], du[K], y[K];
  for (int64_t t = 0; t < s.length; t += K) {
    const int64_t count = std::min(K, s.length - t);
    gaps.load(a, b, bias, t, count);
    b.load(a.u, t, count, u);
    for (int64_t j = 0; j < count; ++j) {
      du[j] = gaps.dt[j] * u[j];
      y[j] = a.D ? D * u[j] : V{};
    }
    const std::uint8_t* const marks = b.marks(t, count);
    for (int64_t n = 0; n < s.n_states; ++n) {
      if (a.states) store_first(a.states + b.chunk_state(t / K, n), h[n], b.n);
      const Input<T, B_varies> B(a.B, b, t, n);
      const Input<T, C_varies> C(a.C, b, t, n);
      if (marks) {
        run_state<true, B_varies, C_varies, T>(A[n], h[n], B, C, gaps.dt, du, y, count, marks);
      } else if (count == K) {
        run_state<false, B_varies, C_varies, T>(A[n], h[n], B, C, gaps.dt, du, y, K, marks);
      } else {
        run_state<false, B_varies, C_varies, T>(A[n], h[n], B, C, gaps.dt, du, y, count, marks);
      }
    }
    if (a.z) {
      b.load(a.z, t, count, u);
      for (int64_t j = 0; j < count; ++j) y[j] *= u[j] * sigmoid(u[j]);
    }
    b.store(a.out, t, count, y);
  }
  for (int64_t n = 0; n < s.n_states; ++n) b.store_column(a.hT + b.states_of_series(), n, h[n]);
}

template <typename T>
void add(double* to, VecOf<T> v) {
  for (int c = 0; c < Lanes<T>::width; ++c) to[c] += v[c];
}

// An item's part of SelectiveScanSums, and what it gathers over a chunk.
template <typename T>
struct ItemSums {
  using V = VecOf<T>;
  static constexpr int width = Lanes<T>::width;

  double* parameters;  // [3 n + 2][slice channel]
  T* steps;            // [2 n + 1][time]
  T* carry;            // [state][slice channel]: dL/dh of the chunk behind
  V *of_B, *of_C;      // [state][step of the chunk]
  V of_dt[K];

  ItemSums(const SelectiveScanShape& s, const SelectiveScanSums<T>& sums, T* scratch, int64_t item) {
    parameters = sums.parameters + item * (3 * s.n_states + 2) * slice_channels;
    steps = sums.steps + item * (2 * s.n_states + 1) * s.length;
    const auto start = (reinterpret_cast<std::uintptr_t>(scratch) + 63) / 64 * 64;
    carry = reinterpret_cast<T*>(start);
    of_B = reinterpret_cast<V*>(carry + s.n_states * slice_channels);
    of_C = of_B + s.n_states * K;
    std::fill_n(parameters, (3 * s.n_states + 2) * slice_channels, 0.0);
  }

  // rows of vectors over the steps of a chunk, summed across lanes into rows of time.
  void store_steps(const SelectiveScanShape& s, const V* of_state, int64_t row, int64_t t, int64_t count) const {
    for (int64_t j = 0; j < count; j += width) {
      V rows[width];
      for (int c = 0; c < width; ++c) rows[c] = j + c < count ? of_state[j + c] : V{};
      transpose(rows);
      for (int step = width / 2; step > 0; step /= 2) {
        for (int c = 0; c < step; ++c) rows[c] += rows[c + step];
      }
      store_first(steps + row * s.length + t + j, rows[0], count - j);
    }
  }
};

// One chunk of one block backward; c is where the block lies in its slice.
template <bool B_varies, bool C_varies, typename T>
void backward_chunk(const SelectiveScanBackward<T>& a, const Block<T>& b, ItemSums<T>& sums, int64_t c, int64_t t,
                    int64_t count) {
  using V = VecOf<T>;
  const SelectiveScan<T>& f = a.forward;
  const SelectiveScanShape& s = f.shape;
  const int64_t N = s.n_states;
  const std::uint8_t* const marks = b.marks(t, count);
  Gaps<T> gaps;
  V u[K], du[K], z[K], y[K], grad_y[K], grad_u[K], grad_du[K], grad_dt[K];
  gaps.load(f, b, b.per_channel(f.delta_bias), t, count);
  b.load(f.u, t, count, u);
  b.load(a.grad_out, t, count, grad_y);
  if (f.z) b.load(f.z, t, count, z);
  const V D = b.per_channel(f.D);
  V grad_D{};
  for (int64_t j = 0; j < count; ++j) {
    du[j] = gaps.dt[j] * u[j];
    grad_du[j] = grad_dt[j] = V{};
    y[j] = f.D ? D * u[j] : V{};
    if (f.z) {
      const V sigma = sigmoid(z[j]), slope = sigma * madd(z[j], 1 - sigma, V{} + T(1));
      y[j] *= slope * grad_y[j];  // the other terms of grad_z follow state by state
      const V grad_out = grad_y[j];
      grad_y[j] = grad_out * (z[j] * sigma);
      z[j] = slope * grad_out;
    }
    grad_u[j] = f.D ? D * grad_y[j] : V{};
    grad_D = madd(grad_y[j], u[j], grad_D);
  }
  add<T>(sums.parameters + 3 * N * slice_channels + c, grad_D);

  for (int64_t n = 0; n < N; ++n) {
    const Input<T, B_varies> B(f.B, b, t, n);
    const Input<T, C_varies> C(f.C, b, t, n);
    const V A = b.column(f.A, n), A_log2 = A * T(log2_e);
    V decay[K], before[K], of_C{};
    V* const gathered_C = sums.of_C + n * K;
    V h = row_first(f.states + b.chunk_state(t / K, n), b.n);
    for (int64_t j = 0; j < count; ++j) {
      decay[j] = exp2(gaps.dt[j] * A_log2);
      if (marks && marks[j]) h = decay[j] = V{};
      before[j] = h;
      h = madd(decay[j], h, du[j] * B[j]);
      if constexpr (C_varies) {
        gathered_C[j] = c == 0 ? grad_y[j] * h : madd(grad_y[j], h, gathered_C[j]);
      } else {
        of_C = madd(grad_y[j], h, of_C);
      }
      if (f.z) y[j] = madd(C[j] * h, z[j], y[j]);
    }
    T* const carried = sums.carry + n * slice_channels + c;
    V* const gathered_B = sums.of_B + n * K;
    V g = row(carried), grad_A{}, of_B{};
    for (int64_t j = count - 1; j >= 0; --j) {
      g = madd(grad_y[j], C[j], g);
      if constexpr (B_varies) {
        gathered_B[j] = c == 0 ? du[j] * g : madd(du[j], g, gathered_B[j]);
      } else {
        of_B = madd(du[j], g, of_B);
      }
      grad_du[j] = madd(g, B[j], grad_du[j]);
      g *= decay[j];
      if (marks && marks[j]) g = V{};
      const V e = g * before[j];
      grad_A = madd(e, gaps.dt[j], grad_A);
      grad_dt[j] = madd(e, A, grad_dt[j]);
    }
    ::marey::MAREY_LEVEL::store(carried, g);
    add<T>(sums.parameters + n * slice_channels + c, grad_A);
    if (!B_varies) add<T>(sums.parameters + (N + n) * slice_channels + c, of_B);
    if (!C_varies) add<T>(sums.parameters + (2 * N + n) * slice_channels + c, of_C);
  }

  V grad_bias{};
  for (int64_t j = 0; j < count; ++j) {
    grad_u[j] = madd(grad_du[j], gaps.dt[j], grad_u[j]);
    grad_dt[j] = madd(grad_du[j], u[j], grad_dt[j]);
    sums.of_dt[j] = c == 0 ? grad_dt[j] * gaps.gap[j] : madd(grad_dt[j], gaps.gap[j], sums.of_dt[j]);
    if (f.dt_scale) grad_dt[j] *= f.dt_scale[b.series * s.length + t + j];
    if (s.softplus) grad_dt[j] *= sigmoid(gaps.raw[j]);
    grad_bias += grad_dt[j];
  }
  add<T>(sums.parameters + (3 * N + 1) * slice_channels + c, grad_bias);
  b.store(a.grad_u, t, count, grad_u);
  b.store(a.grad_delta, t, count, grad_dt);
  if (f.z) b.store(a.grad_z, t, count, y);
}

template <bool B_varies, bool C_varies, typename T>
void backward(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& all, T* scratch, int64_t item,
              int64_t series, int64_t group, int64_t first, int64_t last) {
  using V = VecOf<T>;
  const SelectiveScanShape& s = a.forward.shape;
  ItemSums<T> sums(s, all, scratch, item);
  const auto for_blocks = [&](const auto& work) {
    for (int64_t d = first; d < last; d += Lanes<T>::width) work(Block<T>(s, series, group, d, last), d - first);
  };
  for_blocks([&](const Block<T>& b, int64_t c) {
    for (int64_t n = 0; n < s.n_states; ++n) {
      const V g = a.grad_hT ? b.column(a.grad_hT + b.states_of_series(), n) : V{};
      store(sums.carry + n * slice_channels + c, g);
    }
  });
  for (int64_t t = (s.chunks() - 1) * K; t >= 0; t -= K) {
    const int64_t count = std::min(K, s.length - t);
    for_blocks([&](const Block<T>& b, int64_t c) { backward_chunk<B_varies, C_varies>(a, b, sums, c, t, count); });
    for (int64_t n = 0; n < s.n_states; ++n) {
      if (B_varies) sums.store_steps(s, sums.of_B + n * K, n, t, count);
      if (C_varies) sums.store_steps(s, sums.of_C + n * K, s.n_states + n, t, count);
    }
    sums.store_steps(s, sums.of_dt, 2 * s.n_states, t, count);
  }
  for_blocks([&](const Block<T>& b, int64_t c) {
    for (int64_t n = 0; a.grad_h0 && n < s.n_states; ++n) {
      b.store_column(a.grad_h0 + b.states_of_series(), n, row(sums.carry + n * slice_channels + c));
    }
  });
}

// Calls work(item, series, group, first channel, last) for the items [begin, end).
template <typename Work>
void for_slices(const SelectiveScanShape& s, int64_t begin, int64_t end, const Work& work) {
  for (int64_t item = begin; item < end; ++item) {
    const int64_t pair = item / s.slices(), group = pair % s.n_groups;
    const int64_t first = group * s.group_channels() + item % s.slices() * slice_channels;
    const int64_t last = std::min(first + slice_channels, (group + 1) * s.group_channels());
    work(item, pair / s.n_groups, group, first, last);
  }
}

// Calls function<B varies, C varies>.
#define MAREY_FOR_INPUTS(s, function, ...)                                                                \
  ((s).B_varies   ? (s).C_varies ? function<true, true>(__VA_ARGS__) : function<true, false>(__VA_ARGS__) \
   : (s).C_varies ? function<false, true>(__VA_ARGS__)                                                    \
                  : function<false, false>(__VA_ARGS__))

}  // namespace

template <typename T>
void selective_scan_kernel(const SelectiveScan<T>& a, int64_t begin, int64_t end) noexcept {
  const SelectiveScanShape& s = a.shape;
  for_slices(s, begin, end, [&](int64_t, int64_t series, int64_t group, int64_t first, int64_t last) {
    for (int64_t d = first; d < last; d += Lanes<T>::width) {
      const Block<T> b(s, series, group, d, last);
      MAREY_FOR_INPUTS(s, forward, a, b);
    }
  });
}

template <typename T>
void selective_scan_backward_kernel(const SelectiveScanBackward<T>& a, const SelectiveScanSums<T>& sums, T* scratch,
                                    int64_t begin, int64_t end) noexcept {
  const SelectiveScanShape& s = a.forward.shape;
  for_slices(s, begin, end, [&](int64_t item, int64_t series, int64_t group, int64_t first, int64_t last) {
    MAREY_FOR_INPUTS(s, backward, a, sums, scratch, item, series, group, first, last);
  });
}

#define MAREY_INSTANTIATE(T)                                                                                     \
  template void selective_scan_kernel(const SelectiveScan<T>&, int64_t, int64_t) noexcept;                       \
  template void selective_scan_backward_kernel(const SelectiveScanBackward<T>&, const SelectiveScanSums<T>&, T*, \
                                               int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::scan::MAREY_LEVEL
