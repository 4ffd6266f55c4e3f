// Stockham's transform of radix 2: every stage reads and writes runs of neighbours, so that nothing is put in order
// afterwards. Stages whose runs are shorter than a register go value by value.
#include <utility>

#include "marey/core/simd.hpp"
#include "marey/features/catch22.hpp"

namespace marey::features::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

void transform_kernel(const Transform& a) noexcept {
  double *re = a.re, *im = a.im, *to_re = a.other_re, *to_im = a.other_im;
  std::int64_t run = 1;
  for (std::int64_t half = a.size / 2; half >= 1; half /= 2, run *= 2) {
    for (std::int64_t p = 0; p < half; ++p) {
      const double w_re = a.twiddle_re[p * run * a.stride], w_im = a.twiddle_im[p * run * a.stride];
      const std::int64_t first = run * p, second = run * (p + half), out = 2 * run * p;
      if (run >= lanes) {
        const Vec wr = splat(w_re), wi = splat(w_im);
        for (std::int64_t q = 0; q < run; q += lanes) {
          const Vec ar = load(re + first + q), ai = load(im + first + q);
          const Vec br = load(re + second + q), bi = load(im + second + q);
          const Vec dr = ar - br, di = ai - bi;
          store(to_re + out + q, ar + br);
          store(to_im + out + q, ai + bi);
          store(to_re + out + run + q, madd(dr, wr, -(di * wi)));
          store(to_im + out + run + q, madd(dr, wi, di * wr));
        }
      } else {
        for (std::int64_t q = 0; q < run; ++q) {
          const double ar = re[first + q], ai = im[first + q], br = re[second + q], bi = im[second + q];
          const double dr = ar - br, di = ai - bi;
          to_re[out + q] = ar + br;
          to_im[out + q] = ai + bi;
          to_re[out + run + q] = madd(dr, w_re, -(di * w_im));
          to_im[out + run + q] = madd(dr, w_im, di * w_re);
        }
      }
    }
    std::swap(re, to_re);
    std::swap(im, to_im);
  }
  if (re == a.re) return;
  for (std::int64_t i = 0; i < a.size; ++i) {
    a.re[i] = re[i];
    a.im[i] = im[i];
  }
}

double dot_kernel(const double* x, const double* y, std::int64_t n) noexcept {
  Vec even{}, odd{};
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = madd(load(x + i), load(y + i), even);
    odd = madd(load(x + i + lanes), load(y + i + lanes), odd);
  }
  for (; i < n; i += lanes) even = madd(load_first(x + i, n - i), load_first(y + i, n - i), even);
  return sum(even + odd);
}

}  // namespace marey::features::MAREY_LEVEL
