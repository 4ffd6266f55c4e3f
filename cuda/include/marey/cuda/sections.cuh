// The arithmetic of a cascade of sections as a linear map of its states, for the host and the device.
//
// S sections of order K have S K states. A run of samples does  state after = A^n (state before) + (what the samples do
// from zero); A is the same for every sample, so a run is told by S K numbers, and runs are joined with powers of A
// made once.
#pragma once
#include <cfloat>
#include <cmath>

namespace marey::cuda {

enum class Direction { forward, backward };

template <int S, int K>
struct Form {
  static constexpr int sections = S, order = K, n = S * K;
  static constexpr int width = 2 * K + 1, numbers = S * width;  // of a section, of all
};

// Of a section: forward b_0, c_1 .. c_K, -a_1 .. -a_K with c_i = b_i - a_i b_0; backward b_0 .. b_K, -a_1 .. -a_K.
template <Direction direction, int K>
__host__ __device__ inline void coefficients(const double* row, double* k) {
  const double *b = row, *a = row + K + 1;
  k[0] = b[0] / a[0];
  for (int i = 1; i <= K; ++i) {
    const double b_i = b[i] / a[0], a_i = a[i] / a[0];
    k[i] = direction == Direction::forward ? fma(-a_i, k[0], b_i) : b_i;
    k[K + i] = -a_i;
  }
}

// One section forward: the transposed direct form II. z are its states; without feedback nothing recurs, so that a NaN
// leaves with the last tap.
template <int K>
__host__ __device__ inline double section_forward(const double* k, double* z, double x, bool feedback = true) {
  const double out = fma(k[0], x, z[0]), first = feedback ? z[0] : 0.0;
#pragma unroll
  for (int i = 0; i + 1 < K; ++i) z[i] = fma(k[K + 1 + i], first, fma(k[1 + i], x, z[i + 1]));
  z[K - 1] = fma(k[2 * K], first, k[K] * x);
  return out;
}

// One section backward in time: the direct form II. l = dL/dz; gives back dL/dx, and dL/dy through everything as Y.
template <int K>
__host__ __device__ inline double section_backward(const double* k, double* l, double grad, double& Y,
                                                   bool feedback = true) {
  Y = grad;
#pragma unroll
  for (int i = K - 1; i >= 0; --i) Y = feedback ? fma(k[K + 1 + i], l[i], Y) : Y;
  double out = k[K] * l[K - 1];
#pragma unroll
  for (int i = K - 2; i >= 0; --i) out = fma(k[1 + i], l[i], out);
#pragma unroll
  for (int i = K - 1; i > 0; --i) l[i] = l[i - 1];
  l[0] = Y;
  return fma(k[0], Y, out);
}

// All sections, in the order in which the direction meets them. Only a section alone may be without feedback.
template <Direction direction, class F>
__host__ __device__ inline double step(const double* k, double* state, double value, bool feedback) {
  feedback |= F::sections > 1;
  if constexpr (direction == Direction::forward) {
#pragma unroll
    for (int s = 0; s < F::sections; ++s) {
      value = section_forward<F::order>(k + s * F::width, state + s * F::order, value, feedback);
    }
  } else {
    double Y;
#pragma unroll
    for (int s = F::sections - 1; s >= 0; --s) {
      value = section_backward<F::order>(k + s * F::width, state + s * F::order, value, Y, feedback);
    }
  }
  return value;
}

// States are joined over long runs in another basis. A slow filter has poles close to each other and to 1; in the
// states' own basis its A is near [2 1; -1 0] (at order 2), and a rounding of A's powers by 1e-16 moves such poles by
// up to 1e-8. Forward, z_0 .. z_K-1 are the coefficients of a polynomial, highest first; taken about 1 instead of 0 (at
// order 2: z0, z0 + z1), they go  z_i <- z_i + z_i+1 - d_i+1 z_0  with d the filter's own polynomial about 1, whose
// small entries (at order 2: 1 + a_1 + a_2) keep all their digits. Backward, l_0 .. l_K-1 become differences (l0, l0 -
// l1, ...).
template <int K>
__host__ __device__ inline void about_one(double* p) {  // K coefficients, highest first
#pragma unroll
  for (int i = 0; i + 1 < K; ++i) {
#pragma unroll
    for (int j = 1; j < K - i; ++j) p[j] += p[j - 1];
  }
}
template <int K>
__host__ __device__ inline void about_zero(double* p) {
#pragma unroll
  for (int i = 0; i + 1 < K; ++i) {
#pragma unroll
    for (int j = 1; j < K - i; ++j) p[j] -= p[j - 1];
  }
}
template <int K>
__host__ __device__ inline void differences(double* l) {  // and back
#pragma unroll
  for (int i = 1; i < K; ++i) {
#pragma unroll
    for (int j = K - 1; j >= i; --j) l[j] = l[j - 1] - l[j];
  }
}

template <Direction direction, class F>
__host__ __device__ inline void to_joining(double (&state)[F::n]) {
#pragma unroll
  for (int s = 0; s < F::sections; ++s) {
    double* const p = state + s * F::order;
    direction == Direction::forward ? about_one<F::order>(p) : differences<F::order>(p);
  }
}
template <Direction direction, class F>
__host__ __device__ inline void from_joining(double (&state)[F::n]) {
#pragma unroll
  for (int s = 0; s < F::sections; ++s) {
    double* const p = state + s * F::order;
    direction == Direction::forward ? about_zero<F::order>(p) : differences<F::order>(p);
  }
}

// A step in that basis, of a value through one section.
template <int K>
__host__ __device__ inline double step_joining_forward(const double* k, double* z, double value) {
  double input[K], d[K + 1] = {1.0};
  for (int i = 0; i < K; ++i) input[i] = k[1 + i], d[1 + i] = -k[K + 1 + i];
  about_one<K>(input);
  about_one<K + 1>(d);
  const double first = z[0];
  for (int i = 0; i < K; ++i) z[i] = (z[i] + (i + 1 < K ? z[i + 1] : 0.0)) - d[i + 1] * first + input[i] * value;
  return k[0] * value + first;
}
// Backward, the newest difference of all follows from  value = sum_i e_i (difference i of Y)  with e the polynomial 1,
// a_1 .. a_K in differences; each lower one is what it was and the one above it.
template <int K>
__host__ __device__ inline double step_joining_backward(const double* k, double* l, double value) {
  double e[K + 1] = {1.0}, before[K];
  for (int i = 0; i < K; ++i) e[1 + i] = -k[K + 1 + i], before[i] = l[i];
  for (int i = 0; i < K; ++i) {  // (1 - difference) in powers of the difference
    for (int j = K - 1; j >= i; --j) e[j] += e[j + 1];
  }
  for (int i = 1; i <= K; i += 2) e[i] = -e[i];
  double newest = value, sum = 0.0;
  for (int i = 0; i < K; ++i) {
    sum += e[i];
    newest -= sum * l[i];
  }
  for (int i = K - 1; i >= 0; --i) newest = l[i] = l[i] + newest;
  differences<K>(before);
  double out = k[0] * l[0];
  for (int i = 0; i < K; ++i) out += k[1 + i] * before[i];
  return out;
}

template <Direction direction, class F>
__host__ __device__ inline void step_joining(const double* k, double* state) {
  double value = 0.0;
  for (int i = 0; i < F::sections; ++i) {
    const int s = direction == Direction::forward ? i : F::sections - 1 - i;
    const double* const numbers = k + s * F::width;
    double* const p = state + s * F::order;
    value = direction == Direction::forward ? step_joining_forward<F::order>(numbers, p, value)
                                            : step_joining_backward<F::order>(numbers, p, value);
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
