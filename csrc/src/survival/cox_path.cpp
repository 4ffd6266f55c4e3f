#include "marey/survival/cox_path.hpp"

namespace marey::survival {

void cox_path(const CoxPathRows& rows, const CoxPath& path) { MAREY_DISPATCH(cox_path_kernel, rows, path) }

void cox_path_start(const CoxPathRows& rows, double* gradient) { MAREY_DISPATCH(cox_path_start_kernel, rows, gradient) }

}  // namespace marey::survival
