// Concordance of risks with survival, and what each row contributes to it.
//
// A pair is comparable if one row has an event and the other is known to live longer: a later time, or a censoring at
// the same time. Pair (i, j), i the earlier, counts a_i b_j. Method: rows in the order of time are merge-sorted by
// risk; in each merge an earlier row learns how much weight of later rows has less risk, and a later row how much
// weight of earlier rows has more. O(n log n) a column of risks. Pairs of equal risk are met within runs of it.
// The variance is the infinitesimal jackknife: sum of squares of (N_i - C D_i) / D, with N_i and D_i what the pairs of
// row i add to numerator and denominator (Therneau and Atkinson, Concordance, vignette of R's survival, 2024).
#pragma once
#include <cstdint>

namespace marey::survival {

struct Concordance {
  std::int64_t n, n_columns;
  const double* time;
  const std::uint8_t* event;
  const double *earlier, *later;                       // [n] a and b; a is read for events alone
  const double* risk;                                  // [n_columns][n], no NaN
  double *concordant, *discordant, *tied, *std_error;  // [n_columns]
  double* tied_time;                                   // [1] pairs of events at one time, weighted by b
};

// Columns [first, last); every range sorts by time for itself, so any cut gives the same bits.
void concordance(const Concordance& c, std::int64_t first, std::int64_t last);

}  // namespace marey::survival
