#include "marey/spectral/lomb_scargle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "marey/core/simd_float.hpp"

namespace marey::spectral::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

namespace {

Vec nearest(Vec x) {
  const Vec shifter = splat(0x1.8p52);
  return (x + shifter) - shifter;
}

// Of an angle in turns, 1e-16 off: a quarter turn is split off, Taylor to the 16th power is left.
inline __attribute__((always_inline)) void sine_cosine(Vec turns, Vec& sine, Vec& cosine) {
  const Vec r = turns - nearest(turns), quarters = nearest(4.0 * r);
  const Vec a = 6.283185307179586 * madd(quarters, splat(-0.25), r), a2 = a * a;
  Vec s = splat(-1.0 / 1307674368000.0), c = splat(1.0 / 20922789888000.0);
  s = madd(s, a2, splat(1.0 / 6227020800.0));
  s = madd(s, a2, splat(-1.0 / 39916800.0));
  s = madd(s, a2, splat(1.0 / 362880.0));
  s = madd(s, a2, splat(-1.0 / 5040.0));
  s = madd(s, a2, splat(1.0 / 120.0));
  s = madd(s, a2, splat(-1.0 / 6.0));
  s = madd(s * a2, a, a);
  c = madd(c, a2, splat(-1.0 / 87178291200.0));
  c = madd(c, a2, splat(1.0 / 479001600.0));
  c = madd(c, a2, splat(-1.0 / 3628800.0));
  c = madd(c, a2, splat(1.0 / 40320.0));
  c = madd(c, a2, splat(-1.0 / 720.0));
  c = madd(c, a2, splat(1.0 / 24.0));
  c = madd(c, a2, splat(-0.5));
  c = madd(c, a2, splat(1.0));
  const Int odd = (quarters == 1.0) | (quarters == -1.0);
  const Int minus_sine = (quarters == -1.0) | (quarters == 2.0) | (quarters == -2.0);
  const Int minus_cosine = (quarters == 1.0) | (quarters == 2.0) | (quarters == -2.0);
  const Vec sines = select(odd, c, s), cosines = select(odd, s, c);
  sine = select(minus_sine, -sines, sines);
  cosine = select(minus_cosine, -cosines, cosines);
}

// The same for as many angles t * freqs as a vector holds.
inline __attribute__((always_inline)) void angles(double t, const double* freqs, Vec& sine, Vec& cosine) {
  sine_cosine(t * load(freqs), sine, cosine);
}

// Of an angle within half a turn, to a float's rounding: minimax polynomials on the eighths about 0, of the Cephes
// library (Moshier).
inline __attribute__((always_inline)) void sine_cosine(FloatVec r, FloatVec& sine, FloatVec& cosine) {
  const FloatVec shifted = madd(r, broadcast(4.0f), broadcast(float_shifter));
  const FloatInt quarters = (FloatInt)shifted;  // in the low bits
  const FloatVec a = 6.2831853f * madd(shifted - float_shifter, broadcast(-0.25f), r), a2 = a * a;
  FloatVec s = madd(broadcast(-1.9515295891e-4f), a2, broadcast(8.3321608736e-3f));
  s = madd(s, a2, broadcast(-1.6666654611e-1f));
  s = madd(s * a2, a, a);
  FloatVec c = madd(broadcast(2.443315711809948e-5f), a2, broadcast(-1.388731625493765e-3f));
  c = madd(c, a2, broadcast(4.166664568298827e-2f));
  c = madd(c, a2, broadcast(-0.5f));
  c = madd(c, a2, broadcast(1.0f));
  const FloatInt odd = (quarters & 1) != 0;
  sine = (FloatVec)((FloatInt)select(odd, c, s) ^ ((quarters & 2) << 30));
  cosine = (FloatVec)((FloatInt)select(odd, s, c) ^ (((quarters + 1) & 2) << 30));
}
inline __attribute__((always_inline)) void angles(double t, const double* freqs, FloatVec& sine, FloatVec& cosine) {
  const Vec low = t * load(freqs), high = t * load(freqs + lanes);
  sine_cosine(narrow(low - nearest(low), high - nearest(high)), sine, cosine);
}
Vec stored(const double* p) { return load(p); }
FloatVec stored(const float* p) { return row(p); }

#if defined(__AVX512F__)
inline constexpr int together = 3;  // points whose waves fit the registers beside the sums
#else
inline constexpr int together = 1;
#endif

template <typename T>
class Periodogram {
 public:
  using V = VecOf<T>;
  static constexpr int width = Lanes<T>::width;
  static constexpr int64_t afresh = sizeof(T) == 8 ? 64 : 16;  // vectors between two beginnings of the recurrence

  explicit Periodogram(const LombScargle& problem) : p_(problem) {
    vectors_ = (p_.n_freqs + width - 1) / width;
    freqs_.assign(static_cast<std::size_t>(vectors_ * width), 0.0);
    std::copy(p_.freqs, p_.freqs + p_.n_freqs, freqs_.begin());
    for (int64_t k = std::max<int64_t>(p_.n_freqs, 1); k < vectors_ * width; ++k) {
      freqs_[static_cast<std::size_t>(k)] = freqs_[static_cast<std::size_t>(k - 1)] + p_.spacing;
    }
    // On whole cache lines: every second store would touch two otherwise.
    const auto n_sums = static_cast<std::size_t>(6 * vectors_ * width);
    room_.resize(n_sums + 64 / sizeof(T));
    std::size_t bytes = room_.size() * sizeof(T);
    void* aligned = room_.data();
    sums_ = static_cast<T*>(std::align(64, n_sums * sizeof(T), aligned, bytes));
  }

  void series(int64_t s) {
    const bool varies = gather(s);
    p_.total[s] = total_;
    p_.variance[s] = t_.size() < 3 ? std::numeric_limits<double>::quiet_NaN() : yy_;
    if (!varies) {
      std::fill_n(p_.power + s * p_.n_freqs, p_.n_freqs, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    add_up();
    finish(s);
  }

  // Backward: the fit of a frequency is b' A^-1 b, whose derivative is 2 x' db - x' dA x with x = A^-1 b. This gives
  // what each sum weighs; a pass over points and frequencies tells it to the points.
  void backward(int64_t s, const LombScargleBackward& to) {
    static_assert(sizeof(T) == 8);
    const int64_t begin = p_.offsets[s], n = p_.offsets[s + 1] - begin;
    std::fill_n(to.grad_t + begin, n, 0.0);
    std::fill_n(to.grad_y + begin, n, 0.0);
    if (p_.dy) std::fill_n(to.grad_dy + begin, n, 0.0);
    grad_freqs_.assign(static_cast<std::size_t>(vectors_ * width), 0.0);
    if (gather(s)) {
      add_up();
      double grad_y = 0, grad_yy = 0;
      weigh_sums(to.grad_power + s * p_.n_freqs, to.grad_variance[s], grad_y, grad_yy);
      tell_points(grad_y, grad_yy, to.grad_total[s], to);
    }
    std::copy_n(grad_freqs_.data(), p_.n_freqs, to.grad_freqs + s * p_.n_freqs);
  }

 private:
  void add_up() {
    std::fill_n(sums_, 6 * vectors_ * width, T(0));
    steps();
    p_.dy ? add_all<false>() : add_all<true>();
  }

  bool gather(int64_t s) {
    const int64_t begin = p_.offsets[s], end = p_.offsets[s + 1];
    t_.clear(), w_.clear(), wy_.clear(), index_.clear();
    double mean = 0;
    total_ = 0;
    for (int64_t i = begin; i < end; ++i) {
      const double weight = p_.dy ? 1 / (p_.dy[i] * p_.dy[i]) : 1.0;
      if (!std::isfinite(p_.t[i] + p_.y[i]) || !std::isfinite(weight)) continue;
      t_.push_back(p_.t[i] - (t_.empty() ? 0 : first_));
      if (t_.size() == 1) first_ = t_[0], t_[0] = 0;  // the time's zero changes no power
      w_.push_back(weight);
      wy_.push_back(p_.y[i]);
      index_.push_back(i);
      total_ += weight;
    }
    if (t_.size() < 3) return false;
    for (std::size_t i = 0; i < t_.size(); ++i) mean += (w_[i] /= total_) * wy_[i];
    y_ = yy_ = 0;
    for (std::size_t i = 0; i < t_.size(); ++i) {
      const double y = p_.center ? wy_[i] - mean : wy_[i];
      yy_ += w_[i] * y * y;
      y_ += wy_[i] = w_[i] * y;
    }
    if (p_.fit_mean) yy_ -= y_ * y_;
    // What is left of equal values is rounding, of the mean or of the difference of two sums.
    const double rounding = p_.center ? 1e-28 * mean * mean : p_.fit_mean ? 1e-14 * y_ * y_ : 0;
    return yy_ > rounding;
  }

  // Sine and cosine of what a point's angle grows by from one vector of frequencies to the next.
  void steps() {
    const std::size_t n = t_.size(), padded = n + lanes;
    t_.resize(padded), step_sine_.resize(padded), step_cosine_.resize(padded);
    for (std::size_t i = 0; i < n; i += lanes) {
      Vec sine, cosine;
      sine_cosine(load(t_.data() + i) * (p_.spacing * width), sine, cosine);
      store(step_sine_.data() + i, sine);
      store(step_cosine_.data() + i, cosine);
    }
    t_.resize(n);
  }

  // Sums of w c, w s, wy c, wy s, w c c, w c s over `count` points from i on, at every frequency. Equal weights are
  // divided out at the end.
  template <int count, bool equal>
  void add(int64_t i) {
    V weight[count], weighted[count], twice[count], c[count], s[count], c0[count], s0[count];
#pragma GCC unroll 3
    for (int k = 0; k < count; ++k) {
      weight[k] = broadcast(static_cast<T>(w_[i + k]));
      weighted[k] = broadcast(static_cast<T>(wy_[i + k]));
      twice[k] = broadcast(static_cast<T>(2 * step_cosine_[i + k]));
    }
    const int64_t run = p_.spacing > 0 ? afresh : 1;
    for (int64_t from = 0; from < vectors_; from += run) {
#pragma GCC unroll 3
      for (int k = 0; k < count; ++k) {
        V sine, cosine;
        angles(t_[i + k], freqs_.data() + from * width, sine, cosine);
        const V step_sine = broadcast(static_cast<T>(step_sine_[i + k])),
                step_cosine = broadcast(static_cast<T>(step_cosine_[i + k]));
        s[k] = sine, c[k] = cosine;
        s0[k] = madd(sine, step_cosine, -cosine * step_sine);
        c0[k] = madd(cosine, step_cosine, sine * step_sine);
      }
      for (int64_t v = from; v < std::min(from + run, vectors_); ++v) {
        T* sums = sums_ + 6 * width * v;
        V C = stored(sums), S = stored(sums + width), YC = stored(sums + 2 * width), YS = stored(sums + 3 * width),
          CC = stored(sums + 4 * width), CS = stored(sums + 5 * width);
#pragma GCC unroll 3
        for (int k = 0; k < count; ++k) {
          const V wc = equal ? c[k] : weight[k] * c[k];
          C += wc;
          S = equal ? S + s[k] : madd(weight[k], s[k], S);
          YC = madd(weighted[k], c[k], YC);
          YS = madd(weighted[k], s[k], YS);
          CC = madd(wc, c[k], CC);
          CS = madd(wc, s[k], CS);
          const V c1 = madd(twice[k], c[k], -c0[k]), s1 = madd(twice[k], s[k], -s0[k]);
          c0[k] = c[k], s0[k] = s[k], c[k] = c1, s[k] = s1;
        }
        store(sums, C), store(sums + width, S), store(sums + 2 * width, YC), store(sums + 3 * width, YS);
        store(sums + 4 * width, CC), store(sums + 5 * width, CS);
      }
    }
  }

  template <bool equal>
  void add_all() {
    const auto n = static_cast<int64_t>(t_.size());
    int64_t i = 0;
    for (; i + together <= n; i += together) add<together, equal>(i);
    for (; i < n; ++i) add<1, equal>(i);
  }

  // What is fitted at a vector of frequencies: b = (YC, YS), A = (CC CS; CS SS).
  struct Fit {
    Vec C, S, YC, YS, CC, SS, CS, D, both;
    Int two, one;  // whether two waves are fitted, or one
  };
  Fit fit(int64_t f) const {
    const Vec tiny = splat(sizeof(T) == 8 ? 1e-13 : 1e-5), y = splat(y_), share = splat(p_.dy ? 1 : w_[0]);
    const T* sums = sums_ + f / width * 6 * width + f % width;
    Fit at;
    at.C = share * load(sums), at.S = share * load(sums + width);
    at.YC = load(sums + 2 * width), at.YS = load(sums + 3 * width);
    at.CC = share * load(sums + 4 * width), at.CS = share * load(sums + 5 * width), at.SS = 1 - at.CC;
    if (p_.fit_mean) {
      at.YC -= y * at.C, at.YS -= y * at.S;
      at.CC -= at.C * at.C, at.SS -= at.S * at.S, at.CS -= at.C * at.S;
    }
    // Where a sine and a cosine are one wave at these times, the wave alone is fitted; at 0 Hz, none.
    at.D = at.CC * at.SS - at.CS * at.CS, at.both = at.CC + at.SS;
    at.two = at.D > tiny * at.both * at.both, at.one = at.both > tiny;
    return at;
  }

  void finish(int64_t s) {
    for (int64_t f = 0; f < p_.n_freqs; f += lanes) {
      const Fit at = fit(f);
      const Vec two = (at.YC * at.YC * at.SS + at.YS * at.YS * at.CC - 2 * at.CS * at.YC * at.YS) / at.D;
      const Vec one = (at.YC * at.YC + at.YS * at.YS) / at.both;
      const Vec explained = select(at.two, two, select(at.one, one, Vec{}));
      store_first(p_.power + s * p_.n_freqs + f, explained / yy_, p_.n_freqs - f);
    }
  }

  // Into `weights_`, seven vectors a vector of frequencies: what C, S, YC, YS, CC, SS and CS weigh.
  void weigh_sums(const double* grad_power, double grad_variance, double& grad_y, double& grad_yy) {
    weights_.resize(static_cast<std::size_t>(7 * vectors_ * width));
    Vec of_y{}, of_yy{};
    for (int64_t f = 0; f < p_.n_freqs; f += lanes) {
      const Fit at = fit(f);
      const Vec g = load_first(grad_power + f, p_.n_freqs - f) / yy_, none{};
      const Vec x1 = select(at.two, (at.YC * at.SS - at.YS * at.CS) / at.D, select(at.one, at.YC / at.both, none));
      const Vec x2 = select(at.two, (at.YS * at.CC - at.YC * at.CS) / at.D, select(at.one, at.YS / at.both, none));
      const Vec explained = x1 * at.YC + x2 * at.YS, even = select(at.one, -explained / at.both, none);
      const Vec cc = g * select(at.two, -x1 * x1, even), ss = g * select(at.two, -x2 * x2, even);
      const Vec cs = g * select(at.two, -2 * x1 * x2, none), yc = 2 * g * x1, ys = 2 * g * x2;
      Vec c{}, s{};
      if (p_.fit_mean) {
        c = -y_ * yc - 2 * at.C * cc - at.S * cs, s = -y_ * ys - 2 * at.S * ss - at.C * cs;
        of_y -= at.C * yc + at.S * ys;
      }
      of_yy -= g * explained;
      double* out = weights_.data() + 7 * f;
      store(out, c), store(out + lanes, s), store(out + 2 * lanes, yc), store(out + 3 * lanes, ys);
      store(out + 4 * lanes, cc), store(out + 5 * lanes, ss), store(out + 6 * lanes, cs);
    }
    grad_yy = grad_variance + sum(of_yy) / yy_;
    grad_y = sum(of_y) - (p_.fit_mean ? 2 * y_ * grad_yy : 0);
  }

  void tell_points(double grad_y, double grad_yy, double grad_total, const LombScargleBackward& to) {
    constexpr double turn = 6.283185307179586;
    const std::size_t n = t_.size();
    grad_z_.resize(n), grad_w_.resize(n);
    double sum_z = 0, mean_w = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double w = w_[i], z = wy_[i] / w;
      const auto [of_z, of_w, of_t] = tell_point(static_cast<int64_t>(i), z);
      to.grad_t[index_[i]] = turn * w * of_t;
      sum_z += grad_z_[i] = w * (of_z + grad_y + 2 * z * grad_yy);
      grad_w_[i] = of_w + z * (grad_y + z * grad_yy);
    }
    if (!p_.center) sum_z = 0;
    for (std::size_t i = 0; i < n; ++i) {
      to.grad_y[index_[i]] = grad_z_[i] - w_[i] * sum_z;
      mean_w += w_[i] * (grad_w_[i] -= wy_[i] / w_[i] * sum_z);
    }
    if (!p_.dy) return;
    for (std::size_t i = 0; i < n; ++i) {
      const double of_weight = (grad_w_[i] - mean_w) / total_ + grad_total;
      to.grad_dy[index_[i]] = -2 * w_[i] * total_ / p_.dy[index_[i]] * of_weight;
    }
  }

  // Over all frequencies, what a point's value, weight and time add; what it adds to each frequency goes to
  // `grad_freqs_`.
  struct Told {
    double z, w, t;
  };
  Told tell_point(int64_t i, double value) {
    const Vec z = splat(value), wt = splat(6.283185307179586 * w_[i] * t_[i]), twice = splat(2 * step_cosine_[i]);
    Vec of_z{}, of_w{}, of_t{};
    const int64_t run = p_.spacing > 0 ? afresh : 1;
    for (int64_t from = 0; from < vectors_; from += run) {
      Vec sine, cosine;
      angles(t_[i], freqs_.data() + from * width, sine, cosine);
      const Vec step_sine = splat(step_sine_[i]), step_cosine = splat(step_cosine_[i]);
      Vec s0 = madd(sine, step_cosine, -cosine * step_sine), c0 = madd(cosine, step_cosine, sine * step_sine);
      for (int64_t v = from; v < std::min(from + run, vectors_); ++v) {
        const double* weights = weights_.data() + 7 * width * v;
        const Vec C = load(weights), S = load(weights + width), YC = load(weights + 2 * width),
                  YS = load(weights + 3 * width), CC = load(weights + 4 * width), SS = load(weights + 5 * width),
                  CS = load(weights + 6 * width);
        const Vec c = madd(z, YC, C), s = madd(z, YS, S);
        of_z += madd(YC, cosine, YS * sine);
        of_w += cosine * madd(CC, cosine, madd(CS, sine, c)) + sine * madd(SS, sine, s);
        const Vec slope =
            madd(s, cosine, -c * sine) + 2 * (SS - CC) * cosine * sine + CS * (cosine * cosine - sine * sine);
        of_t = madd(slope, load(freqs_.data() + v * width), of_t);
        double* grad = grad_freqs_.data() + v * width;
        store(grad, madd(slope, wt, load(grad)));
        const Vec c1 = madd(twice, cosine, -c0), s1 = madd(twice, sine, -s0);
        c0 = cosine, s0 = sine, cosine = c1, sine = s1;
      }
    }
    return {sum(of_z), sum(of_w), sum(of_t)};
  }

  const LombScargle& p_;
  int64_t vectors_ = 0;
  std::vector<double> freqs_, t_, w_, wy_, step_sine_, step_cosine_;
  std::vector<int64_t> index_;                                  // of the points that count
  std::vector<double> weights_, grad_z_, grad_w_, grad_freqs_;  // of the backward pass
  std::vector<T> room_;
  T* sums_ = nullptr;
  double first_ = 0, y_ = 0, yy_ = 0, total_ = 0;
};

template <typename T>
void run(const LombScargle& problem, int64_t begin, int64_t end) {
  Periodogram<T> periodogram(problem);
  for (int64_t s = begin; s < end; ++s) periodogram.series(s);
}

}  // namespace

void lomb_scargle_kernel(const LombScargle& problem, int64_t begin, int64_t end) {
  problem.fast ? run<float>(problem, begin, end) : run<double>(problem, begin, end);
}

void lomb_scargle_backward_kernel(const LombScargleBackward& problem, int64_t begin, int64_t end) {
  Periodogram<double> periodogram(problem.of);
  for (int64_t s = begin; s < end; ++s) periodogram.backward(s, problem);
}

}  // namespace marey::spectral::MAREY_LEVEL
