// Templates of m and of m + 1 values that agree within a tolerance, counted exactly.
//
// |x_i - x_j| <= tolerance is a range of ranks: in the sorted series the values that agree with one are its neighbours
// from `low` to `high`. A comparison of two numbers becomes one of two small integers, 32 to a register of 512 bits,
// and still has the outcome of the comparison in float64. Templates are kept in the order of their first value, so that
// only a window of them is looked at. Cost: O(n log n) plus the pairs that agree in their first value, over the lanes.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "marey/core/isa.hpp"

namespace marey::entropy {

inline constexpr std::int64_t match_padding = 64;  // templates that match nothing, behind the last

// Room for one series at a time; kept from one to the next.
template <typename R>
struct MatchRoom {
  std::vector<std::uint64_t> keys, other_keys;
  std::vector<std::uint32_t> order, other_order;
  std::vector<double> sorted;
  std::vector<R> rank, low, width, coordinates;
  std::vector<std::int64_t> first, last, in_m, in_m1;
};

template <typename R>
struct Matches {
  std::int64_t n = 0;                                    // templates
  int m = 2;                                             // their values; one more decides on m + 1
  std::int64_t stride = 0;                               // from one coordinate to the next
  const R* coordinates = nullptr;                        // (m + 1, stride): ranks, templates in the order of the first
  const R *low = nullptr, *width = nullptr;              // by rank: which ranks agree, low .. low + width
  const std::int64_t *first = nullptr, *last = nullptr;  // by template: the window to look at
  std::int64_t *in_m = nullptr, *in_m1 = nullptr;        // by template: how many agree in m values, and in m + 1
};

MAREY_DECLARE_PER_ISA(template <typename R> void matches_kernel(const Matches<R>& a) noexcept)

// Richman and Moorman: pairs i < j of the n - m templates that have m + 1 values. counts = {B, A}.
void sample_counts(const double* x, std::int64_t n, int m, double tolerance, std::int64_t counts[2],
                   MatchRoom<std::uint16_t>& narrow, MatchRoom<std::uint32_t>& wide);
// Pincus: the mean logarithms of the shares of templates that agree, itself included; phi = {phi_m, phi_m+1}.
void approximate_phi(const double* x, std::int64_t n, int m, double tolerance, double phi[2],
                     MatchRoom<std::uint16_t>& narrow, MatchRoom<std::uint32_t>& wide);

}  // namespace marey::entropy
