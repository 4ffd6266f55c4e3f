#include "marey/scan/grud.hpp"

#include <algorithm>
#include <numeric>

namespace marey::scan {

namespace {

// Row i of `from` (rows x columns) becomes column i of a matrix of `width` columns, from column `at` on.
template <typename T>
void transpose_into(const T* from, std::int64_t rows, std::int64_t columns, std::vector<T>& to, std::int64_t width,
                    std::int64_t at) {
  to.resize(columns * width);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t k = 0; k < columns; ++k) to[k * width + at + i] = from[i * columns + k];
  }
}

template <typename T>
std::vector<T> padded(const T* from, std::int64_t rows, std::int64_t columns, std::int64_t width) {
  std::vector<T> to(rows * width);
  for (std::int64_t i = 0; i < rows; ++i) std::copy_n(from + i * columns, columns, to.data() + i * width);
  return to;
}

}  // namespace

template <typename T>
GrudPlan<T>::GrudPlan(const GrudShape& shape, const GrudWeights<T>& weights) : shape(shape), row(shape) {
  const std::int64_t D = shape.n_variables, H = shape.n_hidden, Hp = row.hidden, Dp = row.variables;
  order.resize(shape.n_series);
  std::iota(order.begin(), order.end(), 0);
  if (shape.offsets) {
    std::stable_sort(order.begin(), order.end(),
                     [this](std::int64_t i, std::int64_t k) { return length(i) > length(k); });
  }
  tiles = (shape.n_series + grud_tile - 1) / grud_tile;
  first_row.assign(tiles + 1, 0);
  for (std::int64_t i = 0; i < shape.n_series; ++i) first_row[i / grud_tile + 1] += length(order[i]);
  std::partial_sum(first_row.begin(), first_row.end(), first_row.begin());

  for (std::int64_t gate = 0; gate < 3; ++gate) {
    transpose_into(weights.W + gate * H * D, H, D, Wt, 3 * Hp, gate * Hp);
    transpose_into(weights.V + gate * H * D, H, D, Vt, 3 * Hp, gate * Hp);
    transpose_into(weights.U + gate * H * H, H, H, Ut, 3 * Hp, gate * Hp);
  }
  transpose_into(weights.W_h, H, D, W_ht, Hp, 0);
  W = padded(weights.W, 3 * H, D, Dp);
  U = padded(weights.U, 3 * H, H, Hp);
  W_h = padded(weights.W_h, H, D, Dp);
  b = padded(weights.b, 3, H, Hp);
  b_h = padded(weights.b_h, 1, H, Hp);
  w_x = padded(weights.w_x, 1, D, Dp);
  b_x = padded(weights.b_x, 1, D, Dp);
  x_mean = padded(weights.x_mean, 1, D, Dp);
}

template <typename T>
std::int64_t GrudPlan<T>::scratch() const {
  // The larger need, backward's, and forward's rows.
  return grud_tile *
         (grud_steps * (row.width() + 7 * row.hidden + 2 * row.variables) + 3 * row.hidden + 2 * row.variables);
}

template <typename T>
std::int64_t GrudPlan<T>::sums() const {
  const std::int64_t D = shape.n_variables, H = shape.n_hidden;
  return (6 * D + 3 * H + D + 4) * row.hidden + 3 * row.variables;
}

template <typename T>
void grud(const Grud<T>& a, const GrudPlan<T>& plan, T* scratch, std::int64_t begin, std::int64_t end) noexcept {
  MAREY_DISPATCH(grud_kernel, a, plan, scratch, begin, end)
}

template <typename T>
void grud_backward(const GrudBackward<T>& a, const GrudPlan<T>& plan, T* sums, T* scratch, std::int64_t begin,
                   std::int64_t end) noexcept {
  MAREY_DISPATCH(grud_backward_kernel, a, plan, sums, scratch, begin, end)
}

template <typename T>
void grud_backward_finish(const GrudBackward<T>& a, const GrudPlan<T>& plan, const T* sums) noexcept {
  const std::int64_t D = plan.shape.n_variables, H = plan.shape.n_hidden, Hp = plan.row.hidden, Dp = plan.row.variables;
  const std::int64_t size = plan.sums();
  // (rows x columns) of the sums at `at`, transposed into `to` (columns x rows).
  const auto add = [&](std::int64_t& at, std::int64_t rows, std::int64_t width, std::int64_t columns, T* to) {
    std::fill_n(to, rows * columns, T(0));
    for (std::int64_t group = 0; group < plan.groups(); ++group) {
      const T* p = sums + group * size + at;
      for (std::int64_t k = 0; k < rows; ++k) {
        for (std::int64_t i = 0; i < columns; ++i) to[i * rows + k] += p[k * width + i];
      }
    }
  };
  const auto add_gates = [&](std::int64_t& at, std::int64_t rows, T* to) {
    for (std::int64_t gate = 0; gate < 3; ++gate) {
      std::int64_t part = at + gate * Hp;
      add(part, rows, 3 * Hp, H, to + gate * H * rows);
    }
    at += rows * 3 * Hp;
  };
  std::int64_t at = 0;
  add_gates(at, D, a.grad_W);
  add_gates(at, D, a.grad_V);
  add_gates(at, H, a.grad_U);
  add(at, D, Hp, H, a.grad_W_h);
  at += D * Hp;
  add_gates(at, 1, a.grad_b);
  add(at, 1, Hp, H, a.grad_b_h);
  at += Hp;
  for (T* to : {a.grad_w_x, a.grad_b_x, a.grad_x_mean}) {
    add(at, 1, Dp, D, to);
    at += Dp;
  }
}

#define MAREY_INSTANTIATE(T)                                                                       \
  template struct GrudPlan<T>;                                                                     \
  template void grud(const Grud<T>&, const GrudPlan<T>&, T*, std::int64_t, std::int64_t) noexcept; \
  template void grud_backward(const GrudBackward<T>&, const GrudPlan<T>&, T*, T*, std::int64_t,    \
                              std::int64_t) noexcept;                                              \
  template void grud_backward_finish(const GrudBackward<T>&, const GrudPlan<T>&, const T*) noexcept;
MAREY_INSTANTIATE(float) MAREY_INSTANTIATE(double)

}  // namespace marey::scan
