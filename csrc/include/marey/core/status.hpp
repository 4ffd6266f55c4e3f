// The outcome of a core function. Core functions never throw: the boundary turns a Status into an exception.
#pragma once
#include <cstdint>

namespace marey {

enum class Code : std::int32_t {
  ok = 0,
  offsets_not_monotone,      // index: the first row whose end lies before its start
  offsets_do_not_start,      // offsets[0] is not 0
  offsets_do_not_end,        // the last offset is not the number of values; index: that offset
  zero_leading_coefficient,  // index: the first row whose a_0 is 0
};

struct Status {
  Code code = Code::ok;
  std::int64_t index = -1;

  constexpr bool ok() const { return code == Code::ok; }
};

}  // namespace marey
