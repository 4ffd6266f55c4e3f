// The stable rising order of times, within groups where there are some.
//
// Method: doubles become integers of the same order; their leading 32 significant bits and the index are sorted in one
// 64-bit word by three radix passes, and the few runs of equal leading bits are put right by comparison. O(n), and
// O(n log n) at worst. Functions here allocate: std::bad_alloc is all they throw.
#pragma once
#include <cstdint>
#include <vector>

namespace marey::survival {

struct Groups {
  const std::int64_t* group = nullptr;  // 0 .. n_groups - 1 for each row; null: all in one
  std::int64_t n_groups = 1;
};

struct Order {
  std::vector<std::int64_t> index;    // rows: group by group, rising key, equal keys as they come
  std::vector<std::int64_t> offsets;  // [n_groups + 1] where each group begins
};

// Keys must not be NaN.
Order sort_rows(const double* key, std::int64_t n, Groups groups);

}  // namespace marey::survival
