// s5_scan and its gradient: one state a SIMD lane, a tile of steps at a time (scan/numbers.hpp), discretised as it goes
// (scan/hold.hpp).
//
// Every element goes through the same operations wherever it lies in a tile, a block or a batch, so chunks, batch order
// and threads change no bit.
#include "marey/scan/s5_scan.hpp"

#include <algorithm>

#include "marey/scan/hold.hpp"

namespace marey::scan::MAREY_LEVEL {

namespace {

// States first .. first + n of a series.
struct Block {
  int64_t series, first, n;
  int64_t state(const S5ScanShape& s) const { return (series * s.n_states + first) * 2; }
};

template <bool channels_last, typename T>
Signal<T, 2, channels_last> signal(const S5ScanShape& s, const Block& b, T* p) {
  Signal<T, 2, channels_last> x;
  x.n = b.n;
  x.stride = s.n_states;
  const int64_t origin = b.series * s.n_states * s.length;
  for (int64_t c = 0; c < (channels_last ? 1 : lanes); ++c) {
    x.row[c] = p + (channels_last ? origin + b.first : origin + (b.first + (c < b.n ? c : 0)) * s.length) * 2;
  }
  return x;
}

// The hold of a step; that of the step before where the time step is the same, as on a regular grid.
class Holds {
 public:
  explicit Holds(const Pole& pole) : pole_(pole) {}

  const Hold& at(double dt, bool with_slope) {
    if (dt != last_) {
      held_ = pole_.over(dt, with_slope ? &slope_ : nullptr);
      last_ = dt;
    }
    return held_;
  }
  const Complex& slope() const { return slope_; }

 private:
  Pole pole_;
  Hold held_{};
  Complex slope_{};
  double last_ = std::numeric_limits<double>::quiet_NaN();
};

template <bool channels_last, typename T, typename S>
void forward(const S5Scan<T, S>& p, const Block& b) {
  const S5ScanShape& s = p.shape;
  constexpr int64_t steps = tile_steps<T, 2>;
  const auto x = signal<channels_last>(s, b, p.x);
  const auto h = signal<channels_last>(s, b, p.h);
  const T* const dt = p.dt + b.series * s.length;
  const std::uint8_t* const reset = s.reset ? s.reset + b.series * s.length : nullptr;
  Holds holds(Pole(load_numbers<2>(p.Lambda + 2 * b.first, b.n)));
  auto state = load_numbers<2>(p.h0 ? p.h0 + b.state(s) : nullptr, b.n);
  Vec tile[steps * 2];
  for (int64_t t = 0; t < s.length; t += steps) {
    const int64_t count = std::min(steps, s.length - t);
    x.load(t, count, tile);
    for (int64_t j = 0; j < count; ++j) {
      const Hold& held = holds.at(dt[t + j], false);
      const Complex driven = times(held.drive, get<2>(tile, j));
      state = reset && reset[t + j] ? driven : multiply_add(held.decay, state, driven);
      put<2>(tile, j, state);
    }
    h.store(t, count, tile);
  }
  store_numbers<2>(p.hT + b.state(s), b.n, state);
}

template <bool channels_last, typename T, typename S>
void backward(const S5ScanBackward<T, S>& p, const Block& b, double* Lambda_sums, double* dt_sums) {
  const S5ScanShape& s = p.shape;
  constexpr int64_t steps = tile_steps<T, 2>;
  const auto grad_h = signal<channels_last>(s, b, p.grad_h);
  const auto h = signal<channels_last>(s, b, p.h);
  const auto x = signal<channels_last>(s, b, p.x);
  const auto grad_x = signal<channels_last>(s, b, p.grad_x);
  const T* const dt = p.dt + b.series * s.length;
  const std::uint8_t* const reset = s.reset ? s.reset + b.series * s.length : nullptr;
  const Complex Lambda = load_numbers<2>(p.Lambda + 2 * b.first, b.n);
  const auto h0 = load_numbers<2>(p.h0 ? p.h0 + b.state(s) : nullptr, b.n);
  Holds holds{Pole(Lambda)};
  auto carry = load_numbers<2>(p.grad_hT ? p.grad_hT + b.state(s) : nullptr, b.n);
  Complex grad_Lambda{};
  Vec tile[steps * 2], before[steps * 2], input[steps * 2];
  for (int64_t done = 0; done < s.length; done += steps) {
    const int64_t count = std::min(steps, s.length - done), t = s.length - done - count;
    grad_h.load(t, count, tile);
    x.load(t, count, input);
    if (t > 0) {
      h.load(t - 1, count, before);
    } else {
      h.load(0, count, before);
      for (int64_t j = count - 1; j > 0; --j) put<2>(before, j, get<2>(before, j - 1));
      put<2>(before, 0, h0);
    }
    for (int64_t j = count - 1; j >= 0; --j) {
      const double gap = dt[t + j];
      const Hold& held = holds.at(gap, true);
      const Complex g = plus(get<2>(tile, j), carry), x_j = get<2>(input, j);
      const Complex h_j = reset && reset[t + j] ? Complex{} : get<2>(before, j);
      carry = reset && reset[t + j] ? Complex{} : conj_times(held.decay, g);
      put<2>(tile, j, conj_times(held.drive, g));
      // After an endless gap nothing of the state is left to move, and 0 * inf would read NaN.
      const Int gone = held.decay.part[0] == 0.0 && held.decay.part[1] == 0.0;
      const Complex moved = choose<2>(gone, Complex{}, times(splat(gap), times(held.decay, h_j)));
      grad_Lambda = plus(grad_Lambda, conj_times(plus(moved, times(holds.slope(), x_j)), g));
      const Complex drift = times(held.decay, multiply_add(Lambda, h_j, x_j));
      const Vec along = conj_times(drift, g).part[0];
      double sum = 0.0;
      for (int64_t c = 0; c < b.n; ++c) sum += along[c];
      dt_sums[t + j] += sum;
    }
    grad_x.store(t, count, tile);
  }
  store_numbers<2>(Lambda_sums, b.n, grad_Lambda);
  if (p.grad_h0) store_numbers<2>(p.grad_h0 + b.state(s), b.n, carry);
}

// Calls work(block, item) for the blocks of lanes of the items [begin, end).
template <typename Work>
void for_blocks(const S5ScanShape& s, int64_t begin, int64_t end, const Work& work) {
  const int64_t blocks = s5_scan_blocks(s);
  for (int64_t item = begin; item < end; ++item) {
    const int64_t last = std::min(s.n_states, (item % blocks + 1) * s5_scan_rows);
    for (int64_t first = item % blocks * s5_scan_rows; first < last; first += lanes) {
      work(Block{item / blocks, first, std::min<int64_t>(lanes, last - first)}, item % blocks);
    }
  }
}

}  // namespace

template <typename T, typename S>
void s5_scan_kernel(const S5Scan<T, S>& a, int64_t begin, int64_t end) noexcept {
  for_blocks(a.shape, begin, end,
             [&](const Block& b, int64_t) { a.shape.channels_last ? forward<true>(a, b) : forward<false>(a, b); });
}

template <typename T, typename S>
void s5_scan_backward_kernel(const S5ScanBackward<T, S>& a, double* workspace, int64_t begin, int64_t end) noexcept {
  const S5ScanShape& s = a.shape;
  double* const of_block = workspace + 2 * s.n_series * s.n_states;
  for_blocks(s, begin, end, [&](const Block& b, int64_t block) {
    // Narrower lanes make several passes over an item: each adds to what the one before left.
    double* const Lambda_sums = workspace + b.state(s);
    double* const dt_sums = of_block + (block * s.n_series + b.series) * s.length;
    if (b.first % s5_scan_rows == 0) std::fill_n(dt_sums, s.length, 0.0);
    s.channels_last ? backward<true>(a, b, Lambda_sums, dt_sums) : backward<false>(a, b, Lambda_sums, dt_sums);
  });
}

#define MAREY_INSTANTIATE(T, S)                                                 \
  template void s5_scan_kernel(const S5Scan<T, S>&, int64_t, int64_t) noexcept; \
  template void s5_scan_backward_kernel(const S5ScanBackward<T, S>&, double*, int64_t, int64_t) noexcept;
MAREY_INSTANTIATE(float, float)
MAREY_INSTANTIATE(float, double)
MAREY_INSTANTIATE(double, double)

}  // namespace marey::scan::MAREY_LEVEL
