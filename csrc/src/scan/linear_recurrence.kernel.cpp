// linear_recurrence and its gradient: one channel a SIMD lane, a tile of steps at a time (scan/numbers.hpp).
//
// The recurrence is one multiply-add a step; what costs is moving the signal between rows and lanes, and the transposes
// of the next tile run beside the recurrence of this one. Every element goes through the same operations wherever it
// lies in a tile, a block or a batch, so chunks, batch order and threads change no bit.
#include "marey/scan/linear_recurrence.hpp"

#include <type_traits>

#include "marey/scan/numbers.hpp"

namespace marey::scan::MAREY_LEVEL {

namespace {

using Shape = LinearRecurrenceShape;

// Channels side by side, in a block up to `lanes`: rows first .. first + n of the flattened (series, channel) axis.
// With channels last they belong to one series.
struct Block {
  int64_t first, n;
};

int64_t coefficients_at(const Shape& s, int64_t row) {
  const int64_t series = s.a_per_series ? row / s.n_channels : 0, channel = s.a_per_channel ? row % s.n_channels : 0;
  const int64_t channels = s.a_per_channel ? s.n_channels : 1, steps = s.a_per_step ? s.length : 1;
  return s.channels_last ? series * steps * channels + channel : (series * channels + channel) * steps;
}

template <int W, bool channels_last, typename T>
Signal<T, W, channels_last> signal(const Shape& s, const Block& b, T* p) {
  Signal<T, W, channels_last> x;
  x.n = b.n;
  if constexpr (channels_last) {
    x.row[0] = p + (b.first / s.n_channels * s.length * s.n_channels + b.first % s.n_channels) * W;
    x.stride = s.n_channels;
  } else {
    for (int64_t c = 0; c < lanes; ++c) x.row[c] = p + (b.first + (c < b.n ? c : 0)) * s.length * W;
  }
  return x;
}

template <int W, bool channels_last, typename T>
Signal<const T, W, channels_last> coefficients(const Shape& s, const Block& b, const T* p) {
  Signal<const T, W, channels_last> a;
  a.n = b.n;
  a.stride = s.n_channels;
  a.shared = !s.a_per_channel;
  for (int64_t c = 0; c < (channels_last ? 1 : lanes); ++c) {
    a.row[c] = p + coefficients_at(s, b.first + (c < b.n ? c : 0)) * W;
  }
  return a;
}

Marks marks_of(const Shape& s, const Block& b) {
  Marks marks;
  if (!s.reset) return marks;
  marks.n = b.n;
  for (int64_t c = 0; c < b.n; ++c) {
    marks.row[c] = s.reset + (s.reset_per_channel ? b.first + c : (b.first + c) / s.n_channels) * s.length;
  }
  if (marks.row[0] == marks.row[b.n - 1]) marks.n = 1;
  return marks;
}

// Constant coefficients, for every step of a tile.
template <int W, typename T>
void fill_constant(const Shape& s, const Block& b, const T* p, Vec* tile, int64_t steps) {
  Number<Vec, W> a{};
  for (int64_t c = 0; c < b.n; ++c) {
    for (int w = 0; w < W; ++w) a.part[w][c] = p[coefficients_at(s, b.first + c) * W + w];
  }
  for (int64_t j = 0; j < steps; ++j) put<W>(tile, j, a);
}

// Steps [from, to) in the order of running, from `state` to the state after them.
template <int W, bool channels_last, bool reverse, typename T, typename S>
void forward(const LinearRecurrence<T, S>& p, const Block& b, int64_t from, int64_t to, Number<Vec, W>& state) {
  const Shape& s = p.shape;
  constexpr int64_t steps = tile_steps<T, W>;
  const auto x = signal<W, channels_last>(s, b, p.x);
  const auto h = signal<W, channels_last>(s, b, p.h);
  const auto a = coefficients<W, channels_last>(s, b, p.a);
  const Marks reset = marks_of(s, b);
  Vec a_tile[steps * W], tile[steps * W];
  Int marks[steps];
  if (!s.a_per_step) fill_constant<W>(s, b, p.a, a_tile, steps);
  for (int64_t done = from; done < to; done += steps) {
    const int64_t count = to - done < steps ? to - done : steps;
    const int64_t t = reverse ? s.length - done - count : done;
    x.load(t, count, tile);
    if (s.a_per_step) a.load(t, count, a_tile);
    if (reset.n > 0 && reset.load(t, count, marks)) {
      for (int64_t j = 0; j < count; ++j) {
        const int64_t k = reverse ? count - 1 - j : j;
        const auto x_k = get<W>(tile, k);
        state = choose(marks[k], x_k, multiply_add(get<W>(a_tile, k), state, x_k));
        put<W>(tile, k, state);
      }
    } else if (count == steps) {
#pragma GCC unroll 16
      for (int64_t j = 0; j < steps; ++j) {
        const int64_t k = reverse ? steps - 1 - j : j;
        state = multiply_add(get<W>(a_tile, k), state, get<W>(tile, k));
        put<W>(tile, k, state);
      }
    } else {
      for (int64_t j = 0; j < count; ++j) {
        const int64_t k = reverse ? count - 1 - j : j;
        state = multiply_add(get<W>(a_tile, k), state, get<W>(tile, k));
        put<W>(tile, k, state);
      }
    }
    h.store(t, count, tile);
  }
}

template <int W, typename T>
Number<double, W> number_at(const T* p, int64_t t) {
  Number<double, W> number{};
  for (int w = 0; p && w < W; ++w) number.part[w] = p[t * W + w];
  return number;
}
template <int W, typename T>
void write(T* p, int64_t t, const Number<double, W>& number) {
  for (int w = 0; w < W; ++w) p[t * W + w] = T(number.part[w]);
}

// One channel alone, time last: nothing to put side by side.
template <int W, bool reverse, typename T, typename S>
void forward_single(const LinearRecurrence<T, S>& p, int64_t row) {
  const Shape& s = p.shape;
  const T* const x = p.x + row * s.length * W;
  const T* const a = p.a + coefficients_at(s, row) * W;
  T* const h = p.h + row * s.length * W;
  const std::uint8_t* const reset = s.reset ? marks_of(s, {row, 1}).row[0] : nullptr;
  auto state = number_at<W>(p.h0, row);
  for (int64_t i = 0; i < s.length; ++i) {
    const int64_t t = reverse ? s.length - 1 - i : i;
    const auto x_t = number_at<W>(x, t);
    state = reset && reset[t] ? x_t : multiply_add(number_at<W>(a, s.a_per_step ? t : 0), state, x_t);
    write<W>(h, t, state);
  }
  write<W>(p.hT, row, state);
}

// The same backward: steps [from, to) in the order of running back; `sum` gathers the gradient of a constant a.
template <int W, bool channels_last, bool reverse, typename T, typename S>
void backward(const LinearRecurrenceBackward<T, S>& p, const Block& b, int64_t from, int64_t to, Number<Vec, W>& carry,
              Number<Vec, W>& sum) {
  const Shape& s = p.shape;
  constexpr int64_t steps = tile_steps<T, W>;
  const auto grad_h = signal<W, channels_last>(s, b, p.grad_h);
  const auto h = signal<W, channels_last>(s, b, p.h);
  const auto a = coefficients<W, channels_last>(s, b, p.a);
  const auto grad_x = signal<W, channels_last>(s, b, p.grad_x);
  const auto grad_a = signal<W, channels_last>(s, b, p.grad_a);
  const Marks reset = marks_of(s, b);
  Vec a_tile[steps * W], tile[steps * W], before[steps * W];
  Int marks[steps];
  if (!s.a_per_step) fill_constant<W>(s, b, p.a, a_tile, steps);
  const auto h0 = load_numbers<W>(p.h0 ? p.h0 + b.first * W : nullptr, b.n);
  for (int64_t done = from; done < to; done += steps) {
    const int64_t count = to - done < steps ? to - done : steps;
    const int64_t t = reverse ? done : s.length - done - count;
    grad_h.load(t, count, tile);
    if (s.a_per_step) a.load(t, count, a_tile);
    // The states before these steps, in the order of running.
    if constexpr (reverse) {
      const bool first = t + count == s.length;
      h.load(t + 1, first ? count - 1 : count, before);
      if (first) put<W>(before, count - 1, h0);
    } else if (t > 0) {
      h.load(t - 1, count, before);
    } else {
      h.load(0, count, before);
      for (int64_t j = count - 1; j > 0; --j) put<W>(before, j, get<W>(before, j - 1));
      put<W>(before, 0, h0);
    }
    const bool any = reset.n > 0 && reset.load(t, count, marks);
    const auto step = [&](int64_t k) {
      const auto g = plus(get<W>(tile, k), carry);
      auto slope = conj_times(get<W>(before, k), g);
      carry = conj_times(get<W>(a_tile, k), g);
      if (any) {
        slope = choose<W>(marks[k], {}, slope);
        carry = choose<W>(marks[k], {}, carry);
      }
      put<W>(tile, k, g);
      put<W>(before, k, slope);
    };
    if (count == steps) {
#pragma GCC unroll 16
      for (int64_t j = 0; j < steps; ++j) step(reverse ? j : steps - 1 - j);
    } else {
      for (int64_t j = 0; j < count; ++j) step(reverse ? j : count - 1 - j);
    }
    grad_x.store(t, count, tile);
    if (s.a_per_step) {
      grad_a.store(t, count, before);
    } else {
      for (int64_t j = 0; j < count; ++j) sum = plus(sum, get<W>(before, reverse ? j : count - 1 - j));
    }
  }
}

// With channels last, the blocks of an item take turns every so many steps, so that whole lines of memory are used up
// while they are at hand.
inline constexpr int64_t turn = 64;
template <bool channels_last>
inline constexpr int64_t most_blocks = channels_last ? linear_recurrence_rows_last / lanes : 1;

template <int W, bool channels_last, bool reverse, typename T, typename S>
void forward_rows(const LinearRecurrence<T, S>& p, const Block& rows) {
  const Shape& s = p.shape;
  Number<Vec, W> state[most_blocks<channels_last>];
  Block blocks[most_blocks<channels_last>];
  int64_t n = 0;
  for (int64_t c = 0; c < rows.n; c += lanes, ++n) {
    blocks[n] = {rows.first + c, rows.n - c < lanes ? rows.n - c : lanes};
    state[n] = load_numbers<W>(p.h0 ? p.h0 + blocks[n].first * W : nullptr, blocks[n].n);
  }
  const int64_t stride = channels_last && n > 1 ? turn : s.length;
  for (int64_t from = 0; from < s.length; from += stride) {
    const int64_t to = s.length - from < stride ? s.length : from + stride;
    for (int64_t k = 0; k < n; ++k) forward<W, channels_last, reverse>(p, blocks[k], from, to, state[k]);
  }
  for (int64_t k = 0; k < n; ++k) store_numbers<W>(p.hT + blocks[k].first * W, blocks[k].n, state[k]);
}

template <int W, bool channels_last, bool reverse, typename T, typename S>
void backward_rows(const LinearRecurrenceBackward<T, S>& p, const Block& rows) {
  const Shape& s = p.shape;
  Number<Vec, W> carry[most_blocks<channels_last>], sum[most_blocks<channels_last>] = {};
  Block blocks[most_blocks<channels_last>];
  int64_t n = 0;
  for (int64_t c = 0; c < rows.n; c += lanes, ++n) {
    blocks[n] = {rows.first + c, rows.n - c < lanes ? rows.n - c : lanes};
    carry[n] = load_numbers<W>(p.grad_hT ? p.grad_hT + blocks[n].first * W : nullptr, blocks[n].n);
  }
  const int64_t stride = channels_last && n > 1 ? turn : s.length;
  for (int64_t from = 0; from < s.length; from += stride) {
    const int64_t to = s.length - from < stride ? s.length : from + stride;
    for (int64_t k = 0; k < n; ++k) backward<W, channels_last, reverse>(p, blocks[k], from, to, carry[k], sum[k]);
  }
  for (int64_t k = 0; k < n; ++k) {
    if (!s.a_per_step) store_numbers<W>(p.grad_a + blocks[k].first * W, blocks[k].n, sum[k]);
    if (p.grad_h0) store_numbers<W>(p.grad_h0 + blocks[k].first * W, blocks[k].n, carry[k]);
  }
}

// Calls work(rows) for the items [begin, end), cut to blocks of lanes if time is last.
template <typename Work>
void for_items(const Shape& s, int64_t begin, int64_t end, const Work& work) {
  const int64_t group = s.channels_last ? s.n_channels : s.n_series * s.n_channels;  // rows that may share an item
  const int64_t rows = linear_recurrence_item_rows(s), most = s.channels_last ? rows : lanes;
  const int64_t items = (group + rows - 1) / rows;
  for (int64_t item = begin; item < end; ++item) {
    const int64_t origin = item / items * group, start = item % items * rows;
    const int64_t last = start + rows < group ? start + rows : group;
    for (int64_t first = start; first < last; first += most) {
      work(Block{origin + first, last - first < most ? last - first : most});
    }
  }
}

// Calls work(W, channels_last, reverse), each a constant.
template <typename Work>
void with_kind(const Shape& s, const Work& work) {
  const auto for_direction = [&](auto W, auto channels_last) {
    s.reverse ? work(W, channels_last, std::true_type{}) : work(W, channels_last, std::false_type{});
  };
  const auto for_layout = [&](auto W) {
    s.channels_last ? for_direction(W, std::true_type{}) : for_direction(W, std::false_type{});
  };
  s.is_complex ? for_layout(std::integral_constant<int, 2>{}) : for_layout(std::integral_constant<int, 1>{});
}

}  // namespace

template <typename T, typename S>
void linear_recurrence_kernel(const LinearRecurrence<T, S>& a, int64_t begin, int64_t end) noexcept {
  with_kind(a.shape, [&](auto W, auto channels_last, auto reverse) {
    for_items(a.shape, begin, end, [&](const Block& rows) {
      if constexpr (!channels_last()) {
        if (rows.n == 1) return forward_single<W(), reverse()>(a, rows.first);
      }
      forward_rows<W(), channels_last(), reverse()>(a, rows);
    });
  });
}

template <typename T, typename S>
void linear_recurrence_backward_kernel(const LinearRecurrenceBackward<T, S>& a, int64_t begin, int64_t end) noexcept {
  with_kind(a.shape, [&](auto W, auto channels_last, auto reverse) {
    for_items(a.shape, begin, end, [&](const Block& rows) { backward_rows<W(), channels_last(), reverse()>(a, rows); });
  });
}

#define MAREY_INSTANTIATE(T, S)                                                                     \
  template void linear_recurrence_kernel(const LinearRecurrence<T, S>&, int64_t, int64_t) noexcept; \
  template void linear_recurrence_backward_kernel(const LinearRecurrenceBackward<T, S>&, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(float, double)
MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan::MAREY_LEVEL
