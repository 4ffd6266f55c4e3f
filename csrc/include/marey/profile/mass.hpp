// The z-normalised distances of one window to all windows of a series: squares of differences of normalised values,
// summed as they are, so that nothing cancels. Lanes are neighbouring windows. Cost: O(n m).
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"
#include "marey/profile/matrix_profile.hpp"

namespace marey::profile {

// Of window `at` of `query` to windows `begin` to `end`; what is told of missing and of constant ones has no meaning.
MAREY_DECLARE_PER_ISA(void distances(const Windows& query, std::int64_t at, const Windows& w, std::int64_t begin,
                                     std::int64_t end, double* out) noexcept)

// Likewise, with distances of constant windows as they are defined and inf where either is missing. out[0]: `begin`'s.
void row_of_distances(const Windows& query, std::int64_t at, const Windows& w, std::int64_t begin, std::int64_t end,
                      double* out);

// (windows of w): distances of the query's one window to them; inf where either is missing.
void mass(const Windows& query, const Windows& w, double* out);

}  // namespace marey::profile
