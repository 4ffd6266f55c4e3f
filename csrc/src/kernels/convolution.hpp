// One series, and its convolutions with the 84 kernels at a dilation. Included by kernel sources only.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/core/simd_float.hpp"
#include "marey/kernels/minirocket.hpp"

namespace marey::kernels::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;

// The places of the three weights of 2, kernel by kernel.
struct Places {
  int of[kMinirocketKernels][3];
  constexpr Places() : of() {
    int kernel = 0;
    for (int i = 0; i < 9; ++i) {
      for (int j = i + 1; j < 9; ++j) {
        for (int k = j + 1; k < 9; ++k, ++kernel) of[kernel][0] = i, of[kernel][1] = j, of[kernel][2] = k;
      }
    }
  }
};
inline constexpr Places places{};

template <typename T>
class Convolution {
 public:
  static constexpr int width = Lanes<T>::width;
  using V = VecOf<T>;

  Convolution(std::int64_t channels, std::int64_t length, std::int64_t reach)
      : channels_(channels),
        reach_(reach),
        stride_(length + 2 * reach + 2 * width),
        x_(channels * stride_),
        triple_(channels * stride_),
        alpha_(channels * (length + width)),
        never_(length + width),
        pair_(length + width),
        sum_(length + width) {}

  // False where nothing is observed or a value is infinite.
  bool take(const T* x, std::int64_t stride, std::int64_t length) {
    constexpr T low = -std::numeric_limits<T>::infinity();
    length_ = length;
    std::fill(never_.begin(), never_.end(), low);
    bool finite = true;
    missing_ = false;
    for (std::int64_t c = 0; c < channels_; ++c) {
      T *const to = x_.data() + c * stride_, *const triple = triple_.data() + c * stride_;
      std::fill_n(to, stride_, T(0));
      std::fill_n(triple, stride_, T(0));
      for (std::int64_t t = 0; t < length; ++t) {
        const T value = x[c * stride + t];
        finite &= !std::isinf(value);
        if (value != value) {
          missing_ = true;
          continue;
        }
        never_[t] = 0;
        to[reach_ + t] = value;
        triple[reach_ + t] = value + value + value;
      }
    }
    observed_.assign(missing_ ? length + 1 : 0, 0);
    for (std::int64_t t = 0; t < std::int64_t(observed_.size()) - 1; ++t)
      observed_[t + 1] = observed_[t] + (never_[t] == 0);
    return finite && counted(0, length) > 0;
  }

  // Times that count from begin to end.
  std::int64_t counted(std::int64_t begin, std::int64_t end) const {
    return observed_.empty() ? end - begin : observed_[end] - observed_[begin];
  }

  // Where the counted outputs of a kernel begin, and as far from the end they end, at the dilation of this place in the
  // list: every second kernel keeps to the times that all nine weights reach, where there are any.
  std::int64_t margin(std::int64_t place, int kernel) const {
    const bool within = (place + kernel) % 2 == 1 && 8 * dilation_ < length_;
    return within && counted(4 * dilation_, length_ - 4 * dilation_) > 0 ? 4 * dilation_ : 0;
  }

  void dilate(std::int64_t dilation) {
    dilation_ = dilation;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const T* x = x_.data() + c * stride_ + reach_;
      T* alpha = alpha_.data() + c * (length_ + width);
      for (std::int64_t t = 0; t < length_; t += width) {
        V sum = -row(x + t);
        for (int step : {-4, -3, -2, -1, 1, 2, 3, 4}) sum -= row(x + t + step * dilation);
        store(alpha + t, missing_ && channels_ == 1 ? sum + row(never_.data() + t) : sum);
      }
    }
    pair_of_ = -1;
  }

  // body(outputs) for each vector of a kernel's outputs from begin to end - 1; what does not count is -inf.
  template <typename Body>
  void each(int kernel, std::int64_t begin, std::int64_t end, const Body& body) {
    const auto [i, j, k] = places.of[kernel];
    if (pair_of_ != 9 * i + j) add_pair(i, j);
    const T *const pair = pair_.data(), *const last = at(0, k);
    over(begin, end, [&](std::int64_t t) { return row(pair + t) + row(last + t); }, body);
  }

  // The same of a row of outputs.
  template <typename Body>
  static void each_of(const T* outputs, std::int64_t begin, std::int64_t end, const Body& body) {
    over(begin, end, [&](std::int64_t t) { return row(outputs + t); }, body);
  }

  // The outputs of a kernel over several channels, summed, in a row of their own.
  const T* summed(int kernel, const std::int64_t* index, std::int64_t count) {
    const auto [i, j, k] = places.of[kernel];
    std::copy_n(never_.data(), length_, sum_.data());
    for (std::int64_t c = 0; c < count; ++c) {
      const std::int64_t channel = index == nullptr ? c : index[c];
      const T* alpha = alpha_.data() + channel * (length_ + width);
      const T *const a = at(channel, i), *const b = at(channel, j), *const d = at(channel, k);
      for (std::int64_t t = 0; t < length_; t += width) {
        store(sum_.data() + t, row(sum_.data() + t) + (row(alpha + t) + row(a + t) + row(b + t) + row(d + t)));
      }
    }
    return sum_.data();
  }

  std::int64_t length() const { return length_; }

 private:
  template <typename Outputs, typename Body>
  static void over(std::int64_t begin, std::int64_t end, const Outputs& outputs, const Body& body) {
    std::int64_t t = begin;
    for (; t + width <= end; t += width) body(outputs(t));
    if (t == end) return;
    T last[width];
    store(last, outputs(t));
    for (std::int64_t l = end - t; l < width; ++l) last[l] = -std::numeric_limits<T>::infinity();
    body(row(last));
  }

  const T* at(std::int64_t channel, int place) const {
    return triple_.data() + channel * stride_ + reach_ + (place - 4) * dilation_;
  }

  void add_pair(int i, int j) {
    pair_of_ = 9 * i + j;
    const T *const a = at(0, i), *const b = at(0, j);
    for (std::int64_t t = 0; t < length_; t += width)
      store(pair_.data() + t, row(alpha_.data() + t) + row(a + t) + row(b + t));
  }

  std::int64_t channels_, reach_, stride_, length_ = 0, dilation_ = 1;
  std::vector<T> x_, triple_, alpha_, never_, pair_, sum_;
  std::vector<std::int64_t> observed_;
  bool missing_ = false;
  int pair_of_ = -1;
};

}  // namespace marey::kernels::MAREY_LEVEL
