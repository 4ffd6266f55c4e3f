// What the Kalman kernels share: `lanes` series side by side, a chunk of steps at a time in lane order.
#pragma once
#include <cstdint>

#include "marey/core/simd.hpp"

namespace marey::MAREY_LEVEL {

// The algebra writes every multiply-add as fma, which a double on a GPU has too.
inline Vec fma(Vec a, Vec b, Vec c) { return madd(a, b, c); }

// x = 2^k m with 1 <= m < 2, for positive normal x; k is added to `exponent`, m returned.
inline Vec take_exponent(Vec x, Int& exponent) {
  exponent += (Int)((Bits)x >> 52) - 1023;
  return (Vec)(((Bits)x & 0x000fffffffffffffu) | 0x3ff0000000000000u);
}

}  // namespace marey::MAREY_LEVEL

#include "marey/state_space/kalman_algebra.hpp"
#include "marey/state_space/kalman_models.hpp"

namespace marey::state_space::MAREY_LEVEL {

using std::int64_t;

inline constexpr int chunk_steps = 64;

// The series in the lanes; lanes without one repeat the last, and are never stored.
struct Block {
  int64_t series[lanes];
  int count;

  Block(const KalmanProblem& p, int64_t first) {
    count = int(p.n_series - first < lanes ? p.n_series - first : lanes);
    for (int l = 0; l < lanes; ++l) series[l] = first + (l < count ? l : count - 1);
  }
};

// Hands out the caller's workspace; nothing is given back.
struct Workspace {
  Vec* next;

  explicit Workspace(double* memory) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    next = reinterpret_cast<Vec*>((address + alignof(Vec) - 1) / alignof(Vec) * alignof(Vec));
  }
  Vec* take(int64_t count) {
    Vec* taken = next;
    next += count;
    return taken;
  }
};

template <class F>
inline void with_type(const Reals& r, F f) {
  r.single ? f(static_cast<const float*>(r.data)) : f(static_cast<const double*>(r.data));
}

// tile[t * rows + k] <- row k of each series at step start + t; the rows of a series are `length` long.
inline void load_rows(const Reals& from, const Block& b, int rows, int64_t length, int64_t start, int count,
                      Vec* tile) {
  with_type(from, [&](auto* p) {
    for (int k = 0; k < rows; ++k) {
      for (int t = 0; t < count; t += lanes) {
        const int n = count - t < lanes ? count - t : lanes;
        Vec part[lanes];
        for (int l = 0; l < lanes; ++l) {
          part[l] = load_first(p + b.series[l] * from.series + k * length + start + t, n);
        }
        transpose(part);
        for (int j = 0; j < n; ++j) tile[(t + j) * rows + k] = part[j];
      }
    }
  });
}

template <typename T>
inline void store_row(T* to, const Block& b, int64_t stride, int count, const Vec* tile, int rows) {
  for (int t = 0; t < count; t += lanes) {
    const int n = count - t < lanes ? count - t : lanes;
    Vec part[lanes];
    for (int j = 0; j < lanes; ++j) part[j] = j < n ? tile[(t + j) * rows] : Vec{};
    transpose(part);
    for (int l = 0; l < b.count; ++l) store_first(to + b.series[l] * stride + t, part[l], n);
  }
}

// Row k of the tile to row k of each series: [series][rows][length].
inline void store_rows(void* to, bool single, const Block& b, int rows, int64_t length, int64_t start, int count,
                       const Vec* tile, int width) {
  for (int k = 0; k < rows; ++k) {
    const int64_t offset = k * length + start;
    single ? store_row(static_cast<float*>(to) + offset, b, rows * length, count, tile + k, width)
           : store_row(static_cast<double*>(to) + offset, b, rows * length, count, tile + k, width);
  }
}

// Packed covariances of the tile to [series][n][n][length].
inline void store_covs(void* to, bool single, const Block& b, int n, int64_t length, int64_t start, int count,
                       const Vec* tile, int width) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const int64_t offset = (i * n + j) * length + start;
      const Vec* row = tile + packed(i, j);
      single ? store_row(static_cast<float*>(to) + offset, b, n * n * length, count, row, width)
             : store_row(static_cast<double*>(to) + offset, b, n * n * length, count, row, width);
    }
  }
}

inline void store_values(void* to, bool single, const Block& b, Vec values) {
  for (int l = 0; l < b.count; ++l) {
    if (single) {
      static_cast<float*>(to)[b.series[l]] = float(values[l]);
    } else {
      static_cast<double*>(to)[b.series[l]] = values[l];
    }
  }
}

// `count` values of each series at one step.
inline void load_values(const Reals& from, const Block& b, int64_t step, int count, Vec* to) {
  with_type(from, [&](auto* p) {
    p += step * from.step;
    for (int k = 0; k < count; ++k) {
      if (from.series == 0) {
        to[k] = splat(p[k]);
      } else {
        for (int l = 0; l < lanes; ++l) to[k][l] = p[b.series[l] * from.series + k];
      }
    }
  });
}

// The symmetric part of an n x n matrix of each series, packed.
inline void load_symmetric(const Reals& from, const Block& b, int64_t step, int n, Vec* to) {
  with_type(from, [&](auto* p) {
    p += step * from.step;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j <= i; ++j) {
        Vec& out = to[packed(i, j)];
        for (int l = 0; l < lanes; ++l) {
          const auto* matrix = p + b.series[l] * from.series;
          out[l] = 0.5 * double(matrix[i * n + j]) + 0.5 * double(matrix[j * n + i]);
        }
        if (from.series == 0) out = splat(out[0]);
      }
    }
  });
}

// A chunk of observations of one block. `seen` is not filled where all are observed.
struct Observations {
  Vec* y;
  Int* seen;
  bool any[kalman_longest_span];  // whether some lane observes something at this step

  Observations(const KalmanProblem& p, Workspace& w, int64_t steps = chunk_steps) {
    y = w.take(steps * p.n_outputs);
    seen = p.mask ? reinterpret_cast<Int*>(w.take(steps * p.n_outputs)) : nullptr;
  }

  void load(const KalmanProblem& p, const Block& b, int64_t start, int count) {
    const int m = int(p.n_outputs);
    load_rows(p.y, b, m, p.length, start, count, y);
    for (int t = 0; t < count; ++t) any[t] = seen == nullptr;
    if (!seen) return;
    for (int l = 0; l < lanes; ++l) {
      for (int k = 0; k < m; ++k) {
        const int64_t row = p.mask_per_output ? b.series[l] * m + k : b.series[l];
        const std::uint8_t* bytes = p.mask + row * p.length + start;
        for (int t = 0; t < count; ++t) {
          seen[t * m + k][l] = bytes[t] ? -1 : 0;
          any[t] |= bytes[t] != 0;
        }
      }
    }
    for (int i = 0; i < count * m; ++i) y[i] = select(seen[i], y[i], Vec{});  // what was not seen may be NaN
  }

  Int at(int i) const { return seen ? seen[i] : Int{} - 1; }
};

// The matrices of one block at the current step, the observations' decorrelated.
struct System {
  const KalmanProblem& p;
  const Block& b;
  int n, m;
  Vec *F, *Q, *H, *R;  // as given; Q and R packed
  Vec *h, *LD;         // L^-1 H and R = L D L^T
  Vec* observed_R;     // R with rows and columns not observed made those of the identity
  Vec *gaps, parameters[2], last_gap;
  bool correlated = false;

  System(const KalmanProblem& problem, const Block& block, Workspace& w)
      : p(problem), b(block), n(int(p.n_states)), m(int(p.n_outputs)) {
    F = w.take(n * n);
    Q = w.take(packed_size(n));
    H = w.take(m * n);
    R = w.take(packed_size(m));
    h = w.take(m * n);
    LD = w.take(packed_size(m));
    observed_R = w.take(packed_size(m));
    gaps = w.take(chunk_steps);
  }

  // Before the first step. What does not vary by step is loaded here, once.
  void begin() {
    if (p.model == Model::given) {
      if (!p.F.step) load_values(p.F, b, 0, n * n, F);
      if (!p.Q.step) load_symmetric(p.Q, b, 0, n, Q);
    } else {
      load_values(p.parameters, b, 0, 2, parameters);
      last_gap = splat(std::numeric_limits<double>::quiet_NaN());
    }
    if (!p.H.step) load_values(p.H, b, 0, m * n, H);
    if (!p.R.step) load_symmetric(p.R, b, 0, m, R);
    if (!p.H.step && !p.R.step) decorrelate(nullptr);
  }

  void begin_chunk(int64_t start, int count) {
    if (p.model != Model::given) load_rows(p.dt, b, 1, p.length, start, count, gaps);
  }

  // F and Q of the way to step `start + t`.
  void transition(int64_t start, int t) {
    if (p.model != Model::given) {
      const Vec gap = gaps[t];
      bool same = true;
      for (int l = 0; l < lanes; ++l) same &= gap[l] == last_gap[l];
      if (same) return;
      last_gap = gap;
      const Vec nan = splat(std::numeric_limits<double>::quiet_NaN());
      evaluate(p.model, parameters[0], parameters[1], select(gap >= 0.0, gap, nan), F, Q);
      return;
    }
    if (p.F.step) load_values(p.F, b, start + t, n * n, F);
    if (p.Q.step) load_symmetric(p.Q, b, start + t, n, Q);
  }

  // h, L and D of step `start + t`.
  void observation(const Observations& o, int64_t start, int t) {
    if (p.H.step) load_values(p.H, b, start + t, m * n, H);
    if (p.R.step) load_symmetric(p.R, b, start + t, m, R);
    const bool holes = o.seen != nullptr && m > 1;
    if (p.H.step || p.R.step || (holes && correlated)) decorrelate(holes ? o.seen + t * m : nullptr);
  }

  // y becomes L^-1 y.
  void decorrelate(Vec* y) const {
    if (correlated) solve(m, 1, LD, y);
  }

 private:
  void decorrelate(const Int* seen) {
    for (int i = 0; i < m * n; ++i) h[i] = H[i];
    Int off_diagonal{};
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < i; ++j) off_diagonal |= R[packed(i, j)] != 0.0;
    }
    correlated = false;
    for (int l = 0; l < lanes; ++l) correlated |= off_diagonal[l] != 0;
    const Vec* noise = R;
    if (seen) {
      noise = observed_R;
      for (int i = 0; i < m; ++i) {
        for (int j = 0; j <= i; ++j) {
          observed_R[packed(i, j)] = select(seen[i] & seen[j], R[packed(i, j)], splat(i == j));
        }
      }
    }
    if (correlated) {
      factor(m, noise, LD);
      solve(m, n, LD, h);
    } else {
      for (int i = 0; i < packed_size(m); ++i) LD[i] = R[i];
    }
  }
};

// log N(y_1 .. y_k), gathered as a product of variances, its exponent apart, and a sum of squares: one log at the end.
struct LogLikelihood {
  Vec squares{}, product = splat(1.0), seen{};
  Int exponent{};

  MAREY_INLINE void add(Innovation<Vec> s, Vec v, Int observed) {
    squares = fma(v * s.inverse, v, squares);
    product = take_exponent(product * s.variance, exponent);
    seen += select(observed, splat(1.0), Vec{});
  }
  Vec value() const {
    constexpr double ln2 = 0.6931471805599453, ln_2pi = 1.8378770664093453;
    const Vec logs = fma(__builtin_convertvector(exponent, Vec), splat(ln2), log(product));
    return -0.5 * (fma(seen, splat(ln_2pi), logs) + squares);
  }
};

// An array of the size known at compile time, or taken from the workspace.
template <int N, int size>
struct Scratch {
  Vec fixed[N ? size : 1];
  Vec* memory = nullptr;

  Scratch(Workspace& w, int64_t dynamic) {
    if (N == 0) memory = w.take(dynamic);
  }
  MAREY_INLINE Vec* get() { return N ? fixed : memory; }
};

}  // namespace marey::state_space::MAREY_LEVEL
