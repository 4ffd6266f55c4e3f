// Weighted sums of rows and of their outer products, as Newton's method on risk sets wants them.
//
// Included by kernel sources only; see core/simd.hpp.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "marey/core/simd.hpp"

namespace marey::survival::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

// The sum of scale * x x', upper triangle, eight rows at a time.
class SymmetricSum {
 public:
  explicit SymmetricSum(int64_t p) : p_(p), padded_((p + lanes - 1) / lanes * lanes), sum_(p * padded_) {
    plain_.resize(depth * padded_);
    scaled_.resize(depth * padded_);
  }

  void add(double scale, const double* x) {
    if (scale == 0) return;
    double *plain = plain_.data() + filled_ * padded_, *scaled = scaled_.data() + filled_ * padded_;
    for (int64_t j = 0; j < p_; ++j) {
      plain[j] = x[j];
      scaled[j] = scale * x[j];
    }
    if (++filled_ == depth) flush();
  }

  void write(double* out) {
    flush();
    for (int64_t i = 0; i < p_; ++i) {
      for (int64_t j = i; j < p_; ++j) out[i * p_ + j] = out[j * p_ + i] = sum_[i * padded_ + j];
    }
  }

 private:
  static constexpr int64_t depth = 8;

  void flush() {
    std::fill(plain_.begin() + filled_ * padded_, plain_.end(), 0.0);
    std::fill(scaled_.begin() + filled_ * padded_, scaled_.end(), 0.0);
    for (int64_t i = 0; i < p_; ++i) {
      Vec factor[depth];
      for (int64_t k = 0; k < depth; ++k) factor[k] = splat(scaled_[k * padded_ + i]);
      double* row = sum_.data() + i * padded_;
      for (int64_t j = i / lanes * lanes; j < padded_; j += lanes) {
        Vec total = load(row + j);
        for (int64_t k = 0; k < depth; ++k) total = madd(factor[k], load(plain_.data() + k * padded_ + j), total);
        store(row + j, total);
      }
    }
    filled_ = 0;
  }

  int64_t p_, padded_, filled_ = 0;
  std::vector<double> sum_, plain_, scaled_;
};

inline void add_scaled(double* sum, double scale, const double* x, int64_t p) {
  int64_t j = 0;
  for (; j + lanes <= p; j += lanes) store(sum + j, madd(splat(scale), load(x + j), load(sum + j)));
  for (; j < p; ++j) sum[j] = madd(scale, x[j], sum[j]);
}

}  // namespace marey::survival::MAREY_LEVEL
