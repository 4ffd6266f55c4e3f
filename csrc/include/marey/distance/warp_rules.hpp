// What the elastic distances make of a cell's three predecessors. Included by kernel sources only.
//
// `cell` is the value of cell (i, j) of stream q. `bordered` rules reach the cells before either series' first step, at
// x_border or y_border a step; for the others these are out of reach. `clips`: steps that the band keeps from the other
// series count as unmatched, where other rules have no path then.
#pragma once
#include <algorithm>
#include <vector>

#include "marey/distance/warp.hpp"

namespace marey::distance::MAREY_LEVEL {

template <typename V>
V least_of(V a, V b, V c) {
  return lesser(lesser(a, b), c);
}

// before_block fills the gaps of a block of y, before_group what a rule must know of the pairs in the streams, and
// value makes the distance of the last cell.
template <typename T>
struct Rule {
  using V = VecOf<T>;
  static constexpr bool bordered = false, clips = false;
  static constexpr bool by_channel = false;  // the sum of the channels' distances

  template <typename S>
  V x_gap(const S&) const {
    return V{};
  }
  void before_block(Block<T>&, std::int64_t) const {}
  template <typename X, typename Pair>
  void before_group(const Stream<T, X> (&)[streams], Pair) const {}
  T value(std::int64_t, std::int64_t, T end) const { return end; }
  // Of a series without steps from one of n.
  T of_empty(const T*, std::int64_t, std::int64_t, std::int64_t, std::int64_t) const {
    return std::numeric_limits<T>::infinity();
  }
};

template <typename T>
struct Dtw : Rule<T> {
  using V = VecOf<T>;

  template <typename X>
  V cell(const Steps<T, X, true>& s, std::int64_t j, int, V up, V diagonal, V left) const {
    const V d = s.now - s.y[j];
    return madd(d, d, least_of(up, diagonal, left));
  }
  template <typename X>
  V cell(const Steps<T, X, false>& s, std::int64_t j, int, V up, V diagonal, V left) const {
    return s.square(j) + least_of(up, diagonal, left);
  }
};

// A weight for each |i - j|, by the longer series of a pair.
template <typename T>
struct Wdtw : Rule<T> {
  using V = VecOf<T>;
  T g;
  std::vector<V> weights;  // [|i - j|][streams]
  V longer[streams] = {};

  explicit Wdtw(T g) : g(g) {}

  template <typename X, typename Pair>
  void before_group(const Stream<T, X> (&s)[streams], Pair) {
    std::int64_t most = 0;
    bool same = true;
    for (int q = 0; q < streams; ++q) {
      for (std::int64_t l = 0; l < width<T>; ++l) {
        const std::int64_t n = std::max(s[q].x.length(l), s[q].y->lengths[l]);
        same &= longer[q][l] == T(n);
        longer[q][l] = n;
        most = std::max(most, n);
      }
    }
    most = std::max({most, s[0].y->longest, s[1].y->longest, s[2].y->longest, s[3].y->longest});
    if (same && std::int64_t(weights.size()) >= most * streams) return;
    weights.resize(most * streams);
    for (std::int64_t apart = 0; apart < most; ++apart) {
      for (int q = 0; q < streams; ++q) {
        weights[apart * streams + q] = T(1) / (exp((longer[q] * T(0.5) - T(apart)) * g) + T(1));
      }
    }
  }
  template <typename S>
  V cell(const S& s, std::int64_t j, int q, V up, V diagonal, V left) const {
    const std::int64_t apart = s.i > j ? s.i - j : j - s.i;
    return madd(s.square(j), weights[apart * streams + q], least_of(up, diagonal, left));
  }
};

// Minus the number of matches.
template <typename T>
struct Lcss : Rule<T> {
  using V = VecOf<T>;
  static constexpr bool bordered = true, clips = true;
  T epsilon;

  explicit Lcss(T epsilon) : epsilon(epsilon) {}

  template <typename S>
  V cell(const S& s, std::int64_t j, int, V up, V diagonal, V left) const {
    return select(s.distance(j) <= epsilon, diagonal - T(1), least_of(up, diagonal, left));
  }
  T value(std::int64_t n, std::int64_t m, T end) const { return 1 + end / T(std::min(n, m)); }
  T of_empty(const T*, std::int64_t, std::int64_t, std::int64_t, std::int64_t) const { return 1; }
  template <typename S>
  V x_border(const S&) const {
    return V{};
  }
  template <typename S>
  V y_border(const S&, std::int64_t) const {
    return V{};
  }
};

template <typename T>
struct Edr : Rule<T> {
  using V = VecOf<T>;
  static constexpr bool bordered = true;
  T given;                             // for all pairs, or negative: a quarter of the greater standard deviation
  const T *x_deviation, *y_deviation;  // [n]
  V epsilon[streams];

  Edr(T given, const T* x_deviation, const T* y_deviation)
      : given(given), x_deviation(x_deviation), y_deviation(y_deviation) {}

  template <typename X, typename Pair>
  void before_group(const Stream<T, X> (&)[streams], Pair pair) {
    for (int q = 0; q < streams; ++q) {
      for (std::int64_t l = 0; l < width<T>; ++l) {
        const auto [i, j] = pair(q, l);
        epsilon[q][l] = given >= 0 ? given : i < 0 || j < 0 ? T(0) : std::max(x_deviation[i], y_deviation[j]) / 4;
      }
    }
  }
  T value(std::int64_t n, std::int64_t m, T end) const { return end / T(std::max(n, m)); }
  T of_empty(const T*, std::int64_t n, std::int64_t, std::int64_t, std::int64_t window) const {
    return n <= window ? T(1) : std::numeric_limits<T>::infinity();
  }
  template <typename S>
  V cell(const S& s, std::int64_t j, int q, V up, V diagonal, V left) const {
    const V match = select(s.distance(j) <= epsilon[q], V{}, broadcast(T(1)));
    return lesser(lesser(up, left) + T(1), diagonal + match);
  }
  template <typename S>
  V x_border(const S&) const {
    return broadcast(T(1));
  }
  template <typename S>
  V y_border(const S&, std::int64_t) const {
    return broadcast(T(1));
  }
};

template <typename T>
struct Erp : Rule<T> {
  using V = VecOf<T>;
  static constexpr bool bordered = true;
  const T* g;  // [channels]

  explicit Erp(const T* g) : g(g) {}

  void before_block(Block<T>& y, std::int64_t channels) const {
    const Many<T> all{&y, channels};
    for (std::int64_t t = 0; t < y.longest; ++t) y.gaps[t] = x_gap(Steps<T, Many<T>, false>(all, t, channels));
  }
  T of_empty(const T* values, std::int64_t n, std::int64_t channel, std::int64_t channels, std::int64_t window) const {
    if (n > window) return std::numeric_limits<T>::infinity();
    T total = 0;
    for (std::int64_t t = 0; t < n; ++t) {
      T square = 0;
      for (std::int64_t c = 0; c < channels; ++c)
        square += (values[c * channel + t] - g[c]) * (values[c * channel + t] - g[c]);
      total += std::sqrt(square);
    }
    return total;
  }
  template <typename S>
  V x_gap(const S& s) const {
    return s.from(g);
  }
  template <typename S>
  V cell(const S& s, std::int64_t j, int, V up, V diagonal, V left) const {
    return least_of(up + s.gap, left + s.y_gaps[j], diagonal + s.distance(j));
  }
  template <typename S>
  V x_border(const S& s) const {
    return s.gap;
  }
  template <typename S>
  V y_border(const S& s, std::int64_t j) const {
    return s.y->gaps[j];
  }
};

// Splits and merges cost c where the value lies between its neighbours, and more by how far it does not.
template <typename T>
struct Msm : Rule<T> {
  using V = VecOf<T>;
  static constexpr bool by_channel = true;
  T c;

  explicit Msm(T c) : c(c) {}

  template <typename S>
  V cell(const S& s, std::int64_t j, int, V up, V diagonal, V left) const {
    const V y = s.y[j];
    return least_of(up + change(s.now, s.before, y), left + change(y, s.now, s.y[j - 1]),
                    diagonal + magnitude(s.now - y));
  }

 private:
  V change(V value, V one, V other) const {
    return greater(greater(lesser(one, other) - value, value - greater(one, other)), V{}) + c;
  }
};

template <typename T>
struct Twe : Rule<T> {
  using V = VecOf<T>;
  T nu, lambda;

  Twe(T nu, T lambda) : nu(nu), lambda(lambda) {}

  void before_block(Block<T>& y, std::int64_t channels) const {
    const Many<T> all{&y, channels};
    for (std::int64_t t = 0; t < y.longest; ++t) y.gaps[t] = x_gap(Steps<T, Many<T>, false>(all, t, channels));
  }
  template <typename S>
  V x_gap(const S& s) const {
    return s.step() + (nu + lambda);
  }
  template <typename S>
  V cell(const S& s, std::int64_t j, int, V up, V diagonal, V left) const {
    const std::int64_t apart = s.i > j ? s.i - j : j - s.i;
    const V match = s.distance(j) + s.distance_before(j) + T(2 * apart) * nu;
    return least_of(up + s.gap, left + s.y_gaps[j], diagonal + match);
  }
};

}  // namespace marey::distance::MAREY_LEVEL
