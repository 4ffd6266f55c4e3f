#include "marey/survival/ranking_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/survival/order.hpp"

namespace marey::survival {

namespace {

using std::int64_t;

// The sum of exp(x) over what was added, kept as exp(largest) * sum.
class LogSum {
 public:
  void add(double x) {
    ++count_;
    if (x > largest_) {
      sum_ *= std::exp(largest_ - x);
      largest_ = x;
    }
    sum_ += std::exp(x - largest_);
  }
  // exp(x) times the sum.
  double times(double x) const { return count_ == 0 ? 0.0 : std::exp(x + largest_) * sum_; }
  int64_t count() const { return count_; }

 private:
  double largest_ = -std::numeric_limits<double>::infinity(), sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

template <typename T>
int64_t ranking_loss(const RankingLoss<T>& a) {
  const T* not_a_number = std::find_if(a.time, a.time + a.n, [](T t) { return t != t; });
  if (not_a_number != a.time + a.n) return not_a_number - a.time;
  if (std::any_of(a.risk, a.risk + a.n, [](T r) { return r != r; })) {
    *a.loss = std::numeric_limits<T>::quiet_NaN();
    std::fill_n(a.gradient, a.n, std::numeric_limits<T>::quiet_NaN());
    return -1;
  }
  const std::vector<double> time(a.time, a.time + a.n);
  std::vector<int64_t> index = sort_rows(time.data(), a.n, {}).index;
  std::vector<double> risk(a.n), gradient(a.n);
  for (int64_t i = 0; i < a.n; ++i) risk[i] = double(a.risk[i]) / a.sigma;
  const auto each_time = [&](bool forward, auto&& visit) {  // visit(begin, end) of rows at one time
    for (int64_t at = 0; at < a.n;) {
      int64_t begin = forward ? at : a.n - at - 1, end = begin + 1;
      while (forward && end < a.n && time[index[end]] == time[index[begin]]) ++end;
      while (!forward && begin > 0 && time[index[begin - 1]] == time[index[end - 1]]) --begin;
      visit(begin, end);
      at += end - begin;
    }
  };
  double loss = 0, pairs = 0;
  LogSum later;
  each_time(false, [&](int64_t begin, int64_t end) {
    const auto each = [&](bool events, auto&& act) {
      for (int64_t i = begin; i < end; ++i) {
        if ((a.event[index[i]] != 0) == events) act(index[i]);
      }
    };
    each(false, [&](int64_t row) { later.add(risk[row]); });
    each(true, [&](int64_t row) {
      const double share = later.times(-risk[row]);
      loss += share;
      gradient[row] -= share;
      pairs += double(later.count());
    });
    each(true, [&](int64_t row) { later.add(risk[row]); });
  });
  LogSum earlier;
  each_time(true, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (a.event[index[i]]) gradient[index[i]] += earlier.times(risk[index[i]]);
    }
    for (int64_t i = begin; i < end; ++i) {
      if (a.event[index[i]]) earlier.add(-risk[index[i]]);
    }
    for (int64_t i = begin; i < end; ++i) {
      if (!a.event[index[i]]) gradient[index[i]] += earlier.times(risk[index[i]]);
    }
  });
  const double scale = pairs > 0 ? 1 / pairs : 0.0;
  *a.loss = T(loss * scale);
  for (int64_t i = 0; i < a.n; ++i) a.gradient[i] = T(gradient[i] * scale / a.sigma);
  return -1;
}

template int64_t ranking_loss(const RankingLoss<float>&);
template int64_t ranking_loss(const RankingLoss<double>&);

}  // namespace marey::survival
