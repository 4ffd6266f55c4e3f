#include "marey/distance/elastic.hpp"

namespace marey::distance {

template <typename T>
void elastic(const Elastic<T>& e, const Pairs<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(elastic_kernel, e, a, first, last)
}

template <typename T>
void elastic_cdist(const Elastic<T>& e, const Cdist<T>& a, std::int64_t first, std::int64_t last) {
  MAREY_DISPATCH(elastic_cdist_kernel, e, a, first, last)
}

template void elastic(const Elastic<float>&, const Pairs<float>&, std::int64_t, std::int64_t);
template void elastic(const Elastic<double>&, const Pairs<double>&, std::int64_t, std::int64_t);
template void elastic_cdist(const Elastic<float>&, const Cdist<float>&, std::int64_t, std::int64_t);
template void elastic_cdist(const Elastic<double>&, const Cdist<double>&, std::int64_t, std::int64_t);

}  // namespace marey::distance
