// Zero-order hold of a complex pole in SIMD lanes:  decay = exp(z), drive = dt (exp(z) - 1) / z  for z = Lambda dt.
//
// Included by kernel sources only, like simd.hpp. For |z| < 1/4 both come from the series of phi(z) = (exp(z) - 1) / z,
// where the quotient would lose digits; its derivative comes along. What a lane gets depends on its own z alone.
#pragma once
#include <cmath>

#include "marey/scan/numbers.hpp"

namespace marey::scan::MAREY_LEVEL {

using Complex = Number<Vec, 2>;

inline Complex times(const Complex& a, const Complex& b) {
  return {::marey::MAREY_LEVEL::madd(a.part[0], b.part[0], -(a.part[1] * b.part[1])),
          ::marey::MAREY_LEVEL::madd(a.part[0], b.part[1], a.part[1] * b.part[0])};
}
inline Complex times(Vec a, const Complex& b) { return {a * b.part[0], a * b.part[1]}; }

// sin and cos, at most 1 ulp or 1e-16 off. Quarter turns are taken off in three parts, exact for |y| < 1e6; beyond, and
// for what is not finite, the C library is asked. Polynomials of fdlibm's k_sin.c and k_cos.c (Sun Microsystems, 1993).
inline void sincos(Vec y, Vec& sine, Vec& cosine) {
  constexpr double two_over_pi = 6.36619772367581382433e-01, part_1 = 1.57079632673412561417e+00,
                   part_2 = 6.07710050630396597660e-11, part_3 = 2.02226624879595063154e-21;
  constexpr double shifter = 0x1.8p52;
  const Vec shifted = ::marey::MAREY_LEVEL::madd(y, splat(two_over_pi), splat(shifter));
  const Vec k = shifted - shifter;
  const Vec r = (y - k * part_1) - k * part_2 - k * part_3;
  const Vec r2 = r * r;
  constexpr double S[] = {1.58969099521155010221e-10,  -2.50507602534068634195e-08, 2.75573137070700676789e-06,
                          -1.98412698298579493134e-04, 8.33333333332248946124e-03,  -1.66666666666666324348e-01};
  constexpr double C[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,  -2.75573143513906633035e-07,
                          2.48015872894767294178e-05,  -1.38888888888741095749e-03, 4.16666666666666019037e-02};
  Vec s = splat(S[0]), c = splat(C[0]);
#pragma GCC unroll 5
  for (int i = 1; i < 6; ++i) {
    s = ::marey::MAREY_LEVEL::madd(s, r2, splat(S[i]));
    c = ::marey::MAREY_LEVEL::madd(c, r2, splat(C[i]));
  }
  s = ::marey::MAREY_LEVEL::madd(r * r2, s, r);
  c = ::marey::MAREY_LEVEL::madd(r2 * r2, c, 1.0 - 0.5 * r2);
  const Int quarter = (Int)shifted;
  const Int swap = -(quarter & 1), sine_flip = -((quarter >> 1) & 1), cosine_flip = -(((quarter + 1) >> 1) & 1);
  const Vec one = select(swap, c, s), other = select(swap, s, c);
  sine = select(sine_flip, -one, one);
  cosine = select(cosine_flip, -other, other);
  for (int i = 0; i < lanes; ++i) {
    if (!(y[i] > -1e6 && y[i] < 1e6)) {
      sine[i] = std::sin(y[i]);
      cosine[i] = std::cos(y[i]);
    }
  }
}

struct Hold {
  Complex decay, drive;
};

// A pole, and what is reused of it from step to step.
struct Pole {
  Complex rate, inverse;  // Lambda, 1 / Lambda

  explicit Pole(const Complex& Lambda) : rate(Lambda) {
    const Vec norm = Lambda.part[0] * Lambda.part[0] + Lambda.part[1] * Lambda.part[1];
    inverse = {Lambda.part[0] / norm, -Lambda.part[1] / norm};
  }

  Int small(const Complex& z) const { return z.part[0] * z.part[0] + z.part[1] * z.part[1] < 0.0625; }

  // phi(z) = sum z^k / (k + 1)!, and its derivative.
  static void series(const Complex& z, Complex& phi, Complex& slope) {
    constexpr double inverse_factorials[] = {1.0 / 6227020800.0,
                                             1.0 / 479001600.0,
                                             1.0 / 39916800.0,
                                             1.0 / 3628800.0,
                                             1.0 / 362880.0,
                                             1.0 / 40320.0,
                                             1.0 / 5040.0,
                                             1.0 / 720.0,
                                             1.0 / 120.0,
                                             1.0 / 24.0,
                                             1.0 / 6.0,
                                             0.5,
                                             1.0};
    phi = {splat(inverse_factorials[0]), Vec{}};
    slope = {Vec{}, Vec{}};
    for (int i = 1; i < 13; ++i) {
      slope = multiply_add(z, slope, phi);
      phi = multiply_add(z, phi, Complex{splat(inverse_factorials[i]), Vec{}});
    }
  }

  // The hold over dt; `slope` gets d drive / d Lambda where it is asked for.
  Hold over(double dt, Complex* slope = nullptr) const {
    Complex z = times(splat(dt), rate);
    Hold held{};
    const Int near = small(z);
    bool any_near = false, any_far = false;
    for (int i = 0; i < lanes; ++i) (near[i] ? any_near : any_far) = true;
    if (any_far) {
      Vec sine, cosine;
      sincos(z.part[1], sine, cosine);
      const Vec size = exp(z.part[0]);
      // An endless gap forgets everything, however fast it turns.
      const Int gone = size == 0.0;
      held.decay = {select(gone, Vec{}, size * cosine), select(gone, Vec{}, size * sine)};
      held.drive = times(Complex{held.decay.part[0] - 1.0, held.decay.part[1]}, inverse);
      if (slope) {
        const Vec gap = select(gone, Vec{}, splat(dt));
        *slope =
            times(Complex{gap * held.decay.part[0] - held.drive.part[0], gap * held.decay.part[1] - held.drive.part[1]},
                  inverse);
      }
    }
    if (any_near) {
      Complex phi, phi_slope;
      series(z, phi, phi_slope);
      const Complex drive = times(splat(dt), phi), decay = times(z, phi);
      held.decay = any_far ? choose<2>(near, {decay.part[0] + 1.0, decay.part[1]}, held.decay)
                           : Complex{decay.part[0] + 1.0, decay.part[1]};
      held.drive = any_far ? choose<2>(near, drive, held.drive) : drive;
      if (slope) {
        const Complex near_slope = times(splat(dt * dt), phi_slope);
        *slope = any_far ? choose<2>(near, near_slope, *slope) : near_slope;
      }
    }
    return held;
  }
};

}  // namespace marey::scan::MAREY_LEVEL
