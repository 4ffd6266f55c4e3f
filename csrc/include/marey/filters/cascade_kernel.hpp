// The cascade forward, and forward then backward over a padded signal: one channel per SIMD lane, a tile of steps at a
// time through every section. cascade.hpp has the equations.
//
// A tile is brought into lane order by in-register transposes. Two steps of a section wait for each other only through
// two multiply-adds and an addition, and sections overlap, each working one step behind the one before. Every sample
// goes through the same operations wherever it lies in a tile, a call or a batch, so chunks, batch order and threads
// change no bit. Included by kernel sources only.
#pragma once
#include <type_traits>

#include "marey/filters/cascade.hpp"
#include "marey/filters/lanes.hpp"

namespace marey::filters::MAREY_LEVEL {

inline constexpr int64_t tile_steps = 64;

// One step of S sections of order K: k[s] is b_0, c_1 .. c_K, -a_1 .. -a_K.
template <int K, int S, typename V>
[[gnu::always_inline]] inline V step(const V (&k)[S][2 * K + 1], V (&z)[S][K], V x) {
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) {
    const V *c = k[s] + 1, *minus_a = k[s] + 1 + K;
    const V first = z[s][0];
#pragma GCC unroll 8
    for (int i = 0; i + 1 < K; ++i) z[s][i] = madd(minus_a[i], first, c[i] * x + z[s][i + 1]);
    z[s][K - 1] = madd(minus_a[K - 1], first, c[K - 1] * x);
    x = madd(k[s][0], x, first);
  }
  return x;
}

// S sections over a tile, coefficients and state in registers.
template <int K, int S, typename V>
void pass(const V* coefficients, V* state, V* tile, int64_t count, const Mask<V>* reset) {
  V k[S][2 * K + 1], z[S][K];
  for (int s = 0; s < S; ++s) {
    for (int i = 0; i < 2 * K + 1; ++i) k[s][i] = coefficients[s * (2 * K + 1) + i];
    for (int i = 0; i < K; ++i) z[s][i] = state[s * K + i];
  }
  if (reset) {
    for (int64_t j = 0; j < count; ++j) {
      for (int s = 0; s < S; ++s) {
        for (int i = 0; i < K; ++i) z[s][i] = select(reset[j], V{}, z[s][i]);
      }
      tile[j] = step<K, S, V>(k, z, tile[j]);
    }
  } else {
    for (int64_t j = 0; j < count; ++j) tile[j] = step<K, S, V>(k, z, tile[j]);
  }
  for (int s = 0; s < S; ++s) {
    for (int i = 0; i < K; ++i) state[s * K + i] = z[s][i];
  }
}

// S sections over `count` steps, a multiple of the lanes, of n rows from x to y; the tile in registers too, so that its
// transposes run beside the recurrence of the tile before. Gives back the last step before its rounding to T.
template <int K, int S, bool reversed, typename V, typename T>
V pass_rows(const V* coefficients, V* state, const T* x, T* y, int64_t row, int64_t n, int64_t count) {
  V k[S][2 * K + 1], z[S][K];
  for (int s = 0; s < S; ++s) {
    for (int i = 0; i < 2 * K + 1; ++i) k[s][i] = coefficients[s * (2 * K + 1) + i];
    for (int i = 0; i < K; ++i) z[s][i] = state[s * K + i];
  }
  V last{};
  for (int64_t t = 0; t < count; t += lanes) {
    const int64_t start = reversed ? count - lanes - t : t;
    V tile[lanes];
    load_square(x + start, row, n, tile);
#pragma GCC unroll 8
    for (int j = 0; j < lanes; ++j) {
      const int at = reversed ? lanes - 1 - j : j;
      tile[at] = last = step<K, S, V>(k, z, tile[at]);
    }
    store_square(y + start, row, n, tile);
  }
  for (int s = 0; s < S; ++s) {
    for (int i = 0; i < K; ++i) state[s * K + i] = z[s][i];
  }
  return last;
}

// One section of any order, its state in memory. Without recursion the terms of a zero a_i are left out, so that a NaN
// leaves with the last tap.
template <typename V>
void pass_any(int64_t order, bool recursive, const V* k, V* z, V* tile, int64_t count, const Mask<V>* reset) {
  const V *c = k + 1, *minus_a = k + 1 + order;
  for (int64_t j = 0; j < count; ++j) {
    const V x = tile[j];
    if (reset) {
      for (int64_t i = 0; i < order; ++i) z[i] = select(reset[j], V{}, z[i]);
    }
    const V first = z[0];
    tile[j] = madd(k[0], x, first);
    if (recursive) {
      for (int64_t i = 0; i + 1 < order; ++i) z[i] = madd(minus_a[i], first, c[i] * x + z[i + 1]);
      z[order - 1] = madd(minus_a[order - 1], first, c[order - 1] * x);
    } else {
      for (int64_t i = 0; i + 1 < order; ++i) z[i] = c[i] * x + z[i + 1];
      z[order - 1] = c[order - 1] * x;
    }
  }
}

// Calls work with the number of sections to pass together, of `sections` left; gives back that number.
template <int K, typename Work>
int64_t together(int64_t sections, Work work) {
  if constexpr (K == 2) {
    if (sections >= 4) return work(std::integral_constant<int, 4>{}), 4;
    if (sections == 3) return work(std::integral_constant<int, 3>{}), 3;
    if (sections == 2) return work(std::integral_constant<int, 2>{}), 2;
  }
  return work(std::integral_constant<int, 1>{}), 1;
}

// A cascade for one block of channels; K = 0 stands for any order.
template <typename V, int K>
class Filter {
 public:
  V* state;

  Filter(const Cascade& cascade, int64_t first, int64_t n, Arena& arena) : cascade_(cascade), first_(first), n_(n) {
    const int64_t width = cascade.width(), order = cascade.order;
    coefficients_ = arena.take<V>(cascade.n_sections * width);
    state = arena.take<V>(cascade.n_sections * order);
    tile_ = arena.take<V>(tile_steps);
    reset_ = arena.take<Mask<V>>(tile_steps);
    for (int64_t s = 0; s < cascade.n_sections; ++s) {
      V* k = coefficients_ + s * width;
      for (int64_t i = 0; i < width; ++i) k[i] = V{};
      for (int64_t c = 0; c < n; ++c) {
        const int64_t at = (cascade.per_channel ? first + c : 0) * cascade.n_sections + s;
        const double *b = cascade.coefficients + at * width, *a = b + order;
        set_lane(k[0], c, b[0]);
        for (int64_t i = 1; i <= order; ++i) {
          set_lane(k[i], c, madd(-a[i], b[0], b[i]));
          set_lane(k[order + i], c, -a[i]);
        }
      }
    }
  }

  // From and to [section][channel][order]; nullptr: zero.
  void load_state(const double* from, V* to) const {
    for (int64_t s = 0; s < cascade_.n_sections; ++s) {
      for (int64_t i = 0; i < cascade_.order; ++i) {
        V v{};
        for (int64_t c = 0; from && c < n_; ++c) set_lane(v, c, from[at(s, c) + i]);
        to[s * cascade_.order + i] = v;
      }
    }
  }
  void store_state(const V* from, double* to) const {
    for (int64_t s = 0; s < cascade_.n_sections; ++s) {
      for (int64_t i = 0; i < cascade_.order; ++i) {
        for (int64_t c = 0; c < n_; ++c) to[at(s, c) + i] = get_lane(from[s * cascade_.order + i], c);
      }
    }
  }
  // The steady state of a constant input `level`; zi is [channel or 1][section][order].
  void settle(const double* zi, V level) {
    const int64_t states = cascade_.n_sections * cascade_.order;
    for (int64_t i = 0; i < states; ++i) {
      V v{};
      for (int64_t c = 0; c < n_; ++c) set_lane(v, c, zi[(cascade_.per_channel ? first_ + c : 0) * states + i]);
      state[i] = v * level;
    }
  }

  // Marks of the steps t .. t + count; false if there are none.
  bool load_reset(int64_t t, int64_t count, Mask<V>* reset) const {
    if (!cascade_.reset) return false;
    const std::uint8_t* rows = cascade_.reset + first_ * cascade_.reset_stride + t;
    std::uint8_t any = 0;
    for (int64_t c = 0; c < n_; ++c) {
      for (int64_t j = 0; j < count; ++j) any |= rows[c * cascade_.reset_stride + j];
    }
    if (!any) return false;
    for (int64_t j = 0; j < count; ++j) {
      reset[j] = Mask<V>{};
      for (int64_t c = 0; c < n_; ++c) set_lane(reset[j], c, rows[c * cascade_.reset_stride + j] ? -1 : 0);
    }
    return true;
  }

  // Sections [begin, end) over a tile.
  void run(int64_t begin, int64_t end, V* tile, int64_t count, const Mask<V>* reset) {
    for (int64_t s = begin; s < end;) {
      const V* k = coefficients_ + s * cascade_.width();
      V* z = state + s * cascade_.order;
      if constexpr (K == 0) {
        pass_any(cascade_.order, cascade_.recursive, k, z, tile, count, reset);
        s += 1;
      } else {
        s += together<K>(end - s, [&](auto S) { pass<K, S()>(k, z, tile, count, reset); });
      }
    }
  }
  void run(V* tile, int64_t count, const Mask<V>* reset) { run(0, cascade_.n_sections, tile, count, reset); }

  // All sections over whole rows, from x to y (which may be x). Forward, gives back the last step before its rounding.
  template <bool reversed, typename T>
  V sweep(const T* x, T* y) {
    const int64_t length = cascade_.length, most = K == 0 ? 0 : K == 2 ? 4 : 1;
    const bool in_registers = cascade_.n_sections <= most && !cascade_.reset;
    const int64_t squares = in_registers ? length / lanes * lanes : 0;
    x += first_ * length;
    y += first_ * length;
    V last{};
    const auto tiles = [&] {
      for (int64_t done = squares; done < length; done += tile_steps) {
        const int64_t count = length - done < tile_steps ? length - done : tile_steps;
        const int64_t t = reversed ? length - count - (done - squares) : done;
        load_tile<reversed>(x + t, length, n_, count, tile_);
        run(tile_, count, load_reset(t, count, reset_) ? reset_ : nullptr);
        last = tile_[count - 1];
        store_tile<reversed>(y + t, length, n_, count, tile_);
      }
    };
    if (reversed) tiles();
    if constexpr (K > 0) {
      if (squares > 0) {
        together<K>(cascade_.n_sections, [&](auto S) {
          last = pass_rows<K, S(), reversed>(coefficients_, state, x, y, length, n_, squares);
        });
      }
    }
    if (!reversed) tiles();
    return last;
  }

  // -a_1 .. -a_K of section s.
  const V* minus_a(int64_t s) const { return coefficients_ + s * cascade_.width() + 1 + cascade_.order; }

 private:
  int64_t at(int64_t s, int64_t c) const { return (s * cascade_.n_channels + first_ + c) * cascade_.order; }

  const Cascade& cascade_;
  int64_t first_, n_;
  V *coefficients_, *tile_;
  Mask<V>* reset_;
};

template <typename V, int K, typename T>
void forward(const CascadeForward<T>& a, int64_t first, int64_t n, Arena arena) {
  Filter<V, K> filter(a.cascade, first, n, arena);
  filter.load_state(a.zi, filter.state);
  filter.template sweep<false>(a.x, a.y);
  filter.store_state(filter.state, a.zf);
}

// Sample t of a row extended beyond both ends.
template <typename T>
double extended(const T* row, int64_t length, int64_t t, Padding padding) {
  if (t >= 0 && t < length) return row[t];
  const int64_t end = t < 0 ? 0 : length - 1;
  const double edge = row[end];
  if (padding == Padding::constant) return edge;
  const double mirrored = row[2 * end - t];
  return padding == Padding::odd ? 2.0 * edge - mirrored : mirrored;
}

// The interior passes through y; only what the padding turns into is kept apart.
template <typename V, int K, typename T>
void zero_phase(const ZeroPhase<T>& a, int64_t first, int64_t n, Arena arena) {
  const int64_t length = a.cascade.length, padlen = a.padlen;
  if (length == 0) return;
  Filter<V, K> filter(a.cascade, first, n, arena);
  V* left = arena.take<V>(padlen + 1);
  V* right = arena.take<V>(padlen + 1);
  for (int64_t i = 0; i <= padlen; ++i) left[i] = right[i] = V{};
  for (int64_t c = 0; c < n; ++c) {
    const T* row = a.x + (first + c) * length;
    for (int64_t i = 0; i <= padlen; ++i) set_lane(left[i], c, extended(row, length, i - padlen, a.padding));
    for (int64_t i = 0; i < padlen; ++i) set_lane(right[i], c, extended(row, length, length + i, a.padding));
  }

  filter.settle(a.zi, left[0]);
  filter.run(left, padlen, nullptr);
  const V last = filter.template sweep<false>(a.x, a.y);
  filter.run(right, padlen, nullptr);

  filter.settle(a.zi, padlen > 0 ? right[padlen - 1] : last);
  for (int64_t i = 0; i < padlen / 2; ++i) {
    const V swapped = right[i];
    right[i] = right[padlen - 1 - i];
    right[padlen - 1 - i] = swapped;
  }
  filter.run(right, padlen, nullptr);
  filter.template sweep<true>(a.y, a.y);
}

// Calls work(V, first channel, channels) for the blocks of the items [begin, end).
template <typename Work>
void for_blocks(int64_t n_channels, int64_t begin, int64_t end, Work work) {
  for (int64_t first = begin * 8; first < end * 8 && first < n_channels; first += lanes) {
    const int64_t n = n_channels - first < lanes ? n_channels - first : lanes;
    n == 1 ? work(double{}, first, n) : work(Vec{}, first, n);
  }
}

template <int K, typename T>
void forward_items(const CascadeForward<T>& a, int64_t begin, int64_t end, double* scratch) {
  for_blocks(a.cascade.n_channels, begin, end,
             [&](auto lane, int64_t first, int64_t n) { forward<decltype(lane), K>(a, first, n, Arena(scratch)); });
}

template <int K, typename T>
void zero_phase_items(const ZeroPhase<T>& a, int64_t begin, int64_t end, double* scratch) {
  for_blocks(a.cascade.n_channels, begin, end,
             [&](auto lane, int64_t first, int64_t n) { zero_phase<decltype(lane), K>(a, first, n, Arena(scratch)); });
}

}  // namespace marey::filters::MAREY_LEVEL
