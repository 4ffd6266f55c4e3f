// spmm: the channels of a row in N vectors side by side, one read of x an arc, the rows of the next arcs asked for
// early.
#include "marey/graph/spmm.hpp"

#include "marey/core/simd.hpp"

namespace marey::graph::MAREY_LEVEL {

namespace {

using namespace marey::MAREY_LEVEL;

constexpr int most = 8;            // vectors of channels at a time
constexpr std::int64_t ahead = 8;  // arcs between asking for a row of x and reading it
constexpr std::int64_t cache_line = 64;

template <typename T, typename I>
void prefetch(const Spmm<T, I>& a, std::int64_t e, std::int64_t end, std::int64_t c, std::int64_t n) {
  // Past the row's end lie the arcs of the next one; past the last arc nothing.
  if (e >= end) return;
  const T* p = a.x + std::int64_t(a.targets[e]) * a.n_channels + c;
  for (std::int64_t i = 0; i < n; i += cache_line / std::int64_t(sizeof(T))) __builtin_prefetch(p + i);
}

// Channels c .. c + n of one row in N vectors; the last may be part of one.
template <int N, typename T, typename I>
void row_block(const Spmm<T, I>& a, std::int64_t row, std::int64_t c, std::int64_t n, std::int64_t arcs) {
  Vec sum[N] = {};
  const bool whole = n == N * lanes;
  const Some last = some(n - (N - 1) * lanes);
  for (std::int64_t e = a.offsets[row]; e < a.offsets[row + 1]; ++e) {
    prefetch(a, e + ahead, arcs, c, n);
    const T* p = a.x + std::int64_t(a.targets[e]) * a.n_channels + c;
    const Vec w = splat(a.weights == nullptr ? 1.0 : double(a.weights[a.of_arc == nullptr ? e : a.of_arc[e]]));
#pragma GCC unroll 8
    for (int v = 0; v < N - 1; ++v) sum[v] = madd(w, load(p + v * lanes), sum[v]);
    const Vec end = whole ? load(p + (N - 1) * lanes) : load_some(p + (N - 1) * lanes, last, 0.0);
    sum[N - 1] = madd(w, end, sum[N - 1]);
  }
  T* out = a.out + row * a.n_channels + c;
  for (int v = 0; v < N - 1; ++v) store(out + v * lanes, sum[v]);
  store_first(out + (N - 1) * lanes, sum[N - 1], n - (N - 1) * lanes);
}

// The product of two rows.
template <typename T>
double dot(const T* p, const T* q, std::int64_t n) {
  Vec sums[4] = {};
  std::int64_t c = 0;
  for (; c + 4 * lanes <= n; c += 4 * lanes) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) sums[v] = madd(load(p + c + v * lanes), load(q + c + v * lanes), sums[v]);
  }
  for (; c < n; c += lanes) sums[0] = madd(load_first(p + c, n - c), load_first(q + c, n - c), sums[0]);
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace

template <typename T, typename I>
void spmm_kernel(const Spmm<T, I>& a, std::int64_t first, std::int64_t last) noexcept {
  const std::int64_t end = a.row_from(last), arcs = a.offsets[a.n_rows];
  for (std::int64_t row = a.row_from(first); row < end; ++row) {
    for (std::int64_t c = 0; c < a.n_channels; c += most * lanes) {
      const std::int64_t n = a.n_channels - c < most * lanes ? a.n_channels - c : most * lanes;
      switch ((n + lanes - 1) / lanes) {
        case 1: row_block<1>(a, row, c, n, arcs); break;
        case 2: row_block<2>(a, row, c, n, arcs); break;
        case 3: row_block<3>(a, row, c, n, arcs); break;
        case 4: row_block<4>(a, row, c, n, arcs); break;
        case 5: row_block<5>(a, row, c, n, arcs); break;
        case 6: row_block<6>(a, row, c, n, arcs); break;
        case 7: row_block<7>(a, row, c, n, arcs); break;
        default: row_block<8>(a, row, c, n, arcs); break;
      }
    }
  }
}

template <typename T, typename I>
void spmm_weights_backward_kernel(const Spmm<T, I>& a, T* weights_grad, std::int64_t first,
                                  std::int64_t last) noexcept {
  const std::int64_t end = a.row_from(last), arcs = a.offsets[a.n_rows];
  for (std::int64_t row = a.row_from(first); row < end; ++row) {
    const T* grad = a.out + row * a.n_channels;
    for (std::int64_t e = a.offsets[row]; e < a.offsets[row + 1]; ++e) {
      prefetch(a, e + ahead, arcs, 0, a.n_channels);
      weights_grad[e] = T(dot(grad, a.x + std::int64_t(a.targets[e]) * a.n_channels, a.n_channels));
    }
  }
}

#define MAREY_INSTANTIATE(T, I)                                                      \
  template void spmm_kernel(const Spmm<T, I>&, std::int64_t, std::int64_t) noexcept; \
  template void spmm_weights_backward_kernel(const Spmm<T, I>&, T*, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(float, std::int32_t)
MAREY_INSTANTIATE(float, std::int64_t)
MAREY_INSTANTIATE(double, std::int32_t)
MAREY_INSTANTIATE(double, std::int64_t)

}  // namespace marey::graph::MAREY_LEVEL
