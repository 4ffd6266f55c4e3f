// hydra: the outputs of a group's kernels side by side in registers, 16 times (8 in double) a vector.
#include "marey/kernels/hydra.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/core/simd_float.hpp"

namespace marey::kernels::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

namespace {

constexpr int taps = 9;

#if defined(__AVX512F__)
template <typename T>
using Mask = unsigned;
inline unsigned equal(FloatVec a, FloatVec b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
inline unsigned equal(Vec a, Vec b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_EQ_OQ); }
inline void add_where(FloatVec& sum, unsigned mask, FloatVec value) {
  sum = (FloatVec)_mm512_mask_add_ps((__m512)sum, __mmask16(mask), (__m512)sum, (__m512)value);
}
inline void add_where(Vec& sum, unsigned mask, Vec value) {
  sum = (Vec)_mm512_mask_add_pd((__m512d)sum, __mmask8(mask), (__m512d)sum, (__m512d)value);
}
template <typename T>
unsigned first_lanes(std::int64_t n) {
  return n >= Lanes<T>::width ? ~0u : (1u << n) - 1;
}
#else
template <typename T>
using Mask = typename Lanes<T>::I;
inline FloatInt equal(FloatVec a, FloatVec b) { return a == b; }
inline Int equal(Vec a, Vec b) { return a == b; }
template <typename V, typename I>
void add_where(V& sum, I mask, V value) {
  sum += mask ? value : V{};
}
template <typename T>
Mask<T> first_lanes(std::int64_t n) {
  Mask<T> mask{};
  for (std::int64_t l = 0; l < Lanes<T>::width && l < n; ++l) mask[l] = -1;
  return mask;
}
#endif

template <typename V>
V greater(V a, V b) {
  return a > b ? a : b;
}

// Sums of one group over one series, folded into doubles now and then.
template <typename T, int width>
struct Sums {
  VecOf<T> soft[width], hard[width];
  double soft_total[width], hard_total[width];

  void fold(int kernels) {
    for (int k = 0; k < kernels; ++k) {
      for (int l = 0; l < Lanes<T>::width; ++l)
        soft_total[k] += double(soft[k][l]), hard_total[k] += double(hard[k][l]);
      soft[k] = hard[k] = VecOf<T>{};
    }
  }
};

// x: the series, with zeros beyond its ends; counted: 1 where a time counts, else 0. `fixed` kernels, or as many as
// said.
template <typename T, int fixed>
void compete(const T* x, const T* counted, bool all, std::int64_t length, std::int64_t dilation, const T* weights,
             int given, T* soft, T* hard) {
  using V = VecOf<T>;
  constexpr int width = Lanes<T>::width, most = fixed > 0 ? fixed : kHydraMostKernels, vectors_a_fold = 256;
  const int kernels = fixed > 0 ? fixed : given;
  Sums<T, most> sums{};
  int folded = 0;
  for (std::int64_t t = 0; t < length; t += width) {
    V z[most];
    for (int k = 0; k < kernels; ++k) z[k] = broadcast(weights[k * taps]) * row(x + t - 4 * dilation);
    for (int j = 1; j < taps; ++j) {
      const V shifted = row(x + t + (j - 4) * dilation);
      for (int k = 0; k < kernels; ++k) z[k] = madd(broadcast(weights[k * taps + j]), shifted, z[k]);
    }
    V best = z[0], least = z[0];
    for (int k = 1; k < kernels; ++k) best = greater(best, z[k]), least = z[k] < least ? z[k] : least;
    Mask<T> free = first_lanes<T>(length - t);
    if (!all) free &= equal(row(counted + t), broadcast(T(1)));
    Mask<T> free_least = free;
    for (int k = 0; k < kernels; ++k) {
      const Mask<T> wins = equal(z[k], best) & free, loses = equal(z[k], least) & free_least;
      free &= ~wins, free_least &= ~loses;
      add_where(sums.soft[k], wins, best);
      add_where(sums.hard[k], loses, broadcast(T(1)));
    }
    if (++folded == vectors_a_fold) {
      sums.fold(kernels);
      folded = 0;
    }
  }
  sums.fold(kernels);
  for (int k = 0; k < kernels; ++k) soft[k] = T(sums.soft_total[k]), hard[k] = T(sums.hard_total[k]);
}

template <typename T>
class Series {
 public:
  explicit Series(const Hydra<T>& a)
      : a_(a),
        reach_(a.reach()),
        stride_(a.length + 2 * reach_ + 2 * Lanes<T>::width),
        x_(a.channels * stride_),
        sum_(a.channels > 1 ? stride_ : 0),
        counted_(a.length + Lanes<T>::width) {}

  // False where nothing is observed or a value is infinite.
  bool take(std::int64_t i) {
    length_ = a_.lengths == nullptr ? a_.length : a_.lengths[i];
    std::fill(x_.begin(), x_.end(), T(0));
    std::fill(counted_.begin(), counted_.end(), T(0));
    bool finite = true;
    for (std::int64_t c = 0; c < a_.channels; ++c) {
      const T* from = a_.x + (i * a_.channels + c) * a_.length;
      for (std::int64_t t = 0; t < length_; ++t) {
        finite &= !std::isinf(from[t]);
        if (from[t] != from[t]) continue;
        x_[c * stride_ + reach_ + t] = from[t];
        counted_[t] = 1;
      }
    }
    const std::int64_t n = std::count(counted_.begin(), counted_.begin() + length_, T(1));
    all_ = n == length_;
    return finite && n > 0;
  }

  // What group `pair` = groups d + g convolves: a channel, or a sum of some.
  const T* of(std::int64_t pair) {
    const bool chosen = a_.channel_offsets != nullptr;
    const std::int64_t first = chosen ? a_.channel_offsets[pair] : 0;
    const std::int64_t count = chosen ? a_.channel_offsets[pair + 1] - first : a_.channels;
    const auto channel = [&](std::int64_t c) {
      return x_.data() + (chosen ? a_.channel_index[first + c] : c) * stride_;
    };
    if (count == 1) return channel(0) + reach_;
    std::fill(sum_.begin(), sum_.end(), T(0));
    for (std::int64_t c = 0; c < count; ++c) {
      const T* from = channel(c);
      for (std::int64_t t = reach_; t < reach_ + length_; ++t) sum_[t] += from[t];
    }
    return sum_.data() + reach_;
  }

  const T* counted() const { return counted_.data(); }
  bool all() const { return all_; }
  std::int64_t length() const { return length_; }

 private:
  const Hydra<T>& a_;
  std::int64_t reach_, stride_, length_ = 0;
  std::vector<T> x_, sum_, counted_;
  bool all_ = true;
};

}  // namespace

template <typename T>
void hydra_kernel(const Hydra<T>& a, std::int64_t first, std::int64_t last) {
  Series<T> series(a);
  const std::int64_t block = a.groups * a.kernels, features = 2 * a.n_dilations * block;
  for (std::int64_t i = first; i < last; ++i) {
    T* const out = a.out + i * features;
    if (!series.take(i)) {
      std::fill_n(out, features, std::numeric_limits<T>::quiet_NaN());
      continue;
    }
    for (std::int64_t d = 0; d < a.n_dilations; ++d) {
      for (std::int64_t g = 0; g < a.groups; ++g) {
        const std::int64_t pair = a.groups * d + g;
        const T* const weights = a.weights + pair * a.kernels * taps;
        T* const soft = out + 2 * d * block + g * a.kernels;
        const auto run = a.kernels == 8 ? compete<T, 8> : compete<T, 0>;
        run(series.of(pair), series.counted(), series.all(), series.length(), a.dilation(d), weights, int(a.kernels),
            soft, soft + block);
      }
    }
  }
}

template void hydra_kernel(const Hydra<float>&, std::int64_t, std::int64_t);
template void hydra_kernel(const Hydra<double>&, std::int64_t, std::int64_t);

}  // namespace marey::kernels::MAREY_LEVEL
