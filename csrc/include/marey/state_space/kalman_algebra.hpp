// One step of the filter, of the smoother and of the adjoint, for any scalar type V: a vector of series on the CPU, a
// double on a GPU. Included after the header that gives V its fma, select and exp, in the namespace MAREY_LEVEL.
//
// N: number of states where known at compile time, else 0 and `size` is read. Symmetric matrices are packed lower
// triangles. Every multiply-add is an fma: the same bits wherever these are inlined.
#pragma once
#include <limits>

#if defined(__CUDACC__)
#define MAREY_INLINE __host__ __device__ __forceinline__
#define MAREY_UNROLL _Pragma("unroll")
#else
#define MAREY_INLINE __attribute__((always_inline)) inline
#define MAREY_UNROLL _Pragma("GCC unroll 4")
#endif

namespace marey::state_space::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;

MAREY_INLINE constexpr int packed(int i, int j) { return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i; }
MAREY_INLINE constexpr int packed_size(int n) { return n * (n + 1) / 2; }

// sum_j A[j * stride] b[j]
template <int N, class V>
MAREY_INLINE V dot(int size, const V* A, int stride, const V* b) {
  const int n = N ? N : size;
  V sum = A[0] * b[0];
  MAREY_UNROLL
  for (int j = 1; j < n; ++j) sum = fma(A[j * stride], b[j], sum);
  return sum;
}

// sum_j S[i, j] b[j] of a packed symmetric S
template <int N, class V>
MAREY_INLINE V packed_dot(int size, const V* S, int i, const V* b) {
  const int n = N ? N : size;
  V sum = S[packed(i, 0)] * b[0];
  MAREY_UNROLL
  for (int j = 1; j < n; ++j) sum = fma(S[packed(i, j)], b[j], sum);
  return sum;
}

// x <- F x, or F^T x; `before` is scratch.
template <int N, bool transposed = false, class V>
MAREY_INLINE void predict_mean(int size, const V* F, V* x, V* before) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) before[i] = x[i];
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) x[i] = dot<N>(n, transposed ? F + i : F + i * n, transposed ? n : 1, before);
}

// P <- F P F^T + Q, or F^T P F (Q not read); FP: n * n of scratch, F P on return.
template <int N, bool transposed = false, class V>
MAREY_INLINE void predict_cov(int size, const V* F, const V* Q, V* P, V* FP) {
  const int n = N ? N : size;
  const int row = transposed ? 1 : n, column = transposed ? n : 1;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) {
      V sum = F[i * row] * P[packed(0, j)];
      MAREY_UNROLL
      for (int k = 1; k < n; ++k) sum = fma(F[i * row + k * column], P[packed(k, j)], sum);
      FP[i * n + j] = sum;
    }
  }
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j) {
      V sum = transposed ? V{} : Q[packed(i, j)];
      MAREY_UNROLL
      for (int k = 0; k < n; ++k) sum = fma(FP[i * n + k], F[j * row + k * column], sum);
      P[packed(i, j)] = sum;
    }
  }
}

// One scalar observation h x + N(0, d): variance of its innovation, its inverse, M = P h and the gain K = M inverse.
// Where it is missing: variance 1, inverse 0, K 0. Where the variance is not positive and finite: 1, NaN, NaN.
template <class V>
struct Innovation {
  V variance, inverse;
};

template <int N, class V, class Seen>
MAREY_INLINE Innovation<V> gain(int size, const V* P, const V* h, V d, Seen seen, V* M, V* K) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) M[i] = packed_dot<N>(n, P, i, h);
  V s = d;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) s = fma(h[i], M[i], s);
  const auto sound = (s >= 0x1p-1022) & (s <= 0x1p1022);
  const V nan = V{} + std::numeric_limits<double>::quiet_NaN();
  const V inverse = select(seen, select(sound, 1.0 / s, nan), V{});
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) K[i] = M[i] * inverse;
  return {select(seen & sound, s, V{} + 1.0), inverse};
}

// P <- (I - K h) P (I - K h)^T + K d K^T (Joseph), by two passes of rank one; A: n * n + n of scratch.
template <int N, class V>
MAREY_INLINE void update_cov(int size, const V* h, V d, const V* M, const V* K, V* P, V* A) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) A[i * n + j] = fma(-K[i], M[j], P[packed(i, j)]);
  }
  V* w = A + n * n;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) w[i] = fma(d, K[i], -dot<N>(n, A + i * n, 1, h));
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j) P[packed(i, j)] = fma(w[i], K[j], A[i * n + j]);
  }
}

// y - h x; the caller puts zero where it is missing.
template <int N, class V>
MAREY_INLINE V residual(int size, V y, const V* h, const V* x) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) y = fma(-h[i], x[i], y);
  return y;
}

template <int N, class V>
MAREY_INLINE void update_mean(int size, const V* K, V v, V* x) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) x[i] = fma(K[i], v, x[i]);
}

// R = L D L^T: L (unit) below the diagonal of LD, D on it. A column below a zero pivot is zero.
template <class V>
MAREY_INLINE void factor(int m, const V* R, V* LD) {
  for (int j = 0; j < m; ++j) {
    for (int i = j; i < m; ++i) {
      V sum = R[packed(i, j)];
      for (int k = 0; k < j; ++k) sum = fma(-(LD[packed(i, k)] * LD[packed(j, k)]), LD[packed(k, k)], sum);
      LD[packed(i, j)] = i == j ? sum : select(LD[packed(j, j)] == 0.0, V{}, sum / LD[packed(j, j)]);
    }
  }
}

// A <- L^-1 A for rows of n.
template <class V>
MAREY_INLINE void solve(int m, int n, const V* LD, V* A) {
  for (int i = 1; i < m; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < n; ++k) A[i * n + k] = fma(-LD[packed(i, j)], A[j * n + k], A[i * n + k]);
    }
  }
}

// A <- L^-T A for rows of n, one `step` apart in memory by row and by column.
template <class V>
MAREY_INLINE void solve_transposed(int m, int n, const V* LD, V* A, int row, int column) {
  for (int i = m - 1; i >= 0; --i) {
    for (int j = i + 1; j < m; ++j) {
      for (int k = 0; k < n; ++k) {
        A[i * row + k * column] = fma(-LD[packed(j, i)], A[j * row + k * column], A[i * row + k * column]);
      }
    }
  }
}

// Smoothing, backwards (de Jong 1989; univariate in Koopman and Durbin 2000): r and N are such that the smoothed state
// is x + P r with covariance P - P N P. Back over one scalar observation, of which v is the innovation.
template <int N, class V>
MAREY_INLINE void smooth_back(int size, const V* h, const V* K, V inverse, V v, V* r, V* S, V* SK) {
  const int n = N ? N : size;
  const V c = fma(v, inverse, -dot<N>(n, K, 1, r));
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) r[i] = fma(h[i], c, r[i]);
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) SK[i] = packed_dot<N>(n, S, i, K);
  const V q = inverse + dot<N>(n, K, 1, SK);
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j) {
      const V a = fma(-h[i], SK[j], S[packed(i, j)]);
      S[packed(i, j)] = fma(fma(h[i], q, -SK[i]), h[j], a);
    }
  }
}

// The smoothed state from the filtered one; A: n * n of scratch.
template <int N, class V>
MAREY_INLINE void smoothed(int size, const V* x, const V* P, const V* r, const V* S, V* mean, V* cov, V* A) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    V sum = x[i];
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) sum = fma(P[packed(i, j)], r[j], sum);
    mean[i] = sum;
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) {
      V product = P[packed(i, 0)] * S[packed(0, j)];
      MAREY_UNROLL
      for (int k = 1; k < n; ++k) product = fma(P[packed(i, k)], S[packed(k, j)], product);
      A[i * n + j] = product;
    }
  }
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j) {
      V sum = P[packed(i, j)];
      MAREY_UNROLL
      for (int k = 0; k < n; ++k) sum = fma(-A[i * n + k], P[packed(k, j)], sum);
      cov[packed(i, j)] = sum;
    }
  }
}

// Adjoint of one scalar observation: gx and G (symmetric, packed) of the state after it become those of the state x, P
// before it. gl: of the log-likelihood. Adds to gh; returns the adjoints of y and of d.
template <class V>
struct ObservationAdjoint {
  V y, d;
};

template <int N, class V>
MAREY_INLINE ObservationAdjoint<V> observe_adjoint(int size, const V* h, const V* M, const V* K, V inverse, V v,
                                                   const V* x, const V* P, V gl, V* gx, V* G, V* gh, V* scratch) {
  const int n = N ? N : size;
  V* GK = scratch;
  V* gM = scratch + n;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) GK[i] = packed_dot<N>(n, G, i, K);
  const V e = v * inverse, a = dot<N>(n, K, 1, gx);
  const V gy = fma(-gl, e, a);
  const V gs = fma(-e, a, fma(gl * -0.5, fma(-e, e, inverse), dot<N>(n, K, 1, GK)));
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) gM[i] = fma(h[i], gs, fma(e, gx[i], -2.0 * GK[i]));
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    gh[i] = fma(M[i], gs, fma(-x[i], gy, gh[i] + packed_dot<N>(n, P, i, gM)));
    gx[i] = fma(-h[i], gy, gx[i]);
  }
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j <= i; ++j) {
      G[packed(i, j)] = fma(0.5 * gM[i], h[j], fma(0.5 * h[i], gM[j], G[packed(i, j)]));
    }
  }
  return {gy, gs};
}

// Adjoint of the prediction from x, P: adds to gF; gx and G become those of x, P. FP: n * n of scratch.
template <int N, class V>
MAREY_INLINE void predict_adjoint(int size, const V* F, const V* x, const V* P, V* gx, V* G, V* gF, V* FP) {
  const int n = N ? N : size;
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) {
      V sum = F[i * n] * P[packed(0, j)];
      MAREY_UNROLL
      for (int k = 1; k < n; ++k) sum = fma(F[i * n + k], P[packed(k, j)], sum);
      FP[i * n + j] = 2.0 * sum;
    }
  }
  MAREY_UNROLL
  for (int i = 0; i < n; ++i) {
    MAREY_UNROLL
    for (int j = 0; j < n; ++j) {
      V sum = fma(gx[i], x[j], gF[i * n + j]);
      MAREY_UNROLL
      for (int k = 0; k < n; ++k) sum = fma(G[packed(i, k)], FP[k * n + j], sum);
      gF[i * n + j] = sum;
    }
  }
  predict_mean<N, true>(n, F, gx, FP);
  predict_cov<N, true>(n, F, G, G, FP);
}

// Adjoint of y, H -> L^-1 [H | y] and of R -> L, D. In: A = L^-1 [H | y] and gA, gd, its and D's adjoints, rows of
// n + 1. Out: gA becomes that of [H | y], gR (m * m, full) that of R, symmetric. X: m * m of scratch.
template <class V>
MAREY_INLINE void decorrelate_adjoint(int m, int n, const V* LD, const V* A, const V* gd, V* gA, V* gR, V* X) {
  const int row = n + 1;
  solve_transposed(m, row, LD, gA, row, 1);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < m; ++j) {
      V sum{};
      for (int k = 0; i > j && k < row; ++k) sum = fma(-gA[i * row + k], A[j * row + k], sum);
      gR[i * m + j] = sum;  // the adjoint of L
    }
  }
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < m; ++j) {
      V sum = gR[i * m + j];
      for (int k = i + 1; i > j && k < m; ++k) sum = fma(LD[packed(k, i)], gR[k * m + j], sum);
      const V pivot = LD[packed(j, j)];
      X[i * m + j] = i == j ? gd[i] : i > j ? select(pivot == 0.0, V{}, sum / pivot) : V{};
    }
  }
  solve_transposed(m, m, LD, X, m, 1);
  solve_transposed(m, m, LD, X, 1, m);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < m; ++j) gR[i * m + j] = 0.5 * (X[i * m + j] + X[j * m + i]);
  }
}

}  // namespace marey::state_space::MAREY_LEVEL
