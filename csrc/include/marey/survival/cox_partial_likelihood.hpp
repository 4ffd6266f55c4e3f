// Cox's log partial likelihood of given log risks, and its gradient.
//
// l = sum over events of (risk_i - log phi), phi the sum of exp(risk) over those at risk, less Efron's share of tied
// events; dl / drisk_i = event_i - exp(risk_i) A_i with A_i the hazard row i was exposed to. Sums are double whatever
// T, and relative to the largest risk at risk. Cost: one sort, one pass back in time, one forward.
// NaN in a risk makes everything NaN; NaN among the times is the caller's error.
#pragma once
#include <cstdint>

namespace marey::survival {

template <typename T>
struct CoxPartialLikelihood {
  std::int64_t n;
  const T *risk, *time;
  const std::uint8_t* event;
  const std::int64_t* strata;  // any labels; null: one stratum
  bool efron;
  T *loglik, *gradient;  // [1], [n]
};

// The first row whose time is NaN; -1 where there is none, and then the result is written.
template <typename T>
std::int64_t cox_partial_likelihood(const CoxPartialLikelihood<T>& a);

}  // namespace marey::survival
