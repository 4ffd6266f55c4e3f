// causal_conv1d and its gradient. One filter serves both layouts: a vector is `lanes` steps of one channel, or one step
// of `lanes` channels, and differs in how far apart its taps and the vectors lie.
#include "marey/scan/causal_conv1d.hpp"

#include <algorithm>

#include "marey/core/simd_float.hpp"

namespace marey::scan::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

namespace {

constexpr int64_t block_steps = CausalConv1dShape::block_steps, block_channels = CausalConv1dShape::block_channels;
constexpr int64_t most_taps = CausalConv1dShape::most_taps;

// Vector j at j * stride, tap k of it k * tap further; the first `full` of `count` vectors whole, the others n lanes.
struct Run {
  int64_t stride, tap, count, full, n;
};

// Calls emit(j, lanes of it, bias + sum over taps k of w[k] x_k), the taps added in their order. W = 0: any width.
template <int W, typename T, typename Emit>
[[gnu::always_inline]] inline void filter(const Run& run, int64_t width, const VecOf<T>* w, VecOf<T> bias, const T* x,
                                          const Emit& emit) {
  using V = VecOf<T>;
  constexpr int together = 4;
  const int64_t taps = W > 0 ? W : width;
  V held[W > 0 ? W : 1];
  for (int k = 0; k < W; ++k) held[k] = w[k];
  const auto weight = [&](int64_t k) { return W > 0 ? held[k] : w[k]; };
  int64_t j = 0;
  for (; j + together <= run.full; j += together) {
    V s[together];
    for (V& v : s) v = bias;
    const T* at = x + j * run.stride;
#pragma GCC unroll 4
    for (int64_t k = 0; k < taps; ++k) {
#pragma GCC unroll 4
      for (int i = 0; i < together; ++i) s[i] = madd(weight(k), row(at + i * run.stride + k * run.tap), s[i]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < together; ++i) emit(j + i, Lanes<T>::width, s[i]);
  }
  for (; j < run.count; ++j) {
    const int64_t n = j < run.full ? Lanes<T>::width : run.n;
    V s = bias;
    for (int64_t k = 0; k < taps; ++k) s = madd(weight(k), row_first(x + j * run.stride + k * run.tap, n), s);
    emit(j, n, s);
  }
}

template <typename T, typename Emit>
void filter_any(const Run& run, int64_t width, const VecOf<T>* w, VecOf<T> bias, const T* x, const Emit& emit) {
  switch (width) {
    case 2: return filter<2>(run, width, w, bias, x, emit);
    case 3: return filter<3>(run, width, w, bias, x, emit);
    case 4: return filter<4>(run, width, w, bias, x, emit);
    default: return filter<0>(run, width, w, bias, x, emit);
  }
}

// Calls emit(k, sum over steps of g_j x_{j + k}) for the taps and then, as k = width, the sum of g. Vectors are taken
// whole: both signals lie in scratch, g zero in the lanes past a run's end.
template <int W, typename T, typename Emit>
void sum_taps(const Run& run, int64_t width, const T* g, const T* x, const Emit& emit) {
  using V = VecOf<T>;
  if constexpr (W > 0) {
    V total[W + 1]{};
    for (int64_t j = 0; j < run.count; ++j) {
      const V g_j = row(g + j * run.stride);
#pragma GCC unroll 4
      for (int k = 0; k < W; ++k) total[k] = madd(g_j, row(x + j * run.stride + k * run.tap), total[k]);
      total[W] += g_j;
    }
    for (int k = 0; k <= W; ++k) emit(k, total[k]);
  } else {
    for (int64_t k = 0; k <= width; ++k) {
      V total[2]{};
      for (int64_t j = 0; j < run.count; ++j) {
        const V g_j = row(g + j * run.stride);
        V& sum_ = total[j % 2];
        sum_ = k < width ? madd(g_j, row(x + j * run.stride + k * run.tap), sum_) : sum_ + g_j;
      }
      emit(k, total[0] + total[1]);
    }
  }
}

template <typename T, typename Emit>
void sum_taps_any(const Run& run, int64_t width, const T* g, const T* x, const Emit& emit) {
  switch (width) {
    case 2: return sum_taps<2>(run, width, g, x, emit);
    case 3: return sum_taps<3>(run, width, g, x, emit);
    case 4: return sum_taps<4>(run, width, g, x, emit);
    default: return sum_taps<0>(run, width, g, x, emit);
  }
}

// One block of steps [begin, end) of one channel, or of up to `lanes` channels that lie last.
template <typename T>
struct Block {
  using V = VecOf<T>;
  static constexpr int width = Lanes<T>::width;
  static constexpr int64_t scratch_steps = block_steps + 2 * most_taps + width;
  // Elements of a scratch that holds the steps of a block and of the taps on both its sides.
  static constexpr int64_t scratch = scratch_steps * width;

  const CausalConv1dShape& shape;
  int64_t series, first, n, begin, end;
  int64_t step, channel, origin;  // strides of x, and where the block's channel starts

  Block(const CausalConv1dShape& s, int64_t series_, int64_t first_, int64_t last, int64_t begin_, int64_t steps)
      : shape(s),
        series(series_),
        first(first_),
        n(std::min<int64_t>(last - first_, s.channels_last ? width : 1)),
        begin(begin_),
        end(std::min(begin_ + steps, s.length)),
        step(s.channels_last ? s.n_channels : 1),
        channel(s.channels_last ? 1 : s.length),
        origin(series_ * s.n_channels * s.length + first_ * channel) {}

  int64_t scratch_step() const { return shape.channels_last ? width : 1; }

  // Vectors over `steps` steps of an array whose steps lie `apart`.
  Run run(int64_t steps, int64_t apart) const {
    if (shape.channels_last) return {apart, apart, steps, n == width ? steps : 0, n};
    return {width, 1, (steps + width - 1) / width, steps / width, steps % width};
  }

  // Steps [from, to) of a signal into a scratch; before the signal x0, or zero; after it zero.
  void copy(const T* signal, const T* x0, int64_t from, int64_t to, T* into) const {
    const int64_t apart = scratch_step(), taps = shape.width - 1;
    const int64_t first_inside = std::max<int64_t>(from, 0), last_inside = std::min(to, shape.length);
    std::fill_n(into, (std::min<int64_t>(to, 0) - from) * apart, T(0));
    for (int64_t t = from; x0 && t < std::min<int64_t>(to, 0); ++t) {
      for (int64_t c = 0; c < n; ++c) {
        into[(t - from) * apart + c] = x0[(series * shape.n_channels + first + c) * taps + taps + t];
      }
    }
    const T* const inside = signal + origin + first_inside * step;
    T* const at = into + (first_inside - from) * apart;
    if (shape.channels_last) {
      for (int64_t t = 0; t < last_inside - first_inside; ++t) store(at + t * width, row_first(inside + t * step, n));
    } else {
      std::copy_n(inside, last_inside - first_inside, at);
    }
    std::fill_n(into + (last_inside - from) * apart, (to - last_inside) * apart, T(0));
  }

  // The taps of the block's channels, in order or reversed.
  void load_weight(const T* weight, bool reversed, V* w) const {
    for (int64_t k = 0; k < shape.width; ++k) {
      const int64_t from = reversed ? shape.width - 1 - k : k;
      if (!shape.channels_last) {
        w[k] = broadcast<T>(weight[first * shape.width + from]);
        continue;
      }
      V v{};
      for (int64_t c = 0; c < n; ++c) v[c] = weight[(first + c) * shape.width + from];
      w[k] = v;
    }
  }
  V load_bias(const T* bias) const {
    if (!bias) return V{};
    return shape.channels_last ? row_first(bias + first, n) : broadcast<T>(bias[first]);
  }
};

template <typename T>
void forward(const CausalConv1d<T>& a, const Block<T>& b, const VecOf<T>* w, VecOf<T> bias) {
  using V = VecOf<T>;
  const int64_t width = a.shape.width;
  const auto go = [&](int64_t from, int64_t to, const T* x, int64_t apart) {
    T* const y = a.y + b.origin + from * b.step;
    const Run run = b.run(to - from, apart);
    const int64_t out = b.shape.channels_last ? b.step : run.stride;
    if (a.shape.silu) {
      filter_any<T>(run, width, w, bias, x,
                    [&](int64_t j, int64_t n, V s) { store_first(y + j * out, s * sigmoid(s), n); });
    } else {
      filter_any<T>(run, width, w, bias, x, [&](int64_t j, int64_t n, V s) { store_first(y + j * out, s, n); });
    }
  };
  int64_t inside = b.begin;
  if (inside < width - 1) {  // what lies before the signal is put before a copy of its start
    alignas(64) T window[Block<T>::scratch];
    inside = std::min(b.end, width - 1);
    b.copy(a.x, a.x0, b.begin - (width - 1), inside, window);
    go(b.begin, inside, window, b.scratch_step());
  }
  if (inside < b.end) go(inside, b.end, a.x + b.origin + (inside - (width - 1)) * b.step, b.step);
}

template <typename T>
void backward(const CausalConv1dBackward<T>& a, const Block<T>& b, double* sums, int64_t of_tap) {
  using V = VecOf<T>;
  const CausalConv1dShape& s = a.shape;
  const int64_t taps = s.width - 1, apart = b.scratch_step();
  // Steps from taps before the block to taps after it; g is zero outside the signal.
  alignas(64) T x[Block<T>::scratch], g[Block<T>::scratch];
  V w[most_taps];
  const int64_t from = b.begin - taps, to = b.end + taps;
  b.copy(a.x, a.x0, from, to + Block<T>::width, x);
  b.copy(a.grad_y, static_cast<const T*>(nullptr), from, to + Block<T>::width, g);
  if (s.silu) {
    b.load_weight(a.weight, false, w);
    const int64_t steps = std::min(to, s.length) - b.begin;
    const Run run = b.run(steps, apart);
    T* const g_in = g + taps * apart;
    filter_any<T>(run, s.width, w, b.load_bias(a.bias), x, [&](int64_t j, int64_t n, V v) {
      const V sigma = sigmoid(v), slope = sigma * madd(v, 1 - sigma, V{} + T(1));
      T* const at = g_in + j * run.stride;
      store_first(at, row_first(at, n) * slope, n);
    });
  }

  b.load_weight(a.weight, true, w);
  const auto out = [&](const Run& run, int64_t start, T* to_, int64_t stride) {
    filter_any<T>(run, s.width, w, V{}, g + start * apart,
                  [&](int64_t j, int64_t n, V v) { store_first(to_ + j * stride, v, n); });
  };
  const Run run = b.run(b.end - b.begin, apart);
  out(run, taps, a.grad_x + b.origin + b.begin * b.step, s.channels_last ? b.step : run.stride);
  if (b.begin == 0 && taps > 0) {
    // g lies zero before the signal, so the gradient of what came before is the same sum.
    alignas(64) T of_x0[most_taps * Block<T>::width];
    const Run before = b.run(taps, apart);
    out(before, 0, of_x0, before.stride);
    for (int64_t c = 0; c < b.n; ++c) {
      for (int64_t i = 0; i < taps; ++i) {
        a.grad_x0[(b.series * s.n_channels + b.first + c) * taps + i] = of_x0[i * apart + c];
      }
    }
  }

  sum_taps_any<T>(run, s.width, g + taps * apart, x, [&](int64_t k, V both) {
    if (s.channels_last) {
      for (int64_t c = 0; c < b.n; ++c) sums[k * of_tap + c] = both[c];
    } else {
      sums[k] = sum(both);
    }
  });
}

// An item's place.
struct Item {
  int64_t series, first, last, begin;

  Item(const CausalConv1dShape& s, int64_t item) {
    const int64_t block = item / s.step_blocks();
    series = block / s.channel_blocks();
    first = block % s.channel_blocks() * s.item_channels();
    last = std::min(first + s.item_channels(), s.n_channels);
    begin = item % s.step_blocks() * block_steps;
  }
};

}  // namespace

template <typename T>
void causal_conv1d_kernel(const CausalConv1d<T>& a, int64_t begin, int64_t end) noexcept {
  using V = VecOf<T>;
  constexpr int64_t most_vectors = block_channels / Lanes<T>::width;
  const CausalConv1dShape& s = a.shape;
  // Channels that lie last are taken side by side, a few steps at a time: down one column, rows as far apart as a power
  // of two would meet in a few sets of the cache.
  const int64_t steps = s.channels_last ? 4 : block_steps;
  V w[most_vectors][most_taps], bias[most_vectors];
  for (int64_t k = begin; k < end; ++k) {
    const Item item(s, k);
    const auto block = [&](int64_t vector, int64_t t) {
      return Block<T>(s, item.series, item.first + vector * Lanes<T>::width, item.last, t, steps);
    };
    const int64_t vectors = s.channels_last ? (item.last - item.first + Lanes<T>::width - 1) / Lanes<T>::width : 1;
    for (int64_t v = 0; v < vectors; ++v) {
      block(v, item.begin).load_weight(a.weight, false, w[v]);
      bias[v] = block(v, item.begin).load_bias(a.bias);
    }
    for (int64_t t = item.begin; t < std::min(item.begin + block_steps, s.length); t += steps) {
      for (int64_t v = 0; v < vectors; ++v) forward(a, block(v, t), w[v], bias[v]);
    }
  }
}

template <typename T>
void causal_conv1d_backward_kernel(const CausalConv1dBackward<T>& a, double* workspace, int64_t begin,
                                   int64_t end) noexcept {
  const CausalConv1dShape& s = a.shape;
  const int64_t of_tap = s.item_channels(), of_item = of_tap * (s.width + 1);
  for (int64_t k = begin; k < end; ++k) {
    const Item item(s, k);
    for (int64_t c = item.first; c < item.last; c += s.channels_last ? Lanes<T>::width : 1) {
      const Block<T> b(s, item.series, c, item.last, item.begin, block_steps);
      backward(a, b, workspace + k * of_item + c - item.first, of_tap);
    }
  }
}

#define MAREY_INSTANTIATE(T)                                                             \
  template void causal_conv1d_kernel(const CausalConv1d<T>&, int64_t, int64_t) noexcept; \
  template void causal_conv1d_backward_kernel(const CausalConv1dBackward<T>&, double*, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float)
MAREY_INSTANTIATE(double)

}  // namespace marey::scan::MAREY_LEVEL
