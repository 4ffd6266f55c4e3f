// How wrongly risks are ordered: the mean over comparable pairs of exp((risk_later - risk_earlier) / sigma).
//
// A pair is comparable if one row has an event and the other outlives it: a later time, or a censoring at the same
// time. The exponential of a difference is a product, so sums over later rows and over earlier events, each relative to
// the largest so far, give loss and gradient in one sort and two passes, O(n log n). It bounds 1 - concordance from
// above. Lee et al., DeepHit, AAAI 2018, equation 8. Sums are double whatever T; a NaN risk makes everything NaN.
#pragma once
#include <cstdint>

namespace marey::survival {

template <typename T>
struct RankingLoss {
  std::int64_t n;
  const T *risk, *time;
  const std::uint8_t* event;
  double sigma;
  T *loss, *gradient;  // [1], [n]
};

// The first row whose time is NaN; -1 where there is none, and then the result is written.
template <typename T>
std::int64_t ranking_loss(const RankingLoss<T>& a);

}  // namespace marey::survival
