// MultiRocket (Tan, Dempster, Bergmeir and Webb, DMKD 36, 2022): MiniRocket's convolutions, four numbers a bias.
//
// A bit a time says whether the output passes the bias. Count, mean place and longest run come of whole words of bits;
// the mean of what passes needs one masked addition more than MiniRocket.
#pragma once
#include "marey/kernels/minirocket.hpp"

namespace marey::kernels {

inline constexpr int kMultirocketPools = 4;

// Rows [first, last); out is [n][4][features]: the share of times above the bias, their longest run, the mean of what
// they are above it (0 if there are none), the mean of their places (-1 if there are none).
template <typename T>
void multirocket(const Minirocket<T>& a, std::int64_t first, std::int64_t last);

MAREY_DECLARE_PER_ISA(template <typename T> void multirocket_kernel(const Minirocket<T>&, std::int64_t, std::int64_t))

}  // namespace marey::kernels
