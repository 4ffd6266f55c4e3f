// MiniRocket (Dempster, Schmidt and Webb, KDD 2021): shares of a series' times at which a convolution passes a bias.
//
// The 84 kernels have nine weights, three of them 2 and six -1, so a convolution is -(sum of nine shifts) + 3 (sum of
// three shifts): the first is shared by all kernels of a dilation, the sum of it and two shifts by those that differ in
// the third. A time costs two additions a kernel, and a comparison and an addition a bias.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::kernels {

inline constexpr int kMinirocketKernels = 84;

template <typename T>
struct Minirocket {
  std::int64_t n, channels, length;
  const T* x;                   // [n][channels][length]; NaN: missing, which adds nothing and is not counted
  const std::int64_t* lengths;  // [n], or nullptr
  std::int64_t n_dilations;
  const std::int64_t *dilations, *counts;  // counts: biases of each kernel at a dilation
  const T* biases;                         // by dilation, by kernel
  // The channels that kernel k sums at dilation d: channel_index[channel_offsets[84 d + k] ..]; nullptr: all.
  const std::int64_t *channel_index, *channel_offsets;
  std::int64_t features;  // 84 sum(counts)
  T* out;                 // [n][features]

  std::int64_t reach() const noexcept {
    std::int64_t most = 0;
    for (std::int64_t d = 0; d < n_dilations; ++d) most = dilation(d) > most ? dilation(d) : most;
    return 4 * most;
  }
  // Beyond the length all but the middle weight meet nothing.
  std::int64_t dilation(std::int64_t d) const noexcept { return dilations[d] < length ? dilations[d] : length; }
  std::int64_t grain() const noexcept { return 1 + (1 << 20) / (1 + features * length * channels); }
};

// Rows [first, last).
template <typename T>
void minirocket(const Minirocket<T>& a, std::int64_t first, std::int64_t last);

// The biases: quantiles of the convolution of one series, `example[84 d + k]`, with each kernel. `level` (features,) in
// [0, 1], in the order of the biases; between values linear, as NumPy's. Pairs of dilation and kernel [first, last).
template <typename T>
void minirocket_biases(const Minirocket<T>& a, const std::int64_t* example, const double* level, T* biases,
                       std::int64_t first, std::int64_t last);

MAREY_DECLARE_PER_ISA(template <typename T> void minirocket_kernel(const Minirocket<T>&, std::int64_t, std::int64_t);
                      template <typename T>
                      void minirocket_biases_kernel(const Minirocket<T>&, const std::int64_t*, const double*, T*,
                                                    std::int64_t, std::int64_t))

}  // namespace marey::kernels
