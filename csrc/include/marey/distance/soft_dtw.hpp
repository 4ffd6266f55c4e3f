// Soft dynamic time warping of pairs and its gradient (Cuturi and Blondel, ICML 2017).
//
// R_ij = |x_i - y_j|^2 + softmin(R_i-1,j, R_i,j-1, R_i-1,j-1), softmin(a) = -gamma log sum exp(-a / gamma), within
// |i - j| <= window; the value is R at the two ends. The cells of an anti-diagonal do not wait for each other: they go
// through the vectors together, x forwards and y backwards. Nothing is kept for the gradient: it computes the table
// again, with its weights in a scratch of three values a cell for each thread, and goes back through them.
// A pair with a value that is not finite is NaN, and so are its gradients; without a path the value is inf and the
// gradients are 0.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::distance {

template <typename T>
struct SoftDtw {
  std::int64_t n_pairs, channels, n, m;
  const T *x, *y;                           // [n_pairs][channels][n], [n_pairs][channels][m]
  const std::int64_t *x_length, *y_length;  // [n_pairs], at most n and m; null: n and m
  T gamma;
  std::int64_t window;

  std::int64_t grain() const noexcept { return 1 + (1 << 14) / (n * m * channels + 1); }
};

template <typename T>
void soft_dtw(const SoftDtw<T>& a, T* out, std::int64_t first, std::int64_t last);

// The gradients of sum over pairs of grad * value.
template <typename T>
void soft_dtw_backward(const SoftDtw<T>& a, const T* grad, T* grad_x, T* grad_y, std::int64_t first, std::int64_t last);

MAREY_DECLARE_PER_ISA(template <typename T> void soft_dtw_kernel(const SoftDtw<T>&, T*, std::int64_t, std::int64_t);
                      template <typename T>
                      void soft_dtw_backward_kernel(const SoftDtw<T>&, const T*, T*, T*, std::int64_t, std::int64_t))

}  // namespace marey::distance
