// multirocket: outputs become bits, 64 times a word, and a sum of what passes.
#include "marey/kernels/multirocket.hpp"

#include "rows.hpp"

namespace marey::kernels::MAREY_LEVEL {

namespace {

// A bit for each lane above the bias, whose values are added to `sum`.
template <typename T>
inline std::uint64_t bits_above(VecOf<T>& sum, VecOf<T> value, VecOf<T> bias) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __mmask16 above = _mm512_cmp_ps_mask((__m512)value, (__m512)bias, _CMP_GT_OQ);
    sum = (VecOf<T>)_mm512_mask_add_ps((__m512)sum, above, (__m512)sum, (__m512)value);
    return above;
  } else {
    const __mmask8 above = _mm512_cmp_pd_mask((__m512d)value, (__m512d)bias, _CMP_GT_OQ);
    sum = (VecOf<T>)_mm512_mask_add_pd((__m512d)sum, above, (__m512d)sum, (__m512d)value);
    return above;
  }
#else
  const auto above = value > bias;
  sum += above ? value : VecOf<T>{};
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return unsigned(_mm256_movemask_ps((__m256)above));
  if constexpr (sizeof(T) == 8) return unsigned(_mm256_movemask_pd((__m256d)above));
#endif
  std::uint64_t bits = 0;
  for (int l = 0; l < Lanes<T>::width; ++l) bits |= std::uint64_t(above[l] & 1) << l;
  return bits;
#endif
}

// What the bits of one bias tell.
class Runs {
 public:
  void add(std::uint64_t word, std::int64_t base) {
    const std::int64_t here = __builtin_popcountll(word);
    count += here;
    places += base * here;
    // Bit k of the places: those whose k-th bit is set.
    constexpr std::uint64_t of_bit[] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                        0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
    for (int k = 0; k < 6; ++k) places += std::int64_t(__builtin_popcountll(word & of_bit[k])) << k;
    if (word == ~std::uint64_t(0)) {
      run_ += 64;
      longest = std::max(longest, run_);
      return;
    }
    longest = std::max(longest, run_ + __builtin_ctzll(~word));
    run_ = __builtin_clzll(~word);
    within(word);
  }

  std::int64_t count = 0, places = 0, longest = 0;

 private:
  // A run inside the word: what is left of it when `longest` bits are taken off each run is longer.
  void within(std::uint64_t word) {
    for (std::int64_t taken = 0; word != 0 && taken < longest;) {
      const std::int64_t step = std::min(taken + 1, longest - taken);
      word &= step < 64 ? word >> step : 0;
      taken += step;
    }
    for (; word != 0; word &= word >> 1) ++longest;
  }

  std::int64_t run_ = 0;  // of the last bits
};

template <typename T, int biases, typename Each>
void pool(const Each& each, const T* bias, std::int64_t counted, T* out, std::int64_t stride) {
  using V = VecOf<T>;
  constexpr int width = Lanes<T>::width, words_a_sum = 64;
  V level[biases], sum[biases]{};
  double total[biases]{};
  Runs runs[biases];
  std::uint64_t word[biases]{};
  int filled = 0, summed = 0;
  std::int64_t base = 0;
  for (int b = 0; b < biases; ++b) level[b] = broadcast(bias[b]);
  const auto flush_sums = [&] {
    for (int b = 0; b < biases; ++b) {
      for (int l = 0; l < width; ++l) total[b] += double(sum[b][l]);
      sum[b] = V{};
    }
    summed = 0;
  };
  const auto flush = [&] {
    for (int b = 0; b < biases; ++b) {
      runs[b].add(word[b], base);
      word[b] = 0;
    }
    base += 64;
    filled = 0;
    if (++summed == words_a_sum) flush_sums();
  };
  each([&](V value) {
#pragma GCC unroll 4
    for (int b = 0; b < biases; ++b) word[b] |= bits_above<T>(sum[b], value, level[b]) << filled;
    filled += width;
    if (filled == 64) flush();
  });
  flush();
  flush_sums();
  for (int b = 0; b < biases; ++b) {
    const double n = double(runs[b].count);
    out[b] = T(n / double(counted));
    out[stride + b] = T(runs[b].longest);
    out[2 * stride + b] = n > 0 ? T(total[b] / n - double(bias[b])) : T(0);
    out[3 * stride + b] = n > 0 ? T(double(runs[b].places) / n) : T(-1);
  }
}

}  // namespace

template <typename T>
void multirocket_kernel(const Minirocket<T>& a, std::int64_t first, std::int64_t last) {
  each_row(a, kMultirocketPools, first, last,
           [&](const auto& each, std::int64_t feature, std::int64_t n, std::int64_t counted, T* out) {
             const T* bias = a.biases + feature;
             out += feature;
             for (; n >= 4; n -= 4, bias += 4, out += 4) pool<T, 4>(each, bias, counted, out, a.features);
             if (n == 3) pool<T, 3>(each, bias, counted, out, a.features);
             if (n == 2) pool<T, 2>(each, bias, counted, out, a.features);
             if (n == 1) pool<T, 1>(each, bias, counted, out, a.features);
           });
}

template void multirocket_kernel(const Minirocket<float>&, std::int64_t, std::int64_t);
template void multirocket_kernel(const Minirocket<double>&, std::int64_t, std::int64_t);

}  // namespace marey::kernels::MAREY_LEVEL
