// F(dt) and Q(dt) of the named models, for any scalar type V; included after kalman_algebra.hpp.
//
// Q is an integral of exp(-2 s) times polynomials (Van Loan 1978), written in regularised lower incomplete gamma
// functions, which are computed without cancellation: no variance of a short step is lost or negative.
#pragma once
#include "marey/state_space/kalman.hpp"
#include "marey/state_space/kalman_algebra.hpp"

namespace marey::state_space::MAREY_LEVEL {

// g[k] = 1 - exp(-z) (1 + z + ... + z^k / k!), k <= top, for z >= 0. The highest from its series where it is small;
// those below by adding.
template <int top, class V>
MAREY_INLINE void gammas(V z, V* g) {
  const V decay = exp(-z);
  V terms[top + 1];  // exp(-z) z^k / k!
  terms[0] = decay;
  for (int k = 1; k <= top; ++k) terms[k] = select(decay == 0.0, V{}, terms[k - 1] * (z * (1.0 / k)));
  V direct = V{} + 1.0;
  for (int k = 0; k <= top; ++k) direct = direct - terms[k];
  V series = V{} + 1.0;  // 1 + z / (top + 2) (1 + z / (top + 3) (1 + ...
  for (int k = top + 26; k > top + 1; --k) series = fma(series, z * (1.0 / k), V{} + 1.0);
  series = terms[top] * (z * (1.0 / (top + 1))) * series;
  g[top] = select(z < 2.0, series, direct);
  for (int k = top; k > 0; --k) g[k - 1] = g[k] + terms[k];
}

// (1 - exp(-a)) / a
template <class V>
MAREY_INLINE V relative_rise(V a) {
  V g[1];
  gammas<0>(a, g);
  return select(a == 0.0, V{} + 1.0, g[0] / a);
}

// Zero where the decay is: an infinite gap forgets the state.
template <class V>
MAREY_INLINE V forgotten(V decay, V value) {
  return select(decay == 0.0, V{}, value);
}

// p0: rate (ou, integrated_ou), length scale (matern), diffusion (constant_velocity); p1: diffusion or variance.
template <class V>
MAREY_INLINE void evaluate(Model model, V p0, V p1, V dt, V* F, V* Q) {
  switch (model) {
    case Model::given: return;
    case Model::ou: {
      const V a = p0 * dt;
      F[0] = exp(-a);
      V g[1];
      gammas<0>(2.0 * a, g);
      Q[0] = select(p0 == 0.0, p1 * dt, p1 * g[0] / (2.0 * p0));
      return;
    }
    case Model::constant_velocity: {
      F[0] = V{} + 1.0;
      F[3] = V{} + 1.0;
      F[1] = dt;
      F[2] = V{};
      Q[0] = p0 * dt * dt * dt * (1.0 / 3.0);
      Q[1] = p0 * dt * dt * 0.5;
      Q[2] = p0 * dt;
      return;
    }
    case Model::integrated_ou: {
      const V a = p0 * dt;
      const V rise = relative_rise(a) * dt;  // (1 - exp(-a)) / rate
      F[0] = V{} + 1.0;
      F[1] = rise;
      F[2] = V{};
      F[3] = exp(-a);
      Q[2] = p1 * relative_rise(2.0 * a) * dt;
      Q[1] = p1 * 0.5 * (rise * rise);
      // (a - 2 (1 - e^-a) + (1 - e^-2a) / 2) / a^3 = sum_k (-1)^k (2 - 2^(k-1)) / k! a^(k-3)
      V series = V{};
      double factorial = 2432902008176640000.0;  // 20!
      for (int k = 20; k >= 3; --k) {
        const double c = (2.0 - double(1LL << (k - 1))) / factorial;
        series = fma(series, a, V{} + (k % 2 ? -c : c));
        factorial /= k;
      }
      const V direct = (fma(relative_rise(2.0 * a) - 2.0 * relative_rise(a), a, a)) / (a * a * a);
      Q[0] = p1 * (dt * dt * dt) * select(a < 0.5, series, direct);
      return;
    }
    case Model::matern32: {
      const V rate = 1.7320508075688772 / p0, a = rate * dt, decay = exp(-a);
      F[0] = forgotten(decay, decay * (1.0 + a));
      F[1] = forgotten(decay, decay * dt);
      F[2] = forgotten(decay, -(decay * a) * rate);
      F[3] = forgotten(decay, decay * (1.0 - a));
      V g[3];
      gammas<2>(2.0 * a, g);
      Q[0] = p1 * g[2];
      Q[1] = p1 * rate * (g[1] - g[2]);
      Q[2] = p1 * rate * rate * (2.0 * (g[0] - g[1]) + g[2]);
      return;
    }
    case Model::matern52: {
      const V rate = 2.23606797749979 / p0, a = rate * dt, decay = exp(-a), half = 0.5 * (a * a);
      const V scaled[9] = {1.0 + a + half, a + 2.0 * half,       half,
                           -half,          1.0 + a - 2.0 * half, a - half,
                           half - a,       2.0 * half - 3.0 * a, 1.0 - 2.0 * a + half};
      const V power[3] = {V{} + 1.0, rate, rate * rate};
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) F[3 * i + j] = forgotten(decay, decay * scaled[3 * i + j] * power[i] / power[j]);
      }
      V g[5];
      gammas<4>(2.0 * a, g);
      const V q = p1 * (16.0 / 3.0);
      Q[0] = p1 * g[4];
      Q[1] = p1 * rate * (g[3] - g[4]);
      Q[2] = q * power[2] * (0.25 * g[2] - 0.375 * g[3] + 0.1875 * g[4]);
      Q[3] = q * power[2] * (0.125 * g[2] - 0.375 * g[3] + 0.1875 * g[4]);
      Q[4] = q * rate * power[2] * (0.25 * g[1] - 0.625 * g[2] + 0.5625 * g[3] - 0.1875 * g[4]);
      Q[5] = q * power[2] * power[2] * (0.5 * g[0] - g[1] + 1.25 * g[2] - 0.75 * g[3] + 0.1875 * g[4]);
      return;
    }
  }
}

}  // namespace marey::state_space::MAREY_LEVEL
