// The matrix profile of several channels: a pair of windows is as far apart as the mean of its k least distances over
// the channels (Yeh, Kavantzas and Keogh, ICDM 2017), for every k at once.
//
// A row of the table of pairs follows from the one above, in place, from the last column to the first; lanes are
// columns, and the channels of a lane are sorted in registers. Rows go to threads in spans that begin afresh, as do
// columns behind which a channel has become quiet.
#pragma once
#include <cstdint>
#include <vector>

#include "marey/core/isa.hpp"
#include "marey/profile/matrix_profile.hpp"

namespace marey::profile {

inline constexpr int most_channels = 32;

struct Channel {
  Windows windows;
  std::vector<std::int64_t> cuts;  // columns that are summed afresh in every row
  std::vector<double> df, dg;      // of the windows, but 0 at the cuts
};

struct RowSpan {
  const Channel* channels;
  std::int64_t n_channels, row, row_end, exclusion;
  double* cov;          // (channels, windows + 2 padding)
  double* fresh;        // (cuts of all channels, rows + padding)
  double* q;            // (m)
  std::int64_t* index;  // (channels, windows): the nearest by the k least channels; -1: none
};

MAREY_DECLARE_PER_ISA(void sweep_rows(const RowSpan& a) noexcept)

// t: (channels, n). distance, index: (channels, windows).
void mmatrix_profile(const double* t, std::int64_t n_channels, std::int64_t n, std::int64_t m, std::int64_t exclusion,
                     double* distance, std::int64_t* index);

}  // namespace marey::profile
