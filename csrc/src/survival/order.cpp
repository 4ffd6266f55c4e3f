#include "marey/survival/order.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

namespace marey::survival {

namespace {

using std::int64_t;
using std::uint64_t;

// Integers that compare as the doubles do; -0 and 0 are one.
uint64_t ordered_bits(double value) {
  value += 0.0;
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits & (uint64_t(1) << 63) ? ~bits : bits | (uint64_t(1) << 63);
}

void radix_sort(std::vector<uint64_t>& words) {  // by the upper 32 bits
  constexpr int digit_bits = 11, passes = 3;
  constexpr uint64_t n_digits = uint64_t(1) << digit_bits;
  std::vector<int64_t> counts(passes * n_digits);
  for (uint64_t word : words) {
    for (int pass = 0; pass < passes; ++pass) {
      ++counts[pass * n_digits + ((word >> (32 + digit_bits * pass)) & (n_digits - 1))];
    }
  }
  std::vector<uint64_t> other(words.size());
  for (int pass = 0; pass < passes; ++pass) {
    int64_t* at = counts.data() + pass * n_digits;
    const int shift = 32 + digit_bits * pass;
    if (at[(words[0] >> shift) & (n_digits - 1)] == int64_t(words.size())) continue;  // one digit throughout
    int64_t begin = 0;
    for (uint64_t digit = 0; digit < n_digits; ++digit) begin += std::exchange(at[digit], begin);
    for (uint64_t word : words) other[at[(word >> shift) & (n_digits - 1)]++] = word;
    words.swap(other);
  }
}

std::vector<int64_t> sort_all(const double* key, int64_t n) {
  std::vector<int64_t> index(n);
  std::iota(index.begin(), index.end(), int64_t(0));
  const auto less = [key](int64_t a, int64_t b) { return key[a] < key[b]; };
  if (std::is_sorted(key, key + n)) return index;
  if (n < 64 || n > int64_t(std::numeric_limits<std::uint32_t>::max())) {
    std::stable_sort(index.begin(), index.end(), less);
    return index;
  }
  uint64_t low = ~uint64_t(0), high = 0, any = 0;
  for (int64_t i = 0; i < n; ++i) low = std::min(low, ordered_bits(key[i]));
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t bits = ordered_bits(key[i]) - low;
    high = std::max(high, bits);
    any |= bits;
  }
  int dropped = 0;  // low bits that do not fit into the leading 32
  while (dropped < 32 && (high >> dropped) >> 32) ++dropped;
  std::vector<uint64_t> words(n);
  for (int64_t i = 0; i < n; ++i) words[i] = ((ordered_bits(key[i]) - low) >> dropped) << 32 | uint64_t(i);
  radix_sort(words);
  for (int64_t i = 0; i < n; ++i) index[i] = int64_t(words[i] & 0xffffffffu);
  const bool exact = (any & ((uint64_t(1) << dropped) - 1)) == 0;
  for (int64_t begin = 0, end; !exact && begin < n; begin = end) {
    for (end = begin + 1; end < n && words[end] >> 32 == words[begin] >> 32;) ++end;
    if (end - begin > 1 && !std::is_sorted(index.begin() + begin, index.begin() + end, less)) {
      std::stable_sort(index.begin() + begin, index.begin() + end, less);
    }
  }
  return index;
}

}  // namespace

Order sort_rows(const double* key, int64_t n, Groups groups) {
  Order order{sort_all(key, n), std::vector<int64_t>(groups.n_groups + 1)};
  order.offsets.back() = n;
  if (!groups.group) return order;
  std::vector<int64_t> at(groups.n_groups + 1);
  for (int64_t i = 0; i < n; ++i) ++at[groups.group[i] + 1];
  std::partial_sum(at.begin(), at.end(), at.begin());
  order.offsets = at;
  std::vector<int64_t> grouped(n);
  for (int64_t row : order.index) grouped[at[groups.group[row]]++] = row;
  order.index.swap(grouped);
  return order;
}

}  // namespace marey::survival
