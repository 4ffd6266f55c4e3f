#include "marey/ragged/segment_softmax.hpp"

namespace marey::ragged {

template <typename A>
void segment_softmax_first(const A& a, std::int64_t first, std::int64_t last) noexcept {
  MAREY_DISPATCH(segment_softmax_first_kernel, a, first, last)
}

template <typename A>
void segment_softmax_join(const A& a) noexcept {
  MAREY_DISPATCH(segment_softmax_join_kernel, a)
}

template <typename A>
void segment_softmax_last(const A& a, std::int64_t first,
                          std::int64_t last) noexcept {MAREY_DISPATCH(segment_softmax_last_kernel, a, first, last)}

#define MAREY_INSTANTIATE(A)                                                          \
  template void segment_softmax_first(const A&, std::int64_t, std::int64_t) noexcept; \
  template void segment_softmax_join(const A&) noexcept;                              \
  template void segment_softmax_last(const A&, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(SegmentSoftmax<float>) MAREY_INSTANTIATE(SegmentSoftmax<double>)
    MAREY_INSTANTIATE(SegmentSoftmaxBackward<float>) MAREY_INSTANTIATE(SegmentSoftmaxBackward<double>)

}  // namespace marey::ragged
