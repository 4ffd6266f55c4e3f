// Counting within the windows: matches.hpp for the method.
#include "marey/entropy/matches.hpp"

#include "marey/core/simd.hpp"

namespace marey::entropy::MAREY_LEVEL {

using marey::MAREY_LEVEL::lanes;

template <typename R>
struct RanksOf;
template <>
struct RanksOf<std::uint16_t> {
  typedef std::uint16_t V __attribute__((vector_size(8 * lanes)));
  typedef std::uint16_t U __attribute__((vector_size(8 * lanes), aligned(2), may_alias));
};
template <>
struct RanksOf<std::uint32_t> {
  typedef std::uint32_t V __attribute__((vector_size(8 * lanes)));
  typedef std::uint32_t U __attribute__((vector_size(8 * lanes), aligned(4), may_alias));
};

template <typename V, typename R>
inline V spread(R value) {  // V{} + value would promote a short to an int, which does not fit the lanes
  V v;
  for (std::size_t l = 0; l < sizeof(V) / sizeof(R); ++l) v[l] = value;
  return v;
}

template <typename V>
inline std::int64_t total(V v) {
  std::int64_t sum = 0;
  for (std::size_t l = 0; l < sizeof(V) / sizeof(v[0]); ++l) sum += v[l];
  return sum;
}

// M: the number of values in a template, or 0 where it is known at run time only.
template <typename R, int M>
void count(const Matches<R>& a) {
  using V = typename RanksOf<R>::V;
  using U = typename RanksOf<R>::U;
  constexpr int most = 64;
  constexpr int w = int(sizeof(V) / sizeof(R));
  const int m = M > 0 ? M : a.m;
  for (std::int64_t s = 0; s < a.n; ++s) {
    V low[M > 0 ? M + 1 : most], width[M > 0 ? M + 1 : most];
    for (int k = 0; k <= m; ++k) {
      const R rank = a.coordinates[k * a.stride + s];
      const bool absent = rank == std::numeric_limits<R>::max();  // the last template of m has no value m + 1
      low[k] = spread<V>(absent ? R(0) : a.low[rank]);
      width[k] = spread<V>(absent ? R(0) : a.width[rank]);
    }
    V in_m{}, in_m1{};
    // Past the window's end the first value decides; nothing beyond the padding is read.
    for (std::int64_t j = a.first[s]; j < a.last[s]; j += w) {
      const R* at = a.coordinates + j;
      const auto agrees = [&](int k) { return V(*reinterpret_cast<const U*>(at + k * a.stride)) - low[k] <= width[k]; };
      auto hit = agrees(0);
#pragma GCC unroll 8
      for (int k = 1; k < m; ++k) hit &= agrees(k);
      in_m -= (V)hit;
      in_m1 -= (V)(hit & agrees(m));
    }
    a.in_m[s] = total(in_m);
    const bool whole = a.coordinates[m * a.stride + s] != std::numeric_limits<R>::max();
    a.in_m1[s] = whole ? total(in_m1) : 0;
  }
}

template <typename R>
void matches_kernel(const Matches<R>& a) noexcept {
  switch (a.m) {
    case 1: return count<R, 1>(a);
    case 2: return count<R, 2>(a);
    case 3: return count<R, 3>(a);
    default: return count<R, 0>(a);
  }
}

template void matches_kernel(const Matches<std::uint16_t>&) noexcept;
template void matches_kernel(const Matches<std::uint32_t>&) noexcept;

}  // namespace marey::entropy::MAREY_LEVEL
