// Clearances and volumes to the modes of a mammillary model, with exact derivatives.
//
// Scaled to be symmetric, the model's matrix is an arrow: diagonal K, k21, k31 and arms a, b with
//   K = (CL + Q2 + Q3) / V1,  k21 = Q2 / V2,  k31 = Q3 / V3,  a^2 = Q2 / V1 k21,  b^2 = Q3 / V1 k31.
// The weight of a mode is the square of its eigenvector's first entry, c = 1 / (1 + a^2/(l - k21)^2 + b^2/(l - k31)^2):
// no gap between two eigenvalues in a denominator, so nearly equal ones do no harm.
#pragma once
#include <cmath>
#include <cstdint>

namespace marey::MAREY_LEVEL {

namespace pk_modes {

// A number and its derivatives by M others.
template <int M>
struct Dual {
  double v = 0.0;
  double d[M] = {};
};

template <int M, typename F>
inline Dual<M> chain(const Dual<M>& x, double value, F slope) {
  Dual<M> out;
  out.v = value;
  for (int k = 0; k < M; ++k) out.d[k] = slope * x.d[k];
  return out;
}
template <int M>
inline Dual<M> operator+(Dual<M> x, const Dual<M>& y) {
  x.v += y.v;
  for (int k = 0; k < M; ++k) x.d[k] += y.d[k];
  return x;
}
template <int M>
inline Dual<M> operator-(Dual<M> x, const Dual<M>& y) {
  x.v -= y.v;
  for (int k = 0; k < M; ++k) x.d[k] -= y.d[k];
  return x;
}
template <int M>
inline Dual<M> operator*(const Dual<M>& x, const Dual<M>& y) {
  Dual<M> out;
  out.v = x.v * y.v;
  for (int k = 0; k < M; ++k) out.d[k] = x.d[k] * y.v + x.v * y.d[k];
  return out;
}
template <int M>
inline Dual<M> operator/(const Dual<M>& x, const Dual<M>& y) {
  Dual<M> out;
  out.v = x.v / y.v;
  for (int k = 0; k < M; ++k) out.d[k] = (x.d[k] - out.v * y.d[k]) / y.v;
  return out;
}
template <int M>
inline Dual<M> root(const Dual<M>& x) {
  const double r = std::sqrt(x.v);
  return chain(x, r, 0.5 / r);
}
template <int M>
inline Dual<M> half(const Dual<M>& x) {
  return chain(x, 0.5 * x.v, 0.5);
}

inline double value(double x) { return x; }
template <int M>
inline double value(const Dual<M>& x) {
  return x.v;
}
inline void shift(double& x, double by) { x += by; }
template <int M>
inline void shift(Dual<M>& x, double by) {
  x.v += by;
}
inline double root(double x) { return std::sqrt(x); }
inline double half(double x) { return 0.5 * x; }

template <int N, typename T>
struct Modes {
  T rate[N], weight[N];
};

template <typename T>
inline void modes(const T* p, Modes<1, T>& m) {
  m.rate[0] = p[0] / p[1];
  m.weight[0] = p[0] / p[0];
}

// The larger of the two distances from k21 without cancellation, the other from their product -a^2.
template <typename T>
inline void modes(const T* p, Modes<2, T>& m) {
  const T k10 = p[0] / p[1], k12 = p[2] / p[1], k21 = p[2] / p[3];
  const T gap = k10 + k12 - k21, arm = k12 * k21;
  const T width = root(gap * gap + (arm + arm) + (arm + arm));
  T above, below;  // eigenvalues beyond k21 on either side, both positive
  if (value(gap) >= 0.0) {
    above = half(width + gap), below = arm / above;
  } else {
    below = half(width - gap), above = arm / below;
  }
  m.rate[0] = k21 + above;
  m.rate[1] = k10 * k21 / m.rate[0];
  m.weight[0] = above / width;
  m.weight[1] = below / width;
}

// The arrow's characteristic polynomial and its slope.
struct Cubic {
  double K, k21, k31, a2, b2;
  double at(double l) const { return (l - K) * (l - k21) * (l - k31) - a2 * (l - k31) - b2 * (l - k21); }
  double slope(double l) const { return (l - k21) * (l - k31) + (l - K) * (l - k31) + (l - K) * (l - k21) - a2 - b2; }
  double polished(double l, int steps) const {
    for (int i = 0; i < steps; ++i) {
      const double next = l - at(l) / slope(l);
      if (!(std::abs(next - l) < 1e-6 * std::abs(l))) break;  // a double root: as good as it gets
      l = next;
    }
    return l;
  }
};

// Largest root by the cosine formula, the smallest from the determinant, all polished by Newton's method.
inline void cubic_roots(const Cubic& c, double determinant, double (&l)[3]) {
  const double mean = (c.K + c.k21 + c.k31) / 3.0;
  const double x = c.K - mean, y = c.k21 - mean, z = c.k31 - mean;
  const double spread = std::sqrt((x * x + y * y + z * z + 2.0 * (c.a2 + c.b2)) / 6.0);
  const double cosine = (x * y * z - c.a2 * z - c.b2 * y) / (2.0 * spread * spread * spread);
  const double angle = std::acos(cosine > 1.0 ? 1.0 : cosine < -1.0 ? -1.0 : cosine) / 3.0;
  constexpr double third_turn = 2.0943951023931953;
  l[0] = c.polished(mean + 2.0 * spread * std::cos(angle), 2);
  l[1] = c.polished(mean + 2.0 * spread * std::cos(angle - third_turn), 2);
  l[2] = c.polished(determinant / (l[0] * l[1]), 2);
}

// The root's derivative: one step of Newton's method with dual numbers.
template <int M>
inline Dual<M> lifted(double l, const Cubic& c, const Dual<M>& K, const Dual<M>& k21, const Dual<M>& k31,
                      const Dual<M>& a2, const Dual<M>& b2) {
  Dual<M> at;
  at.v = l;
  const Dual<M> u = at - k21, w = at - k31;
  const Dual<M> p = (at - K) * u * w - a2 * w - b2 * u;
  const double slope = c.slope(l);
  for (int k = 0; k < M; ++k) at.d[k] = -p.d[k] / slope;
  return at;
}
inline double lifted(double l, const Cubic&, double, double, double, double, double) { return l; }

template <typename T>
inline void modes(const T* p, Modes<3, T>& m) {
  const T k10 = p[0] / p[1], k12 = p[2] / p[1], k21 = p[2] / p[3], k13 = p[4] / p[1], k31 = p[4] / p[5];
  const T K = k10 + k12 + k13, a2 = k12 * k21, b2 = k13 * k31;
  const Cubic cubic{value(K), value(k21), value(k31), value(a2), value(b2)};
  double l[3];
  cubic_roots(cubic, value(k10) * value(k21) * value(k31), l);
  for (int i = 0; i < 3; ++i) {
    m.rate[i] = lifted(l[i], cubic, K, k21, k31, a2, b2);
    // An eigenvalue at a peripheral rate itself has no weight; a hair beside it, 0 / 0 is 0.
    const double hair = 1e-20 * l[i];
    T u = m.rate[i] - k21, w = m.rate[i] - k31;
    if (value(u) == 0.0) shift(u, hair);
    if (value(w) == 0.0) shift(w, hair);
    const T u2 = u * u, w2 = w * w;
    m.weight[i] = u2 * w2 / (u2 * w2 + a2 * w2 + b2 * u2);
  }
}

}  // namespace pk_modes

}  // namespace marey::MAREY_LEVEL
