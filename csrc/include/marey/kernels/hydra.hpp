// Hydra (Dempster, Schmidt and Webb, DMKD 37, 2023): kernels of a group compete for each time; features count who wins.
//
// Nine multiply-adds a kernel and time, then for each kernel a comparison and a masked addition for the greatest and
// for the least. No output is stored.
#pragma once
#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::kernels {

inline constexpr int kHydraMostKernels = 16;

template <typename T>
struct Hydra {
  std::int64_t n, channels, length;
  const T* x;                   // [n][channels][length]; NaN: missing, which adds nothing and is not counted
  const std::int64_t* lengths;  // [n], or nullptr
  std::int64_t n_dilations, groups, kernels;
  const std::int64_t* dilations;
  const T* weights;  // [n_dilations][groups][kernels][9]
  // The channels that group g sums at dilation d: channel_index[channel_offsets[groups d + g] ..]; nullptr: all.
  const std::int64_t *channel_index, *channel_offsets;
  T* out;  // [n][n_dilations][2][groups][kernels]

  std::int64_t dilation(std::int64_t d) const noexcept { return dilations[d] < length ? dilations[d] : length; }
  std::int64_t reach() const noexcept {
    std::int64_t most = 0;
    for (std::int64_t d = 0; d < n_dilations; ++d) most = dilation(d) > most ? dilation(d) : most;
    return 4 * most;
  }
  std::int64_t grain() const noexcept { return 1 + (1 << 18) / (1 + n_dilations * groups * kernels * length); }
};

// Rows [first, last): for each dilation the sum of a kernel's outputs where they are the greatest of its group, and the
// number of times where they are the least; of equal ones the first kernel's.
template <typename T>
void hydra(const Hydra<T>& a, std::int64_t first, std::int64_t last);

MAREY_DECLARE_PER_ISA(template <typename T> void hydra_kernel(const Hydra<T>&, std::int64_t, std::int64_t))

}  // namespace marey::kernels
