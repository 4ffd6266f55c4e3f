// What a run of steps of a first-order recurrence does to the state:  state after = P * state before + H.
//
// P = NaN marks a closed run, in which a series began or the state was forgotten: the state before it is not read, be
// it NaN itself. (A coefficient that is NaN needs no P to spread: it makes H NaN.)
#pragma once
#include <cfloat>
#include <cmath>

namespace marey::cuda {

struct Link {
  double P = 1.0, H = 0.0;
};

__host__ __device__ inline double closed_product() { return double(NAN); }
__host__ __device__ inline bool closed(Link link) { return link.P != link.P; }

__host__ __device__ inline double apply(Link link, double state) {
  if (closed(link)) return link.H;
  // Growth over a long run may overflow; nothing still grows into nothing.
  if (state == 0.0 && fabs(link.P) > DBL_MAX) return link.H;
  return fma(link.P, state, link.H);
}

// `first`, then `second`.
__host__ __device__ inline Link compose(Link first, Link second) {
  return {first.P * second.P, apply(second, first.H)};
}

// exp(z) from what is kept of it between two passes. In float that is exp(z) - 1: a slow decay lies so close to 1 that
// rounding it to float would forget how slow it is (1 - 1e-6 by 6%). Where exp overflows float, double takes over.
__host__ __device__ __noinline__ inline double growth(double z) { return exp(z); }
__host__ __device__ inline float keep_decay(float z) { return expm1f(z); }
__host__ __device__ inline double keep_decay(double z) { return exp(z); }
__host__ __device__ inline double decay(float kept, float z) { return kept <= FLT_MAX ? 1.0 + kept : growth(z); }
__host__ __device__ inline double decay(double kept, double) { return kept; }

}  // namespace marey::cuda
