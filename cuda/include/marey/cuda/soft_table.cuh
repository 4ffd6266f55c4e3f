// The rule of soft-DTW for warp_table.cuh, and its pairs.
#pragma once
#include "marey/cuda/distance.cuh"
#include "marey/cuda/warp_table.cuh"

namespace marey::cuda {

// What a cell takes of its three predecessors; of sum 1.
template <typename T>
struct Weights {
  T up, left, corner;
};

template <typename T>
struct Softmin {
  T gamma;

  // Farther than any path, and no infinity: inf - inf would be NaN where a cell looks past the table.
  __device__ static T nowhere() { return sizeof(T) == 4 ? T(1e37) : T(1e300); }

  __device__ T cell(T up, T left, T corner, T square) const {
    const T least = fmin(fmin(up, left), corner), inverse = T(-1) / gamma;
    const T total = exp((up - least) * inverse) + exp((left - least) * inverse) + exp((corner - least) * inverse);
    return square + fma(-gamma, log(total), least);
  }
  __device__ Weights<T> weights(T up, T left, T corner) const {
    const T least = fmin(fmin(up, left), corner), inverse = T(-1) / gamma;
    const T a = exp((up - least) * inverse), b = exp((left - least) * inverse), c = exp((corner - least) * inverse);
    const T share = T(1) / (a + b + c);
    return {a * share, b * share, c * share};
  }
};

// Whether the pair has a path through finite values; `value` is what it has without one. A length out of range is NaN.
template <typename T>
__device__ bool take(const distance::SoftDtw<T>& a, int64_t pair, int lane, WarpPair<T>& p, T& value) {
  const int64_t n = a.x_length == nullptr ? a.n : a.x_length[pair], m = a.y_length == nullptr ? a.m : a.y_length[pair];
  p = {{a.x + pair * a.channels * a.n, n, a.n}, {a.y + pair * a.channels * a.m, m, a.m}, a.channels, a.window};
  value = T(NAN);
  if (n < 0 || n > a.n || m < 0 || m > a.m) return false;
  if (!p.x.finite(a.channels, lane) || !p.y.finite(a.channels, lane)) return false;
  value = n == 0 && m == 0 ? T(0) : T(INFINITY);
  return p.has_path();
}

}  // namespace marey::cuda
