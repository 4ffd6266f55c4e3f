#include "marey/survival/cox.hpp"

namespace marey::survival {

void cox_pass(const CoxRows& rows, const CoxPass& out) { MAREY_DISPATCH(cox_pass_kernel, rows, out) }

void cox_residuals(const CoxRows& rows, const CoxResiduals& out) { MAREY_DISPATCH(cox_residuals_kernel, rows, out) }

}  // namespace marey::survival
