// The arithmetic of second-order sections as a linear map of their states, for the host and the device.
//
// S sections have 2 S states. A run of samples does  state after = A^n (state before) + (what the samples do from
// zero); A is the same for every sample, so a run is told by 2 S numbers, and runs are joined with powers of A made
// once.
#pragma once
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

// to += A from, with A an n x n matrix by rows.
template <int n>
__host__ __device__ inline void add_product(const double* A, const double* from, double* to) {
#pragma unroll
  for (int i = 0; i < n; ++i) {
    double sum = to[i];
#pragma unroll
    for (int j = 0; j < n; ++j) sum = fma(A[i * n + j], from[j], sum);
    to[i] = sum;
  }
}

}  // namespace marey::cuda
