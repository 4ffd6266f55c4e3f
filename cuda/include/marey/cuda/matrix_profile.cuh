// The matrix profile of one series, or of one against another, on a GPU: float64, one neighbour a window.
//
// Covariances follow one another along diagonals, as on the CPU (marey/profile/matrix_profile.hpp). A lane holds
// `columns_a_lane` neighbouring windows of `t` in registers and walks over rows, windows of what they are held against:
// a row is the one above moved by a column, from lane to lane by a shuffle, from warp to warp through shared memory, a
// batch of rows later. What a block's first column and a walk's first row begin with is summed afresh, and so is what
// follows a window 32 times louder than itself. So a window's best never leaves its lane: no atomics, and the same bits
// from run to run. A series against itself costs the whole table, not half. Walks are cut into pieces where blocks
// would be few; the best of the pieces and the distances by their definition come last. Cost: six float64 operations a
// cell; 64 bytes a row and block from cache.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace marey::cuda {

struct MatrixProfile {
  const double* t;             // (n)
  const double* other;         // (n_other), or null: t against itself
  const std::int64_t* length;  // on the device: how many values of t count; or null: all
  std::int64_t n, n_other, m;  // 3 <= m <= n, n_other
  std::int64_t exclusion;      // of t against itself
  // (n - m + 1) each; left and right of t against itself alone
  double *distance, *left_distance, *right_distance;
  std::int64_t *index, *left_index, *right_index;
};

std::size_t matrix_profile_workspace(const MatrixProfile& a) noexcept;
cudaError_t matrix_profile(const MatrixProfile& a, void* workspace, cudaStream_t stream) noexcept;

}  // namespace marey::cuda
