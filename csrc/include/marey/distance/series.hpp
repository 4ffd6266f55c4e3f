// Many series as they lie in memory: a batch (n, channels, length), of which a number of steps each may count, or
// packed (channels, total) between offsets.
#pragma once
#include <cmath>
#include <cstdint>
#include <memory>

namespace marey::distance {

template <typename T>
struct Series {
  const T* values;
  std::int64_t n, channels, length;       // length: of each series, or the total of all where they are packed
  const std::int64_t* offsets;            // [n + 1]; null: a batch
  const std::int64_t* lengths = nullptr;  // [n], for a batch; null: all steps count

  std::int64_t length_of(std::int64_t i) const noexcept {
    if (lengths != nullptr) return lengths[i];
    return offsets == nullptr ? length : offsets[i + 1] - offsets[i];
  }
  // Channel c of series i begins at channel(i) + c * length.
  const T* channel(std::int64_t i) const noexcept {
    return values + (offsets == nullptr ? i * channels * length : offsets[i]);
  }
  std::int64_t longest() const noexcept {
    std::int64_t most = 0;
    for (std::int64_t i = 0; i < n; ++i) most = length_of(i) > most ? length_of(i) : most;
    return most;
  }
  bool is_finite(std::int64_t i) const noexcept {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t t = 0; t < length_of(i); ++t) {
        if (!std::isfinite(channel(i)[c * length + t])) return false;
      }
    }
    return true;
  }
};

// One byte a series: whether all its values are finite.
template <typename T>
std::unique_ptr<bool[]> finite_series(const Series<T>& s) {
  std::unique_ptr<bool[]> finite(new bool[s.n]);
  for (std::int64_t i = 0; i < s.n; ++i) finite[i] = s.is_finite(i);
  return finite;
}

}  // namespace marey::distance
