#include "marey/survival/finegray.hpp"

namespace marey::survival {

void finegray_pass(const FineGrayRows& rows, const FineGrayPass& out) {
  MAREY_DISPATCH(finegray_pass_kernel, rows, out)
}

void finegray_influence(const FineGrayRows& rows, double* influence) {
  MAREY_DISPATCH(finegray_influence_kernel, rows, influence)
}

}  // namespace marey::survival
