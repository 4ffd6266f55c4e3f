// Ranks and windows of one series: matches.hpp for the method.
#include "marey/entropy/matches.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace marey::entropy {

template <typename R>
static void run(const Matches<R>& a) noexcept {
  MAREY_DISPATCH(matches_kernel, a)
}

// The order of the values: radix sort in digits of 11 bits, those skipped in which all agree.
template <typename R>
static void sort(const double* x, std::int64_t n, MatchRoom<R>& room) {
  room.keys.resize(n), room.other_keys.resize(n), room.order.resize(n), room.other_order.resize(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double value = x[i] + 0.0;  // -0 and 0 are one value
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    room.keys[i] = bits ^ (std::uint64_t(std::int64_t(bits) >> 63) | (std::uint64_t(1) << 63));
    room.order[i] = std::uint32_t(i);
  }
  if (n < 512) {
    std::sort(room.order.begin(), room.order.end(), [&](std::uint32_t i, std::uint32_t j) {
      return room.keys[i] != room.keys[j] ? room.keys[i] < room.keys[j] : i < j;
    });
    return;
  }
  constexpr int digits = 6, bits = 11, buckets = 1 << bits;
  std::vector<std::uint32_t> counts(digits * buckets);
  for (std::int64_t i = 0; i < n; ++i) {
    for (int d = 0; d < digits; ++d) ++counts[d * buckets + ((room.keys[i] >> (d * bits)) & (buckets - 1))];
  }
  for (int d = 0; d < digits; ++d) {
    std::uint32_t* count = counts.data() + d * buckets;
    if (count[(room.keys[0] >> (d * bits)) & (buckets - 1)] == n) continue;
    for (std::uint32_t b = 0, before = 0; b < buckets; ++b) before += std::exchange(count[b], before);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint32_t to = count[(room.keys[i] >> (d * bits)) & (buckets - 1)]++;
      room.other_keys[to] = room.keys[i];
      room.other_order[to] = room.order[i];
    }
    room.keys.swap(room.other_keys);
    room.order.swap(room.other_order);
  }
}

// Templates from the first `templates` places; those whose value number m lies beyond the series do not match in it.
template <typename R>
static Matches<R> prepare(const double* x, std::int64_t n, std::int64_t templates, int m, double tolerance,
                          bool pairs_once, MatchRoom<R>& room) {
  sort(x, n, room);
  room.sorted.resize(n), room.rank.resize(n), room.low.resize(n), room.width.resize(n);
  for (std::int64_t r = 0; r < n; ++r) {
    room.sorted[r] = x[room.order[r]];
    room.rank[room.order[r]] = R(r);
  }
  for (std::int64_t r = 0, low = 0, high = 0; r < n; ++r) {
    while (!(room.sorted[r] - room.sorted[low] <= tolerance)) ++low;
    high = std::max(high, r);
    while (high + 1 < n && room.sorted[high + 1] - room.sorted[r] <= tolerance) ++high;
    room.low[r] = R(low);
    room.width[r] = R(high - low);
  }
  constexpr R absent = std::numeric_limits<R>::max();
  const std::int64_t stride = templates + match_padding;
  room.coordinates.assign((m + 1) * stride, absent);
  std::int64_t s = 0;
  for (std::int64_t r = 0; r < n; ++r) {
    const std::int64_t i = room.order[r];
    if (i >= templates) continue;
    for (int k = 0; k <= m; ++k) room.coordinates[k * stride + s] = i + k < n ? room.rank[i + k] : absent;
    ++s;
  }
  room.first.resize(templates), room.last.resize(templates), room.in_m.resize(templates), room.in_m1.resize(templates);
  const R* rank = room.coordinates.data();
  for (std::int64_t t = 0, first = 0, last = 0; t < templates; ++t) {
    const R low = room.low[rank[t]], high = low + room.width[rank[t]];
    while (rank[first] < low) ++first;
    while (last < templates && rank[last] <= high) ++last;
    room.first[t] = pairs_once ? t + 1 : first;
    room.last[t] = last;
  }
  return {templates,
          m,
          stride,
          room.coordinates.data(),
          room.low.data(),
          room.width.data(),
          room.first.data(),
          room.last.data(),
          room.in_m.data(),
          room.in_m1.data()};
}

template <typename R>
static void sample_counts_of(const double* x, std::int64_t n, int m, double tolerance, std::int64_t counts[2],
                             MatchRoom<R>& room) {
  const Matches<R> a = prepare(x, n, n - m, m, tolerance, true, room);
  run(a);
  for (std::int64_t s = 0; s < a.n; ++s) counts[0] += a.in_m[s], counts[1] += a.in_m1[s];
}

template <typename R>
static void approximate_phi_of(const double* x, std::int64_t n, int m, double tolerance, double phi[2],
                               MatchRoom<R>& room) {
  const Matches<R> a = prepare(x, n, n - m + 1, m, tolerance, false, room);
  run(a);
  const double of_m = double(a.n), of_m1 = double(a.n - 1);
  for (std::int64_t s = 0; s < a.n; ++s) {
    phi[0] += std::log(double(a.in_m[s]) / of_m);
    if (a.in_m1[s] > 0) phi[1] += std::log(double(a.in_m1[s]) / of_m1);
  }
  phi[0] /= of_m;
  phi[1] /= of_m1;
}

// The largest rank of the type is the mark of an absent value.
static bool is_narrow(std::int64_t n) { return n < std::numeric_limits<std::uint16_t>::max(); }

void sample_counts(const double* x, std::int64_t n, int m, double tolerance, std::int64_t counts[2],
                   MatchRoom<std::uint16_t>& narrow, MatchRoom<std::uint32_t>& wide) {
  counts[0] = counts[1] = 0;
  if (n < m + 2) return;
  if (is_narrow(n)) return sample_counts_of(x, n, m, tolerance, counts, narrow);
  sample_counts_of(x, n, m, tolerance, counts, wide);
}

void approximate_phi(const double* x, std::int64_t n, int m, double tolerance, double phi[2],
                     MatchRoom<std::uint16_t>& narrow, MatchRoom<std::uint32_t>& wide) {
  phi[0] = phi[1] = 0;
  if (n < m + 1) return;
  if (is_narrow(n)) return approximate_phi_of(x, n, m, tolerance, phi, narrow);
  approximate_phi_of(x, n, m, tolerance, phi, wide);
}

}  // namespace marey::entropy
