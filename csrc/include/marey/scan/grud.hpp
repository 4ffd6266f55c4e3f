// GRU-D: a gated recurrent unit whose inputs and hidden state decay through the time since a variable was last seen
// (Che et al., Recurrent neural networks for multivariate time series with missing values, Sci Rep 8:6085, 2018,
// eqs. 3 to 12).
//
//   delta_t = dt_t + age_{t-1},  age_t = m_t ? 0 : delta_t,  last_t = m_t ? x_t : last_{t-1}
//   gamma_x = exp(-max(0, w_x delta + b_x)),  gamma_h = exp(-max(0, W_h delta + b_h))
//   x_hat = m ? x : gamma_x last_{t-1} + (1 - gamma_x) x_mean,  h_hat = gamma_h h_{t-1}
//   r, z = sigmoid(W x_hat + U h_hat + V m + b),  c = tanh(W x_hat + U (r h_hat) + V m + b)
//   h_t = (1 - z) h_hat + z c
//
// W, U, V, b hold the rows of r, z and c one after another, as in torch.nn.GRU.
//
// Layout: x, mask [series][variable][time], dt [series][time], h [series][hidden][time]; packed (offsets given):
// x [variable][total], dt [total], h [hidden][total]. States are [series][hidden] and [series][variable].
// Cost a step and series: 2 (3 H (2 D + H) + H D) operations, three times that backward.
//
// Series are taken by tiles of eight, longest first, so that at each step the running ones are the first of their tile.
// A tile's steps lie as rows (step, series) in memory; products with W, V and W_h take many rows at once, those with U
// the rows of one step. Rows are padded to whole registers.
#pragma once
#include <cstdint>
#include <vector>

#include "marey/core/isa.hpp"

namespace marey::scan {

struct GrudShape {
  std::int64_t n_series = 0, n_variables = 0, n_hidden = 0, length = 0;
  const std::int64_t* offsets = nullptr;
  std::int64_t total = 0;  // steps of all series together
};

constexpr std::int64_t grud_padded(std::int64_t n) { return (n + 15) / 16 * 16; }

// What one row keeps for the backward pass: offsets of its parts, in elements.
struct GrudRow {
  std::int64_t variables, hidden;  // padded
  explicit GrudRow(const GrudShape& s) : variables(grud_padded(s.n_variables)), hidden(grud_padded(s.n_hidden)) {}

  std::int64_t x_hat() const { return 0; }
  std::int64_t seen() const { return variables; }
  std::int64_t delta() const { return 2 * variables; }
  std::int64_t gates() const { return 3 * variables; }          // r, z, c
  std::int64_t decay() const { return gates() + 3 * hidden; }   // W_h delta + b_h
  std::int64_t before() const { return gates() + 4 * hidden; }  // h_{t-1}
  std::int64_t width() const { return gates() + 5 * hidden; }
};

template <typename T>
struct GrudWeights {
  const T *x_mean, *W, *U, *V, *b, *w_x, *b_x, *W_h, *b_h;
};

template <typename T>
struct Grud {
  GrudShape shape;
  const T* x;
  const std::uint8_t* mask;
  const T* dt;
  GrudWeights<T> weights;
  const T *h0, *x_last0, *age0;  // nullptr: zero; x_mean; zero
  T *h, *hT, *x_last, *age;
  T* saved;  // total rows of GrudRow::width(), or nullptr
};

template <typename T>
struct GrudBackward {
  GrudShape shape;
  const T *grad_h, *grad_hT, *grad_x_last, *grad_age, *saved;
  GrudWeights<T> weights;
  bool x_last_given;
  T *grad_x, *grad_dt;
  T *grad_x_mean, *grad_W, *grad_U, *grad_V, *grad_b, *grad_w_x, *grad_b_x, *grad_W_h, *grad_b_h;
  T *grad_h0, *grad_x_last0, *grad_age0;
};

inline constexpr std::int64_t grud_tile = 8, grud_steps = 16, grud_groups = 64;

// The order of the series, and the weights padded and transposed for the kernels; made once a call.
template <typename T>
struct GrudPlan {
  GrudShape shape;
  GrudRow row;
  std::vector<std::int64_t> order;      // series, longest first
  std::vector<std::int64_t> first_row;  // of each tile
  std::int64_t tiles;
  // One row a variable or hidden unit, one column a gate: W^T, V^T (D, 3 Hp), U^T (H, 3 Hp), W_h^T (D, Hp).
  std::vector<T> Wt, Vt, Ut, W_ht;
  // One row a gate of a hidden unit: W (3 H, Dp), U (3 H, Hp), W_h (H, Dp).
  std::vector<T> W, U, W_h;
  std::vector<T> b, b_h, w_x, b_x, x_mean;

  GrudPlan(const GrudShape& shape, const GrudWeights<T>& weights);

  // Items of work alternate between long and short tiles, so that equal ranges cost about the same.
  std::int64_t tile_of(std::int64_t item) const { return item % 2 == 0 ? item / 2 : tiles - 1 - item / 2; }
  std::int64_t length(std::int64_t series) const {
    return shape.offsets ? shape.offsets[series + 1] - shape.offsets[series] : shape.length;
  }
  // Tiles to a thread so that it has work for more than its start costs.
  std::int64_t grain() const {
    const std::int64_t operations = shape.total * 6 * shape.n_hidden * (2 * shape.n_variables + shape.n_hidden);
    const std::int64_t wanted = tiles * 500000 / (operations + 1);
    return wanted < 1 ? 1 : wanted;
  }
  std::int64_t groups() const { return tiles < grud_groups ? tiles : grud_groups; }
  // Elements of scratch memory that a range of items needs.
  std::int64_t scratch() const;
  // Elements in which a group leaves what it adds to the gradients of the weights.
  std::int64_t sums() const;
};

// Ranges of items (the plan's tiles forward, its groups of tiles backward) in any order and on any threads give the
// same bits.
template <typename T>
void grud(const Grud<T>& a, const GrudPlan<T>& plan, T* scratch, std::int64_t begin, std::int64_t end) noexcept;
template <typename T>
void grud_backward(const GrudBackward<T>& a, const GrudPlan<T>& plan, T* sums, T* scratch, std::int64_t begin,
                   std::int64_t end) noexcept;
// After all groups: adds up what they left, in their order.
template <typename T>
void grud_backward_finish(const GrudBackward<T>& a, const GrudPlan<T>& plan, const T* sums) noexcept;

MAREY_DECLARE_PER_ISA(template <typename T>
                      void grud_kernel(const Grud<T>&, const GrudPlan<T>&, T*, std::int64_t, std::int64_t) noexcept;
                      template <typename T> void grud_backward_kernel(const GrudBackward<T>&, const GrudPlan<T>&, T*,
                                                                      T*, std::int64_t, std::int64_t) noexcept)

}  // namespace marey::scan
