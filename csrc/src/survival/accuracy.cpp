#include "marey/survival/accuracy.hpp"

#include <algorithm>
#include <vector>

#include "marey/survival/order.hpp"

namespace marey::survival {

using std::int64_t;

void brier(const Assessed& a, const double* survival, int64_t first, int64_t last, double* out) {
  std::fill(out + first, out + last, 0.0);
  for (int64_t i = 0; i < a.n; ++i) {
    const double *S = survival + i * a.n_times, weight = a.case_weight[i];
    const int64_t turn = std::lower_bound(a.times + first, a.times + last, a.time[i]) - a.times;
    for (int64_t t = first; t < turn; ++t) out[t] += (1 - S[t]) * (1 - S[t]) * a.control_weight[t];
    if (weight == 0) continue;
    for (int64_t t = turn; t < last; ++t) out[t] += S[t] * S[t] * weight;
  }
  for (int64_t t = first; t < last; ++t) out[t] /= double(a.n);
}

void dynamic_auc(const Assessed& a, const double* risk, int64_t n_columns, int64_t first, int64_t last, double* out) {
  std::vector<double> value(a.n), time(a.n), weight(a.n);
  for (int64_t t = first; t < last; ++t) {
    if (t == first || n_columns > 1) {
      const double* column = risk + (n_columns > 1 ? t : 0) * a.n;
      const Order order = sort_rows(column, a.n, {});
      for (int64_t i = 0; i < a.n; ++i) {
        value[i] = column[order.index[i]];
        time[i] = a.time[order.index[i]];
        weight[i] = a.case_weight[order.index[i]];
      }
    }
    double controls = 0, cases = 0, ordered = 0;  // so far, by rising risk; weight of ordered pairs
    for (int64_t begin = 0, end; begin < a.n; begin = end) {
      double new_controls = 0, new_cases = 0;
      for (end = begin; end < a.n && value[end] == value[begin]; ++end) {
        const bool later = time[end] > a.times[t];
        new_controls += later ? 1.0 : 0.0;
        new_cases += later ? 0.0 : weight[end];
      }
      ordered += new_cases * (controls + new_controls / 2);
      controls += new_controls;
      cases += new_cases;
    }
    out[t] = ordered / (cases * controls);  // 0 / 0 without either
  }
}

}  // namespace marey::survival
