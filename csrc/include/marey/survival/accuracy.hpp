// How good predictions of survival are: Brier scores and areas under time-dependent ROC curves, with every row weighed
// by the inverse of its probability of not being censored.
//
// Method: a row is a case of the times from its own on and a control of those before, so that one pass over the rows
// (Brier) or over the rows in the order of risk (AUC) does each time. Cost: O(n) a time, and the sort of the risks.
// Graf et al., Stat Med 18:2529, 1999; Uno et al., J Am Stat Assoc 102:527, 2007.
#pragma once
#include <cstdint>

namespace marey::survival {

struct Assessed {
  std::int64_t n, n_times;
  const double* time;
  const double* case_weight;     // [n] 1 / G(T) for events, 0 for censored rows
  const double* times;           // [n_times] rising
  const double* control_weight;  // [n_times] 1 / G(t); not read by the AUC, in which it cancels
};

// Times [first, last) of out [n_times]; survival is [n][n_times].
void brier(const Assessed& a, const double* survival, std::int64_t first, std::int64_t last, double* out);
// The same of risk [n_columns][n], n_columns 1 or n_times; NaN where there is no case or no control.
void dynamic_auc(const Assessed& a, const double* risk, std::int64_t n_columns, std::int64_t first, std::int64_t last,
                 double* out);

}  // namespace marey::survival
