// The arithmetic of second-order sections as a linear map of their states, for the host and the device.
//
// S sections have 2 S states. A run of samples does  state after = A^n (state before) + (what the samples do from
// zero); A is the same for every sample, so a run is told by 2 S numbers, and runs are joined with powers of A made
// once.
#pragma once
#include <cfloat>
#include <cmath>

namespace marey::cuda {

enum class Direction { forward, backward };

// Five numbers a section: forward b_0, c_1, c_2, -a_1, -a_2 with c_i = b_i - a_i b_0; backward b_0, b_1, b_2, -a_1,
// -a_2.
inline constexpr int numbers = 5;

template <Direction direction>
__host__ __device__ inline void coefficients(const double* row, double* k) {
  const double b0 = row[0] / row[3], b1 = row[1] / row[3], b2 = row[2] / row[3];
  const double a1 = row[4] / row[3], a2 = row[5] / row[3];
  k[0] = b0;
  k[1] = direction == Direction::forward ? fma(-a1, b0, b1) : b1;
  k[2] = direction == Direction::forward ? fma(-a2, b0, b2) : b2;
  k[3] = -a1;
  k[4] = -a2;
}

// One section forward: the transposed direct form II. z are its two states.
__host__ __device__ inline double section_forward(const double* k, double* z, double x) {
  const double first = z[0];
  z[0] = fma(k[3], first, fma(k[1], x, z[1]));
  z[1] = fma(k[4], first, k[2] * x);
  return fma(k[0], x, first);
}

// One section backward in time: the direct form II. l = dL/dz; gives back dL/dx, and dL/dy through everything as Y.
__host__ __device__ inline double section_backward(const double* k, double* l, double grad, double& Y) {
  Y = fma(k[3], l[0], fma(k[4], l[1], grad));
  const double out = fma(k[0], Y, fma(k[1], l[0], k[2] * l[1]));
  l[1] = l[0];
  l[0] = Y;
  return out;
}

// All sections, in the order in which the direction meets them.
template <Direction direction, int S>
__host__ __device__ inline double step(const double* k, double* state, double value) {
  if constexpr (direction == Direction::forward) {
#pragma unroll
    for (int s = 0; s < S; ++s) value = section_forward(k + s * numbers, state + 2 * s, value);
  } else {
    double Y;
#pragma unroll
    for (int s = S - 1; s >= 0; --s) value = section_backward(k + s * numbers, state + 2 * s, value, Y);
  }
  return value;
}

// States are joined over long runs in another basis: (z0, z0 + z1) forward, (l0, l0 - l1) backward. A slow filter has
// two poles close to each other and to 1. In the states' own basis its A is near [2 1; -1 0], and a rounding of A's
// powers by 1e-16 moves such poles by up to 1e-8; here the small difference, 1 + a_1 + a_2, is an entry of its own and
// keeps all its digits.
template <Direction direction, int n>
__host__ __device__ inline void to_joining(double (&state)[n]) {
#pragma unroll
  for (int i = 1; i < n; i += 2) {
    state[i] = direction == Direction::forward ? state[i] + state[i - 1] : state[i - 1] - state[i];
  }
}
template <Direction direction, int n>
__host__ __device__ inline void from_joining(double (&state)[n]) {
#pragma unroll
  for (int i = 1; i < n; i += 2) {
    state[i] = direction == Direction::forward ? state[i] - state[i - 1] : state[i - 1] - state[i];
  }
}

// A step in that basis.
template <Direction direction, int S>
__host__ __device__ inline void step_joining(const double* k, double* state) {
  double value = 0.0;
  for (int i = 0; i < S; ++i) {
    const int s = direction == Direction::forward ? i : S - 1 - i;
    const double *c = k + s * numbers, small = (1.0 - c[3]) - c[4];
    double &u = state[2 * s], &v = state[2 * s + 1];
    const double u_before = u;
    if constexpr (direction == Direction::forward) {
      u = v - (1.0 - c[3]) * u_before + c[1] * value;
      v = v - small * u_before + (c[1] + c[2]) * value;
      value = c[0] * value + u_before;
    } else {
      const double v_before = v;
      v = value - small * u_before - c[4] * v_before;
      u = u_before + v;
      value = c[0] * u + c[1] * u_before + c[2] * (u_before - v_before);
    }
  }
}

__host__ __device__ inline bool is_finite(double value) { return fabs(value) <= DBL_MAX; }

// to += A from, with A an n x n matrix by rows.
template <int n>
__host__ __device__ inline void add_product(const double* A, const double* from, double* to) {
  [[maybe_unused]] constexpr int unrolled = n <= 8 ? n : 1;  // more would make code of the product
#pragma unroll unrolled
  for (int i = 0; i < n; ++i) {
    double sum = to[i];
#pragma unroll unrolled
    for (int j = 0; j < n; ++j) sum = fma(A[i * n + j], from[j], sum);
    to[i] = sum;
  }
}

}  // namespace marey::cuda
