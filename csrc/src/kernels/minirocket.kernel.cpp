// minirocket: a kernel's outputs are made in registers and compared with up to four biases at once.
#include "marey/kernels/minirocket.hpp"

#include "rows.hpp"

namespace marey::kernels::MAREY_LEVEL {

namespace {

// How many lanes of `count` have seen a value above the bias.
template <typename T>
inline void count_above(typename Lanes<T>::I& count, VecOf<T> value, VecOf<T> bias) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __mmask16 above = _mm512_cmp_ps_mask((__m512)value, (__m512)bias, _CMP_GT_OQ);
    count = (typename Lanes<T>::I)_mm512_mask_add_epi32((__m512i)count, above, (__m512i)count, _mm512_set1_epi32(1));
  } else {
    const __mmask8 above = _mm512_cmp_pd_mask((__m512d)value, (__m512d)bias, _CMP_GT_OQ);
    count = (typename Lanes<T>::I)_mm512_mask_add_epi64((__m512i)count, above, (__m512i)count, _mm512_set1_epi64(1));
  }
#else
  count -= value > bias;
#endif
}

template <typename T, int biases, typename Each>
void shares(const Each& each, const T* bias, std::int64_t counted, T* out) {
  using V = VecOf<T>;
  typename Lanes<T>::I count[biases]{};
  V level[biases];
  for (int b = 0; b < biases; ++b) level[b] = broadcast(bias[b]);
  each([&](V value) {
#pragma GCC unroll 4
    for (int b = 0; b < biases; ++b) count_above<T>(count[b], value, level[b]);
  });
  for (int b = 0; b < biases; ++b) {
    std::int64_t total = 0;
    for (int l = 0; l < Lanes<T>::width; ++l) total += count[b][l];
    out[b] = T(double(total) / double(counted));
  }
}

template <typename T, typename Each>
void shares_of_all(const Each& each, const T* bias, std::int64_t n, std::int64_t counted, T* out) {
  for (; n >= 4; n -= 4, bias += 4, out += 4) shares<T, 4>(each, bias, counted, out);
  if (n == 3) shares<T, 3>(each, bias, counted, out);
  if (n == 2) shares<T, 2>(each, bias, counted, out);
  if (n == 1) shares<T, 1>(each, bias, counted, out);
}

}  // namespace

template <typename T>
void minirocket_kernel(const Minirocket<T>& a, std::int64_t first, std::int64_t last) {
  each_row(a, 1, first, last,
           [&](const auto& each, std::int64_t feature, std::int64_t n, std::int64_t counted, T* out) {
             shares_of_all(each, a.biases + feature, n, counted, out + feature);
           });
}

template <typename T>
void minirocket_biases_kernel(const Minirocket<T>& a, const std::int64_t* example, const double* level, T* biases,
                              std::int64_t first, std::int64_t last) {
  Convolution<T> convolution(a.channels, a.length, a.reach());
  std::vector<T> values;
  std::int64_t at = 0;
  for (std::int64_t pair = 0; pair < last; at += a.counts[pair++ / kMinirocketKernels]) {
    if (pair < first) continue;
    const std::int64_t d = pair / kMinirocketKernels, i = example[pair], n = a.counts[d];
    const int kernel = int(pair % kMinirocketKernels);
    values.clear();
    if (convolution.take(a.x + i * a.channels * a.length, a.length, length_of(a, i))) {
      convolution.dilate(a.dilation(d));
      const auto keep = [&](VecOf<T> outputs) {
        for (int l = 0; l < Lanes<T>::width; ++l) {
          if (outputs[l] > -std::numeric_limits<T>::infinity()) values.push_back(outputs[l]);
        }
      };
      const std::int64_t length = convolution.length();
      if (a.channels == 1) {
        convolution.each(kernel, 0, length, keep);
      } else {
        const auto [index, count] = channels_of(a, pair);
        Convolution<T>::each_of(convolution.summed(kernel, index, count), 0, length, keep);
      }
    }
    std::sort(values.begin(), values.end());
    for (std::int64_t b = 0; b < n; ++b) {
      const double place = level[at + b] * double(std::int64_t(values.size()) - 1);
      const auto below = std::size_t(place < 0 ? 0 : place);
      if (values.empty()) {
        biases[at + b] = std::numeric_limits<T>::quiet_NaN();
        continue;
      }
      const double low = values[below], high = values[std::min(below + 1, values.size() - 1)];
      biases[at + b] = T(low + (high - low) * (place - double(below)));
    }
  }
}

template void minirocket_kernel(const Minirocket<float>&, std::int64_t, std::int64_t);
template void minirocket_kernel(const Minirocket<double>&, std::int64_t, std::int64_t);
template void minirocket_biases_kernel(const Minirocket<float>&, const std::int64_t*, const double*, float*,
                                       std::int64_t, std::int64_t);
template void minirocket_biases_kernel(const Minirocket<double>&, const std::int64_t*, const double*, double*,
                                       std::int64_t, std::int64_t);

}  // namespace marey::kernels::MAREY_LEVEL
