// A tile of the table of pairs: matrix_profile.hpp for the method.
#include "marey/profile/matrix_profile.hpp"

#include <algorithm>
#include <cmath>

#include "dots.hpp"
#include "marey/core/simd.hpp"

namespace marey::profile::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

inline Vec greater_of(Vec a, Vec b) {
#if defined(__AVX512F__)
  return (Vec)_mm512_max_pd(a, b);
#elif defined(__AVX2__)
  return (Vec)_mm256_max_pd(a, b);
#else
  return select(a > b, a, b);
#endif
}

inline bool any_above(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ)) != 0;
#else
  const Int above = a > b;
  return (above[0] | above[1]) != 0;
#endif
}

inline void keep_greater(Vec& best, Int& at, Vec value, std::int64_t place) {
#if defined(__AVX512F__)
  const __mmask8 above = _mm512_cmp_pd_mask(value, best, _CMP_GT_OQ);
  best = (Vec)_mm512_max_pd(value, best);
  at = (Int)_mm512_mask_mov_epi64((__m512i)at, above, _mm512_set1_epi64(place));
#else
  const Int above = value > best;
  best = select(above, value, best);
  at = above ? Int{} + place : at;
#endif
}

// `before`'s last lane, then all of v but its last.
inline Vec moved(Vec before, Vec v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(before, v, 7, 8, 9, 10, 11, 12, 13, 14);
#elif defined(__AVX2__)
  return __builtin_shufflevector(before, v, 3, 4, 5, 6);
#else
  return __builtin_shufflevector(before, v, 1, 2);
#endif
}

void moments(Windows& w) noexcept {
  for (std::int64_t i = 0; i < w.count; i += width) {
    const double* x = w.x.data() + i;
    // About its first value, so that a level far from the series' mean costs no digits.
    Vec first[group], sum[group]{}, mean[group], squares[group]{};
#pragma GCC unroll 4
    for (int v = 0; v < group; ++v) first[v] = load(x + v * lanes);
    for (std::int64_t s = 0; s < w.m; ++s) {
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) sum[v] += load(x + s + v * lanes) - first[v];
    }
#pragma GCC unroll 4
    for (int v = 0; v < group; ++v) mean[v] = first[v] + sum[v] / double(w.m);
    for (std::int64_t s = 0; s < w.m; ++s) {
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) {
        const Vec from_mean = load(x + s + v * lanes) - mean[v];
        squares[v] = madd(from_mean, from_mean, squares[v]);
      }
    }
    for (int v = 0; v < group; ++v) {
      store(w.mean.data() + i + v * lanes, mean[v]);
      store(w.norm.data() + i + v * lanes, squares[v]);
    }
  }
  for (std::int64_t i = 0; i < w.count; ++i) w.norm[i] = std::sqrt(w.norm[i]);
}

double pair_distance(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) noexcept {
  const Vec mean_a = splat(a.mean[i]), mean_b = splat(b.mean[j]);
  const Vec by_a = splat(a.inverse[i]), by_b = splat(b.inverse[j]);
  Vec sum{};
  for (std::int64_t s = 0; s < a.m; s += lanes) {
    const Some of = some(a.m - s);
    const Vec u = load_some(a.x.data() + i + s, of, a.mean[i]) - mean_a;
    const Vec v = load_some(b.x.data() + j + s, of, b.mean[j]) - mean_b;
    const Vec between = u * by_a - v * by_b;
    sum = madd(between, between, sum);
  }
  return std::sqrt(double(a.m) * marey::MAREY_LEVEL::sum(sum));
}

// Behind equals: they were met before, at smaller indices.
static void insert(double* value, std::int64_t* index, std::int64_t k, double v, std::int64_t at) {
  std::int64_t p = k - 1;
  for (; p > 0 && value[p - 1] < v; --p) value[p] = value[p - 1], index[p] = index[p - 1];
  value[p] = v;
  index[p] = at;
}

static __attribute__((noinline)) void offer_row(const Best& rows, std::int64_t k, std::int64_t row, const Vec* found,
                                                std::int64_t column) {
  double* value = rows.value + row * k;
  for (int v = 0; v < group; ++v) {
    for (int l = 0; l < lanes; ++l) {
      if (found[v][l] > value[k - 1]) insert(value, rows.index + row * k, k, found[v][l], column + v * lanes + l);
    }
  }
}

static __attribute__((noinline)) void offer_columns(const Best& columns, std::int64_t k, std::int64_t row,
                                                    const Vec* found, std::int64_t column, std::int64_t most,
                                                    Vec* least) {
  for (int l = 0; l < width && l < most; ++l) {
    const double v = found[l / lanes][l % lanes];
    double* value = columns.value + (column + l) * k;
    if (v > value[k - 1]) insert(value, columns.index + (column + l) * k, k, v, row);
    least[l / lanes][l % lanes] = value[k - 1];
  }
}

// What becomes of the columns' best: nothing, one each in registers, or k each in memory.
enum class Keep { none, one, many };

// special: windows with a bias, columns behind the tile's last, or cells before `gap`, are among these.
template <bool special, Keep keep>
static void strip(const Tile& a, std::int64_t column, std::int64_t row_end, bool first, const double* top,
                  const double* carry, double* next) {
  const Windows &A = *a.a, &B = *a.b;
  const std::int64_t most = a.column_end - column;
  constexpr double inf = std::numeric_limits<double>::infinity();
  Vec cov[group], df[group], dg[group], inverse[group], bias[group], best[group];
  Int at[group];
#pragma GCC unroll 4
  for (int v = 0; v < group; ++v) {
    const std::int64_t c = column + v * lanes;
    df[v] = load(B.df.data() + c), dg[v] = load(B.dg.data() + c), inverse[v] = load(B.inverse.data() + c);
    if constexpr (special) bias[v] = load_first(B.bias.data() + c, most - v * lanes, -inf);
    cov[v] = load(top + v * lanes);
    for (int l = 0; l < lanes; ++l) {
      const bool here = keep != Keep::none && v * lanes + l < most;
      best[v][l] = here ? a.columns.value[(c + l) * a.k + a.k - 1] : inf;
      at[v][l] = here && keep == Keep::one ? a.columns.index[c + l] : -1;
    }
  }
  // The tile's first column is summed afresh in every row and arrives as it is.
  if (first) df[0][0] = dg[0][0] = 0;
  for (std::int64_t i = a.row; i < row_end; ++i) {
    if (i > a.row) {
      const Vec df_i = splat(A.df[i]), dg_i = splat(A.dg[i]);
#pragma GCC unroll 4
      for (int v = group - 1; v >= 0; --v) {
        const Vec grown = madd(df_i, dg[v], dg_i * df[v]);
        cov[v] = moved(v > 0 ? cov[v - 1] : splat(carry[i - a.row]), cov[v]) + grown;
      }
    }
    next[i - a.row + 1] = cov[group - 1][lanes - 1];
    const Vec inverse_i = splat(A.inverse[i]);
    Vec value[group];
#pragma GCC unroll 4
    for (int v = 0; v < group; ++v) {
      value[v] = cov[v] * inverse[v] * inverse_i;
      if constexpr (special) value[v] += bias[v] + A.bias[i];
    }
    if constexpr (special) {
      const std::int64_t before = i + a.gap - column;  // lanes that do not count
      for (int l = 0; l < width && l < before; ++l) value[l / lanes][l % lanes] = -inf;
    }
    Vec greatest = value[0];
#pragma GCC unroll 4
    for (int v = 1; v < group; ++v) greatest = greater_of(greatest, value[v]);
    if (any_above(greatest, splat(a.rows.value[i * a.k + a.k - 1]))) offer_row(a.rows, a.k, i, value, column);
    if constexpr (keep == Keep::one) {
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) keep_greater(best[v], at[v], value[v], i);
    } else if constexpr (keep == Keep::many) {
      bool any = false;
#pragma GCC unroll 4
      for (int v = 0; v < group; ++v) any |= any_above(value[v], best[v]);
      if (any) offer_columns(a.columns, a.k, i, value, column, most, best);
    }
  }
  if constexpr (keep == Keep::one) {
    for (int l = 0; l < width && l < most; ++l) {
      a.columns.value[column + l] = best[l / lanes][l % lanes];
      a.columns.index[column + l] = at[l / lanes][l % lanes];
    }
  }
}

template <Keep keep>
static void strips(const Tile& a) {
  const Windows &A = *a.a, &B = *a.b;
  const std::int64_t rows = a.row_end - a.row, columns = a.column_end - a.column;
  double *top = a.room, *carry = top + columns + 2 * padding, *next = carry + rows + padding,
         *q = next + rows + padding;
  for (std::int64_t s = 0; s < B.m; ++s) q[s] = A.x[a.row + s] - A.mean[a.row];
  std::fill_n(top, columns + 2 * padding, 0.0);
  dots(B.x.data() + a.column, B.mean.data() + a.column, columns, q, B.m, top);
  for (std::int64_t s = 0; s < B.m; ++s) q[s] = B.x[a.column + s] - B.mean[a.column];
  std::fill_n(carry, 2 * (rows + padding), 0.0);
  // Below the gap no cell counts, nor does any on its diagonal.
  dots(A.x.data() + a.row, A.mean.data() + a.row, std::clamp<std::int64_t>(a.column - a.gap + 1 - a.row, 0, rows), q,
       B.m, carry);
  const bool special_rows = A.special[a.row_end] > A.special[a.row];
  for (std::int64_t c = a.column; c < a.column_end; c += width) {
    const std::int64_t row_end = std::min(a.row_end, std::min(c + width, a.column_end) - a.gap);
    const bool first = c == a.column, whole = c + width <= a.column_end;
    if (row_end > a.row) {
      const bool special = special_rows || !whole || B.special[c + width] > B.special[c] || row_end - 1 + a.gap > c;
      const auto run = special ? &strip<true, keep> : &strip<false, keep>;
      run(a, c, row_end, first, top + (c - a.column), carry, next);
    }
    std::swap(carry, next);
  }
}

void sweep(const Tile& a) noexcept {
  if (a.columns.value == nullptr) return strips<Keep::none>(a);
  a.k == 1 ? strips<Keep::one>(a) : strips<Keep::many>(a);
}

}  // namespace marey::profile::MAREY_LEVEL
