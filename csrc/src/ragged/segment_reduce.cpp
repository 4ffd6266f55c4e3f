#include "marey/ragged/segment_reduce.hpp"

namespace marey::ragged {

template <typename T>
void segment_reduce(const SegmentReduce<T>& a, std::int64_t first, std::int64_t last) noexcept {
  MAREY_DISPATCH(segment_reduce_kernel, a, first, last)
}

template <typename T>
void segment_reduce_join(const SegmentReduce<T>& a) noexcept {
  MAREY_DISPATCH(segment_reduce_join_kernel, a)
}

template <typename T>
void segment_reduce_backward(const SegmentReduceBackward<T>& a, std::int64_t first, std::int64_t last) noexcept {
  MAREY_DISPATCH(segment_reduce_backward_kernel, a, first, last)
}

template <typename T>
void segment_reduce_backward_extreme(const SegmentReduceBackward<T>& a, std::int64_t first,
                                     std::int64_t last) noexcept {
    MAREY_DISPATCH(segment_reduce_backward_extreme_kernel, a, first, last)}

#define MAREY_INSTANTIATE(T)                                                                                   \
  template void segment_reduce(const SegmentReduce<T>&, std::int64_t, std::int64_t) noexcept;                  \
  template void segment_reduce_join(const SegmentReduce<T>&) noexcept;                                         \
  template void segment_reduce_backward(const SegmentReduceBackward<T>&, std::int64_t, std::int64_t) noexcept; \
  template void segment_reduce_backward_extreme(const SegmentReduceBackward<T>&, std::int64_t, std::int64_t) noexcept;
MAREY_INSTANTIATE(float) MAREY_INSTANTIATE(double)

}  // namespace marey::ragged
