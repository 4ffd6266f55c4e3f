// A span of rows of the table of pairs, all channels: mmatrix_profile.hpp for the method.
#include "marey/profile/mmatrix_profile.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "dots.hpp"

namespace marey::profile::MAREY_LEVEL {

inline Vec root(Vec v) {
#if defined(__AVX512F__)
  return (Vec)_mm512_sqrt_pd(v);
#elif defined(__AVX2__)
  return (Vec)_mm256_sqrt_pd(v);
#else
  return Vec{std::sqrt(v[0]), std::sqrt(v[1])};
#endif
}

void sweep_rows(const RowSpan& a) noexcept {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const std::int64_t count = a.columns[0].windows.count, m = a.columns[0].windows.m;
  const std::int64_t n_rows = a.rows[0].windows.count;
  const std::int64_t stride = count + 2 * padding, rows = a.row_end - a.row, fresh_stride = rows + padding;
  double* fresh = a.fresh;
  for (std::int64_t c = 0; c < a.n_channels; ++c) {
    const Windows &r = a.rows[c].windows, &w = a.columns[c].windows;
    for (std::int64_t s = 0; s < m; ++s) a.q[s] = r.x[a.row + s] - r.mean[a.row];
    double* cov = a.cov + c * stride + padding;
    for (std::int64_t j = count; j < count + padding; ++j) cov[j] = 0;
    dots(w.x.data(), w.mean.data(), count, a.q, m, cov);
    for (const std::int64_t cut : a.columns[c].cuts) {
      for (std::int64_t s = 0; s < m; ++s) a.q[s] = w.x[cut + s] - w.mean[cut];
      dots(r.x.data() + a.row, r.mean.data() + a.row, rows, a.q, m, fresh);
      fresh += fresh_stride;
    }
  }
  const std::int64_t last = (count - 1) / lanes * lanes;
  for (std::int64_t i = a.row; i < a.row_end; ++i) {
    const bool moves = i > a.row;
    if (moves) {  // a value feeds its lower right neighbour only: what a cut's column begins with may stand before it
      const double* from = a.fresh + (i - a.row);
      for (std::int64_t c = 0; c < a.n_channels; ++c) {
        for (const std::int64_t cut : a.columns[c].cuts) {
          a.cov[c * stride + padding + cut - 1] = *from;
          from += fresh_stride;
        }
      }
    }
    Vec least[most_channels];
    Int at[most_channels];
    for (std::int64_t c = 0; c < a.n_channels; ++c) least[c] = splat(inf), at[c] = Int{} - 1;
    for (std::int64_t j = last; j >= 0; j -= lanes) {
      Vec d[most_channels];
      for (std::int64_t c = 0; c < a.n_channels; ++c) {
        const Channel& channel = a.columns[c];
        const Windows &r = a.rows[c].windows, &w = channel.windows;
        double* cov = a.cov + c * stride + padding + j;
        Vec here;
        if (moves) {
          const Vec grown = madd(splat(r.df[i]), load(channel.dg.data() + j), r.dg[i] * load(channel.df.data() + j));
          here = load(cov - 1) + grown;
          store(cov, here);
        } else {
          here = load(cov);
        }
        const Vec correlation =
            here * load(w.inverse.data() + j) * r.inverse[i] + (load(w.bias.data() + j) + r.bias[i]);
        const Vec from_one = 1.0 - correlation;
        Vec distance = root(select(from_one > 0.0, from_one, Vec{}));
        // In their order from the first channel on.
        for (std::int64_t k = 0; k < c; ++k) {
          const Int nearer = distance < d[k];
          const Vec farther = select(nearer, d[k], distance);
          d[k] = select(nearer, distance, d[k]);
          distance = farther;
        }
        d[c] = distance;
      }
      const bool near = j + lanes > i - a.exclusion && j <= i + a.exclusion;
      Vec total{};
      for (std::int64_t k = 0; k < a.n_channels; ++k) {
        total += d[k];
        Vec value = total;
        if (near) {
          for (int l = 0; l < lanes; ++l) {
            if (std::abs(j + l - i) <= a.exclusion) value[l] = inf;
          }
        }
        const Int better = value <= least[k];  // columns fall: of equals the later seen is the smaller
        least[k] = select(better, value, least[k]);
        at[k] = better ? Int{} + j : at[k];
      }
    }
    for (std::int64_t k = 0; k < a.n_channels; ++k) {
      std::int64_t nearest = -1;
      double distance = inf;
      for (int l = 0; l < lanes; ++l) {
        const std::int64_t j = at[k][l] + l;
        if (least[k][l] < distance || (least[k][l] == distance && distance < inf && j < nearest)) {
          distance = least[k][l];
          nearest = j;
        }
      }
      a.index[k * n_rows + i] = nearest;
    }
  }
}

}  // namespace marey::profile::MAREY_LEVEL
