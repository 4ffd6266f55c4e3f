// Row boundaries of ragged data: row i is values[offsets[i] .. offsets[i + 1]).
#pragma once
#include <cstdint>

#include "marey/core/status.hpp"

namespace marey {

// n_rows + 1 offsets, from 0 to total, never falling: together the rows hold every value once. Tells the longest row.
inline Status check_offsets(const std::int64_t* offsets, std::int64_t n_rows, std::int64_t total,
                            std::int64_t* longest = nullptr) noexcept {
  if (offsets[0] != 0) return {Code::offsets_do_not_start, 0};
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const std::int64_t steps = offsets[i + 1] - offsets[i];
    if (steps < 0) return {Code::offsets_not_monotone, i};
    most = most < steps ? steps : most;
  }
  if (longest != nullptr) *longest = most;
  if (offsets[n_rows] != total) return {Code::offsets_do_not_end, offsets[n_rows]};
  return {};
}

inline const char* rule(Code code) noexcept {
  switch (code) {
    case Code::ok: return "fine";
    case Code::offsets_not_monotone: return "must never fall; it does in row ";
    case Code::offsets_do_not_start: return "must start with 0; it does not at index ";
    case Code::offsets_do_not_end: return "must end with the number of values; it ends with ";
    default: return "unknown status ";
  }
}

}  // namespace marey
