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
std::vector<Channel> channels_of(const double* t, std::int64_t n_channels, std::int64_t n, std::int64_t m);

struct RowSpan {
  const Channel *rows, *columns;  // the same of a series against itself
  std::int64_t n_channels, row, row_end;
  std::int64_t exclusion;  // columns this near to a row do not count; -1: all do
  double* cov;             // (channels, windows of the columns + 2 padding)
  double* fresh;           // (cuts of the columns of all channels, rows + padding)
  double* q;               // (m)
  std::int64_t* index;     // (channels, windows of the rows): the nearest by the k least channels; -1: none
};

MAREY_DECLARE_PER_ISA(void sweep_rows(const RowSpan& a) noexcept)

// other null: t against itself, pairs more than `exclusion` apart. distance, index: (channels, windows of t).
void mmatrix_profile(const std::vector<Channel>& t, const std::vector<Channel>* other, std::int64_t exclusion,
                     double* distance, std::int64_t* index);

}  // namespace marey::profile
