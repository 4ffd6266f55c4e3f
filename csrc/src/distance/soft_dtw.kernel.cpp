// soft_dtw: anti-diagonals k = i + j, of which three lines are kept, indexed by i.
#include "marey/distance/soft_dtw.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "marey/distance/lanes.hpp"

namespace marey::distance::MAREY_LEVEL {

namespace {

// Farther than any path, and no infinity: inf - inf would be NaN where a cell looks past the table.
template <typename T>
inline constexpr T nowhere = sizeof(T) == 4 ? T(1e37) : T(1e300);

// log of a sum of three exponentials of which one is 1: 1 <= s <= 3, so that s / sqrt(3) is near 1.
template <typename V, typename T>
V log_of_sum(V s, T) {
  return log1p_of_fraction(s * T(0.57735026918962576) - T(1)) + T(0.54930614433405485);
}

template <typename T>
class Table {
 public:
  explicit Table(const SoftDtw<T>& a) : a(a), x(a.channels * (a.n + pad)), y(a.channels * (a.m + pad)) {
    for (auto& line : lines) line.resize(a.n + 3 + pad);
  }

  // False where there is no path, or a value is not finite; `value` then says which.
  bool take(std::int64_t pair, T& value) {
    n = a.x_length == nullptr ? a.n : a.x_length[pair];
    m = a.y_length == nullptr ? a.m : a.y_length[pair];
    bool finite = true;
    for (std::int64_t c = 0; c < a.channels; ++c) {
      const T *from_x = a.x + (pair * a.channels + c) * a.n, *from_y = a.y + (pair * a.channels + c) * a.m;
      for (std::int64_t i = 0; i < n; ++i) {
        finite &= std::isfinite(from_x[i]);
        x[c * (a.n + pad) + i] = from_x[i];
      }
      for (std::int64_t j = 0; j < m; ++j) {
        finite &= std::isfinite(from_y[j]);
        y[c * (a.m + pad) + m - 1 - j] = from_y[j];
      }
    }
    const bool has_path = n > 0 && m > 0 && std::abs(n - m) <= a.window;
    value = !finite            ? std::numeric_limits<T>::quiet_NaN()
            : n == 0 && m == 0 ? T(0)
                               : std::numeric_limits<T>::infinity();
    return finite && has_path;
  }

  std::int64_t low(std::int64_t k) const {
    const std::int64_t in_band = k > a.window ? (k - a.window + 1) / 2 : 0;
    return std::max({std::int64_t(0), k - m + 1, in_band});
  }
  std::int64_t high(std::int64_t k) const {
    const std::int64_t in_band = a.window < k ? (k + a.window) / 2 : k;
    return std::min({n - 1, k, in_band});
  }
  std::int64_t diagonals() const { return n + m - 1; }

  // The value; where the weights are to be kept, those of cell i of diagonal k lie at start[k] + i of `weights`.
  template <bool keep>
  T fill() {
    using V = VecOf<T>;
    if constexpr (keep) make_room();
    // line(k)[i + 1] is cell i of diagonal k; what lies beside a diagonal's cells is nowhere.
    for (auto& line : lines) std::fill(line.begin(), line.end(), nowhere<T>);
    line(-2)[0] = 0;
    const T minus_inverse = -1 / a.gamma;
    for (std::int64_t k = 0; k < diagonals(); ++k) {
      const std::int64_t from = low(k), to = high(k);
      T* const here = line(k);
      const T *const last = line(k - 1), *const before = line(k - 2);
      for (std::int64_t i = from; i <= to; i += width<T>) {
        const V up = row(last + i), left = row(last + i + 1), corner = row(before + i);
        const V least = lesser(lesser(up, left), corner);
        const V e_up = exp((up - least) * minus_inverse), e_left = exp((left - least) * minus_inverse);
        const V e_corner = exp((corner - least) * minus_inverse);
        const V total = (e_up + e_left) + e_corner;
        store_first(here + i + 1, cost(i, k) + madd(broadcast(-a.gamma), log_of_sum(total, T()), least), to - i + 1);
        if constexpr (keep) {
          const V share = T(1) / total;
          T* const w = weights.data() + 3 * start[k] + 3 * (i - from);
          store(w, e_up * share);
          store(w + width<T>, e_left * share);
          store(w + 2 * width<T>, e_corner * share);
        }
      }
      here[from] = here[to + 2] = nowhere<T>;
    }
    return line(diagonals() - 1)[n];
  }

  // The gradients of `scale` times the value, after fill<true>. The lines hold what each cell of a diagonal sends to
  // its three predecessors, indexed as in fill; beside a diagonal's cells nothing is sent.
  void back(T scale, T* grad_x, T* grad_y, std::int64_t pair) {
    using V = VecOf<T>;
    x_grad.assign(x.size(), 0);
    y_grad.assign(y.size(), 0);
    for (auto* set : {up_flow, left_flow, lines}) {
      for (int l = 0; l < 3; ++l) set[l].assign(lines[0].size(), 0);
    }
    const std::int64_t end = diagonals() - 1;
    for (std::int64_t k = end; k >= 0; --k) {
      const std::int64_t from = low(k), to = high(k);
      T *const up = up_flow[k % 3].data(), *const left = left_flow[k % 3].data(), *const corner = line(k);
      const T *const up_in = up_flow[(k + 1) % 3].data(), *const left_in = left_flow[(k + 1) % 3].data();
      const T* const corner_in = line(k + 2);
      for (std::int64_t i = from; i <= to; i += width<T>) {
        const std::int64_t many = to - i + 1;
        const V e = k == end ? broadcast(scale) : (row(up_in + i + 2) + row(left_in + i + 1)) + row(corner_in + i + 2);
        const T* const w = weights.data() + 3 * start[k] + 3 * (i - from);
        store_first(up + i + 1, e * row(w), many);
        store_first(left + i + 1, e * row(w + width<T>), many);
        store_first(corner + i + 1, e * row(w + 2 * width<T>), many);
        for (std::int64_t c = 0; c < a.channels; ++c) {
          T* const to_x = x_grad.data() + c * (a.n + pad) + i;
          T* const to_y = y_grad.data() + c * (a.m + pad) + m - 1 - k + i;
          const V d = difference(c, i, k) * e;
          store_first(to_x, row(to_x) + d, many);
          store_first(to_y, row(to_y) - d, many);
        }
      }
      for (T* flow : {up, left, corner}) flow[from] = flow[to + 2] = 0;
    }
    for (std::int64_t c = 0; c < a.channels; ++c) {
      T *const to_x = grad_x + (pair * a.channels + c) * a.n, *const to_y = grad_y + (pair * a.channels + c) * a.m;
      for (std::int64_t i = 0; i < a.n; ++i) to_x[i] = i < n ? 2 * x_grad[c * (a.n + pad) + i] : T(0);
      for (std::int64_t j = 0; j < a.m; ++j) to_y[j] = j < m ? 2 * y_grad[c * (a.m + pad) + m - 1 - j] : T(0);
    }
  }

 private:
  static constexpr std::int64_t pad = width<T>;  // a vector may begin at the last cell

  T* line(std::int64_t k) { return lines[(k + 3) % 3].data(); }

  VecOf<T> difference(std::int64_t c, std::int64_t i, std::int64_t k) const {
    return row(x.data() + c * (a.n + pad) + i) - row(y.data() + c * (a.m + pad) + m - 1 - k + i);
  }
  VecOf<T> cost(std::int64_t i, std::int64_t k) const {
    VecOf<T> total{};
    for (std::int64_t c = 0; c < a.channels; ++c) {
      const VecOf<T> d = difference(c, i, k);
      total = madd(d, d, total);
    }
    return total;
  }

  void make_room() {
    start.resize(diagonals());
    std::int64_t at = 0;
    for (std::int64_t k = 0; k < diagonals(); ++k) {
      start[k] = at;
      at += std::max<std::int64_t>(0, high(k) - low(k) + width<T>) / width<T> * width<T>;  // whole vectors
    }
    weights.resize(3 * at);
  }

  const SoftDtw<T>& a;
  std::int64_t n = 0, m = 0;
  std::vector<T> x, y, x_grad, y_grad, weights, lines[3], up_flow[3], left_flow[3];
  std::vector<std::int64_t> start;
};

}  // namespace

template <typename T>
void soft_dtw_kernel(const SoftDtw<T>& a, T* out, std::int64_t first, std::int64_t last) {
  Table<T> table(a);
  for (std::int64_t pair = first; pair < last; ++pair) {
    if (table.take(pair, out[pair])) out[pair] = table.template fill<false>();
  }
}

template <typename T>
void soft_dtw_backward_kernel(const SoftDtw<T>& a, const T* grad, T* grad_x, T* grad_y, std::int64_t first,
                              std::int64_t last) {
  Table<T> table(a);
  for (std::int64_t pair = first; pair < last; ++pair) {
    T value;
    if (table.take(pair, value)) {
      table.template fill<true>();
      table.back(grad[pair], grad_x, grad_y, pair);
    } else {
      const T flat = std::isnan(value) ? value : T(0);
      std::fill_n(grad_x + pair * a.channels * a.n, a.channels * a.n, flat);
      std::fill_n(grad_y + pair * a.channels * a.m, a.channels * a.m, flat);
    }
  }
}

template void soft_dtw_kernel(const SoftDtw<float>&, float*, std::int64_t, std::int64_t);
template void soft_dtw_kernel(const SoftDtw<double>&, double*, std::int64_t, std::int64_t);
template void soft_dtw_backward_kernel(const SoftDtw<float>&, const float*, float*, float*, std::int64_t, std::int64_t);
template void soft_dtw_backward_kernel(const SoftDtw<double>&, const double*, double*, double*, std::int64_t,
                                       std::int64_t);

}  // namespace marey::distance::MAREY_LEVEL
