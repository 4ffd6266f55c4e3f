// The gradient of a cascade: the filter run backward in time, and the sums for its coefficients in the same pass.
// cascade.hpp has the equations.
//
// The sections' signals are not kept by the forward pass: its states are found again at every tile's start, then each
// tile is filtered once more just before the time-reversed pass needs it. O(T) work in three sweeps, one if only the
// signal's gradient is wanted; memory of a state a tile. Included by kernel sources only.
#pragma once
#include "marey/filters/cascade_kernel.hpp"

namespace marey::filters::MAREY_LEVEL {

inline constexpr int64_t backward_steps = 256;

// One section backward over a tile: grad holds dL/dy and becomes dL/dx, l is dL/dz; x and y are the section's signals.
template <int K, bool sums>
[[gnu::always_inline]] inline void pass_backward(int64_t order, const Vec* b, const Vec* minus_a, Vec* l, Vec* grad,
                                                 const Vec* x, const Vec* y, Vec* grad_k, int64_t count,
                                                 const Int* reset) {
  const int64_t n = K == 0 ? order : K;
  for (int64_t j = count - 1; j >= 0; --j) {
    Vec Y = grad[j];
    for (int64_t i = n - 1; i >= 0; --i) Y = madd(minus_a[i], l[i], Y);
    Vec out = b[0] * Y;
    for (int64_t i = 0; i < n; ++i) out = madd(b[i + 1], l[i], out);
    grad[j] = out;
    if constexpr (sums) {
      grad_k[0] = madd(Y, x[j], grad_k[0]);
      for (int64_t i = 0; i < n; ++i) {
        grad_k[1 + i] = madd(l[i], x[j], grad_k[1 + i]);
        grad_k[1 + n + i] = madd(-l[i], y[j], grad_k[1 + n + i]);
      }
    }
    for (int64_t i = n - 1; i > 0; --i) l[i] = l[i - 1];
    l[0] = Y;
    if (reset) {
      for (int64_t i = 0; i < n; ++i) l[i] = select(reset[j], Vec{}, l[i]);
    }
  }
}

// The same with everything a compile-time order allows in registers.
template <int K, bool sums>
void pass_backward_fixed(const Vec* b, const Vec* minus_a, Vec* l, Vec* grad, const Vec* x, const Vec* y, Vec* grad_k,
                         int64_t count, const Int* reset) {
  Vec b_[K + 1], minus_a_[K], l_[K], grad_k_[2 * K + 1];
  for (int i = 0; i <= K; ++i) b_[i] = b[i];
  for (int i = 0; i < K; ++i) minus_a_[i] = minus_a[i], l_[i] = l[i];
  for (int i = 0; sums && i < 2 * K + 1; ++i) grad_k_[i] = grad_k[i];
  pass_backward<K, sums>(K, b_, minus_a_, l_, grad, x, y, grad_k_, count, reset);
  for (int i = 0; i < K; ++i) l[i] = l_[i];
  for (int i = 0; sums && i < 2 * K + 1; ++i) grad_k[i] = grad_k_[i];
}

template <int K, typename T>
void backward(const CascadeBackward<T>& a, int64_t first, int64_t n, Arena arena) {
  const Cascade& cascade = a.cascade;
  const int64_t length = cascade.length, sections = cascade.n_sections, order = cascade.order;
  const int64_t width = cascade.width(), states = sections * order;
  const bool sums = a.grad_coefficients != nullptr;
  Filter<Vec, K> filter(cascade, first, n, arena);
  Vec* b = arena.take<Vec>(sections * (order + 1));
  Vec* l = arena.take<Vec>(states);
  Vec* grad_k = arena.take<Vec>(sections * width);
  Vec* grad = arena.take<Vec>(backward_steps);
  Int* reset = arena.take<Int>(backward_steps);
  Vec* signals = arena.take<Vec>(sums ? (sections + 1) * backward_steps : 0);
  Vec* starts = arena.take<Vec>(0);  // the state at every tile's start, as long as the signal asks

  for (int64_t s = 0; s < sections; ++s) {
    for (int64_t i = 0; i <= order; ++i) {
      Vec v{};
      for (int64_t c = 0; c < n; ++c) {
        v[c] = cascade.coefficients[((cascade.per_channel ? first + c : 0) * sections + s) * width + i];
      }
      b[s * (order + 1) + i] = v;
    }
  }
  for (int64_t i = 0; i < sections * width; ++i) grad_k[i] = Vec{};
  filter.load_state(a.grad_zf, l);

  const auto steps_from = [&](int64_t t) { return length - t < backward_steps ? length - t : backward_steps; };
  if (sums) {
    filter.load_state(a.zi, filter.state);
    for (int64_t t = 0; t < length; t += backward_steps) {
      for (int64_t i = 0; i < states; ++i) starts[t / backward_steps * states + i] = filter.state[i];
      if (t + backward_steps >= length) break;
      load_tile<false>(a.x + first * length + t, length, n, backward_steps, signals);
      filter.run(signals, backward_steps, filter.load_reset(t, backward_steps, reset) ? reset : nullptr);
    }
  }

  for (int64_t t = (length - 1) / backward_steps * backward_steps; t >= 0 && length > 0; t -= backward_steps) {
    const int64_t count = steps_from(t), start = first * length + t;
    const Int* marks = filter.load_reset(t, count, reset) ? reset : nullptr;
    load_tile<false>(a.grad_y + start, length, n, count, grad);
    if (sums) {
      for (int64_t i = 0; i < states; ++i) filter.state[i] = starts[t / backward_steps * states + i];
      load_tile<false>(a.x + start, length, n, count, signals);
      for (int64_t s = 0; s < sections; ++s) {
        Vec* y = signals + (s + 1) * backward_steps;
        for (int64_t j = 0; j < count; ++j) y[j] = y[j - backward_steps];
        filter.run(s, s + 1, y, count, marks);
      }
    }
    for (int64_t s = sections - 1; s >= 0; --s) {
      const Vec *k = b + s * (order + 1), *minus_a = filter.minus_a(s), *x = signals + s * backward_steps;
      Vec *l_s = l + s * order, *grad_s = grad_k + s * width;
      if constexpr (K == 0) {
        (sums ? pass_backward<0, true> : pass_backward<0, false>)(order, k, minus_a, l_s, grad, x, x + backward_steps,
                                                                  grad_s, count, marks);
      } else {
        (sums ? pass_backward_fixed<K, true> : pass_backward_fixed<K, false>)(k, minus_a, l_s, grad, x,
                                                                              x + backward_steps, grad_s, count, marks);
      }
    }
    store_tile<false>(a.grad_x + start, length, n, count, grad);
  }

  filter.store_state(l, a.grad_zi);
  for (int64_t c = 0; sums && c < n; ++c) {
    double* out = a.grad_coefficients + (first + c) * sections * width;
    for (int64_t i = 0; i < sections * width; ++i) out[i] = grad_k[i][c];
  }
}

template <int K, typename T>
void backward_items(const CascadeBackward<T>& a, int64_t begin, int64_t end, double* scratch) {
  for (int64_t first = begin * 8; first < end * 8 && first < a.cascade.n_channels; first += lanes) {
    const int64_t left = a.cascade.n_channels - first;
    backward<K>(a, first, left < lanes ? left : lanes, Arena(scratch));
  }
}

}  // namespace marey::filters::MAREY_LEVEL
