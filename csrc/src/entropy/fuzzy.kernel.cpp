// Fuzzy entropy's two sums: all pairs of templates, one template against a register of others at a time.
#include "marey/core/simd.hpp"
#include "marey/entropy/entropy.hpp"

namespace marey::entropy::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

// Rows of one length: `row(k)` is value k of every template, its mean over the template taken off.
static double sum_of_length(const double* rows, std::int64_t stride, std::int64_t n, int length, int power, double r) {
  Vec total{};
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    Vec sums{};
    for (std::int64_t j = i + 1; j < n; j += lanes) {
      Vec d{};
      for (int k = 0; k < length; ++k) {
        const Vec off = load(rows + k * stride + j) - rows[k * stride + i];
        const Vec size = select(off < 0.0, -off, off);
        d = select(size > d, size, d);
      }
      Vec raised = d;
      for (int p = 1; p < power; ++p) raised = raised * d;
      const Vec member = exp(-raised / splat(r));
      Vec kept = member;
      if (j + lanes > n) {
        for (int l = 0; l < lanes; ++l) kept[l] = j + l < n ? member[l] : 0.0;
      }
      sums += kept;
    }
    total += sums;
  }
  return sum(total);
}

void fuzzy_kernel(Fuzzy& a) noexcept {
  const std::int64_t n = a.n - a.m, stride = n + 8;
  double* rows = a.templates;
  for (int length = a.m; length <= a.m + 1; ++length) {
    for (std::int64_t i = 0; i < n; ++i) {
      double mean = 0;
      for (int k = 0; k < length; ++k) mean += a.x[i + k];
      mean /= length;
      for (int k = 0; k < length; ++k) rows[k * stride + i] = a.x[i + k] - mean;
    }
    for (int k = 0; k < length; ++k) {
      for (int l = 0; l < 8; ++l) rows[k * stride + n + l] = 0;
    }
    a.sums[length - a.m] = sum_of_length(rows, stride, n, length, a.power, a.r);
  }
}

}  // namespace marey::entropy::MAREY_LEVEL
