// The outputs of every kernel at every dilation, series by series. Included by kernel sources only.
#pragma once
#include "convolution.hpp"

namespace marey::kernels::MAREY_LEVEL {

template <typename T>
std::int64_t length_of(const Minirocket<T>& a, std::int64_t i) {
  return a.lengths == nullptr ? a.length : a.lengths[i];
}

struct Channels {
  const std::int64_t* index;
  std::int64_t count;
};

template <typename T>
Channels channels_of(const Minirocket<T>& a, std::int64_t pair) {
  if (a.channel_offsets == nullptr) return {nullptr, a.channels};
  return {a.channel_index + a.channel_offsets[pair], a.channel_offsets[pair + 1] - a.channel_offsets[pair]};
}

// take(each, feature, n, counted, out) for each kernel at each dilation of series first .. last - 1: `each` goes over
// its outputs, `feature` is the place of its first bias of n, `counted` how many outputs count, `out` the series' row
// of `pools` values a bias. The row of a series that cannot be convolved is NaN.
template <typename T, typename Take>
void each_row(const Minirocket<T>& a, std::int64_t pools, std::int64_t first, std::int64_t last, const Take& take) {
  Convolution<T> convolution(a.channels, a.length, a.reach());
  for (std::int64_t i = first; i < last; ++i) {
    T* const out = a.out + i * pools * a.features;
    const std::int64_t length = length_of(a, i);
    if (!convolution.take(a.x + i * a.channels * a.length, a.length, length)) {
      std::fill_n(out, pools * a.features, std::numeric_limits<T>::quiet_NaN());
      continue;
    }
    std::int64_t feature = 0;
    for (std::int64_t d = 0; d < a.n_dilations; ++d) {
      convolution.dilate(a.dilation(d));
      for (int kernel = 0; kernel < kMinirocketKernels; ++kernel, feature += a.counts[d]) {
        const std::int64_t begin = convolution.margin(d, kernel), end = length - begin;
        const std::int64_t counted = convolution.counted(begin, end);
        if (a.channels == 1) {
          const auto each = [&](const auto& body) { convolution.each(kernel, begin, end, body); };
          take(each, feature, a.counts[d], counted, out);
        } else {
          const auto [index, count] = channels_of(a, kMinirocketKernels * d + kernel);
          const T* const outputs = convolution.summed(kernel, index, count);
          const auto each = [&](const auto& body) { Convolution<T>::each_of(outputs, begin, end, body); };
          take(each, feature, a.counts[d], counted, out);
        }
      }
    }
  }
}

}  // namespace marey::kernels::MAREY_LEVEL
