// The matrix profile: for each window of a series the nearest window of it, or of another, by z-normalised distance.
//
// Covariances of windows follow one another along a diagonal of the table of pairs,
//   cov(i, j) = cov(i - 1, j - 1) + df_i dg_j + df_j dg_i   (Zimmerman et al., SoCC 2019),
// and the greatest correlation is the least distance. Lanes are neighbouring columns, so that a column's best stays in
// a register while rows pass: a row is the one above, moved by a lane. The table is cut into tiles that begin with
// covariances summed afresh. Tiles end where windows have become much quieter than those before them, since what a
// spike has rounded away would outlive it. At the end the distances of the pairs found are summed afresh.
// Cost: n^2 / 2 cells of a self-join, O(n m) for the rest.
#pragma once
#include <cstdint>
#include <vector>

#include "marey/core/isa.hpp"

namespace marey::profile {

inline constexpr std::int64_t padding = 64;  // values and windows behind the last that a kernel may read

// A series, centred and scaled by a power of two, and its windows. Values that are not finite are those before them.
struct Windows {
  std::int64_t m = 0, count = 0;
  std::vector<double> x, mean, norm, inverse, df, dg;
  // What is added to a correlation: half for a constant window (two are alike, one is half way), -inf for a missing
  // one.
  std::vector<double> bias;
  std::vector<std::int64_t> special;  // how many of the windows before have a bias
};

// by, centre: where asked for, what values were multiplied with, and what was then taken off.
Windows windows_of(const double* t, std::int64_t n, std::int64_t m, double* by = nullptr, double* centre = nullptr);

// Where tiles begin: every `side` windows, and where a window has under a 32th of the norm of one before it, whose
// roundings would be a thousand times its own. The last is the number of windows.
std::vector<std::int64_t> cuts_of(const Windows& w, std::int64_t side);
double distance_of(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) noexcept;

// The k best of each window, the greatest value first; index -1: none.
struct Best {
  double* value;
  std::int64_t* index;
};

struct Tile {
  const Windows *a, *b;
  std::int64_t row, row_end, column, column_end;
  std::int64_t gap;  // cells with column >= row + gap count
  std::int64_t k;
  Best rows, columns;  // of a's windows over columns, of b's over rows (unless null)
  double* room;        // tile_room(...) values
};

inline std::int64_t tile_room(std::int64_t side, std::int64_t m) { return 3 * side + 4 * padding + m; }

MAREY_DECLARE_PER_ISA(void moments(Windows& w) noexcept; void sweep(const Tile& tile) noexcept;
                      double pair_distance(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) noexcept)

struct Profile {
  std::int64_t k;
  double* distance;     // (windows of a, k)
  std::int64_t* index;  // likewise
  // (windows of a): nearest among earlier and among later windows; null where they are not asked for.
  double *left_distance, *right_distance;
  std::int64_t *left_index, *right_index;
};

// b null: a against itself, pairs more than `exclusion` apart.
void matrix_profile(const Windows& a, const Windows* b, std::int64_t exclusion, const Profile& out, bool on_threads);

}  // namespace marey::profile
