// grud forward: a chunk of steps of one tile at a time, first what does not depend on the hidden state, then the steps.
#include "marey/scan/grud_tile.hpp"

namespace marey::scan::MAREY_LEVEL {

namespace {

// Scratch: rows of a chunk (where nothing is saved), the states of the tile, and what a step needs.
template <typename T>
struct Buffers {
  T *rows, *h, *h_hat, *reset, *out, *last, *age;
};

// x_hat and delta of each row, from raw values in its place; moves last and age on.
template <typename T>
void inputs(const GrudPlan<T>& plan, const Tile& tile, const Chunk& chunk, const T* dt, T* rows, T* last, T* age) {
  constexpr int w = width_of<T>;
  const GrudRow& row = plan.row;
  for (int64_t k = 0; k < chunk.steps(); ++k) {
    for (int64_t i = 0; i < chunk.running(k); ++i) {
      T* p = rows + (chunk.first[k] + i) * row.width();
      const T gap = dt[tile.dt[i] + chunk.t + k];
      for (int64_t d = 0; d < row.variables; d += w) {
        const auto seen = load_wide(p + row.seen() + d) != Wide<T>{};
        const auto x = load_wide(p + row.x_hat() + d), mean = load_wide(plan.x_mean.data() + d);
        const auto before = load_wide(last + i * row.variables + d);
        const auto delta = load_wide(age + i * row.variables + d) + gap;
        const auto rate = madd(load_wide(plan.w_x.data() + d), delta, load_wide(plan.b_x.data() + d));
        const auto decay = exp(-positive(rate));
        store_wide(p + row.x_hat() + d, select(seen, x, madd(decay, before - mean, mean)));
        store_wide(p + row.delta() + d, delta);
        store_wide(last + i * row.variables + d, select(seen, x, before));
        store_wide(age + i * row.variables + d, select(seen, Wide<T>{}, delta));
      }
    }
  }
}

template <typename T>
void step(const GrudPlan<T>& plan, int64_t n, T* rows, T* out, const Buffers<T>& s) {
  constexpr int w = width_of<T>;
  const GrudRow& row = plan.row;
  const int64_t width = row.width(), H = row.hidden;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < H; j += w) {
      const auto h = load_wide(s.h + i * H + j);
      store_wide(rows + i * width + row.before() + j, h);
      store_wide(s.h_hat + i * H + j, exp(-positive(load_wide(rows + i * width + row.decay() + j))) * h);
    }
  }
  T* const gates = rows + row.gates();
  const int64_t units = plan.shape.n_hidden;
  add_product(n, 2 * H, units, s.h_hat, H, 1, plan.Ut.data(), 3 * H, gates, width);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < 2 * H; j += w) {
      const auto gate = sigmoid(load_wide(gates + i * width + j));
      store_wide(gates + i * width + j, gate);
      if (j < H) store_wide(s.reset + i * H + j, gate * load_wide(s.h_hat + i * H + j));
    }
  }
  add_product(n, H, units, s.reset, H, 1, plan.Ut.data() + 2 * H, 3 * H, gates + 2 * H, width);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < H; j += w) {
      const auto candidate = tanh(load_wide(gates + i * width + 2 * H + j));
      const auto h_hat = load_wide(s.h_hat + i * H + j);
      const auto h = madd(load_wide(gates + i * width + H + j), candidate - h_hat, h_hat);
      store_wide(gates + i * width + 2 * H + j, candidate);
      store_wide(s.h + i * H + j, h);
      store_wide(out + i * H + j, h);
    }
  }
}

template <typename T>
void start(const Grud<T>& a, const GrudPlan<T>& plan, const Tile& tile, const Buffers<T>& s) {
  const GrudRow& row = plan.row;
  const int64_t D = plan.shape.n_variables, H = plan.shape.n_hidden;
  std::fill_n(s.h, grud_tile * row.hidden, T(0));
  std::fill_n(s.last, grud_tile * row.variables, T(0));
  std::fill_n(s.age, grud_tile * row.variables, T(0));
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t k = tile.series[i];
    if (a.h0) std::copy_n(a.h0 + k * H, H, s.h + i * row.hidden);
    std::copy_n(a.x_last0 ? a.x_last0 + k * D : a.weights.x_mean, D, s.last + i * row.variables);
    if (a.age0) std::copy_n(a.age0 + k * D, D, s.age + i * row.variables);
  }
}

template <typename T>
void run(const Grud<T>& a, const GrudPlan<T>& plan, const Tile& tile, const Buffers<T>& s) {
  const GrudRow& row = plan.row;
  const int64_t D = plan.shape.n_variables, H = plan.shape.n_hidden, width = row.width();
  start(a, plan, tile, s);
  for (int64_t t = 0; t < tile.steps; t += grud_steps) {
    const Chunk chunk(tile, t, std::min(tile.steps, t + grud_steps));
    T* const rows = a.saved ? a.saved + (tile.first_row + tile.rows_before(t)) * width : s.rows;
    for (int64_t r = 0; r < chunk.rows(); ++r) {
      T* p = rows + r * width;
      std::fill_n(p, 2 * row.variables, T(0));
      std::copy_n(plan.b.data(), 3 * row.hidden, p + row.gates());
      std::copy_n(plan.b_h.data(), row.hidden, p + row.decay());
    }
    gather(tile, chunk, D, a.x, tile.x, rows + row.x_hat(), width);
    gather(tile, chunk, D, a.mask, tile.x, rows + row.seen(), width);
    inputs(plan, tile, chunk, a.dt, rows, s.last, s.age);
    T* const gates = rows + row.gates();
    add_product(chunk.rows(), 3 * row.hidden, D, rows + row.x_hat(), width, 1, plan.Wt.data(), 3 * row.hidden, gates,
                width);
    add_product(chunk.rows(), 3 * row.hidden, D, rows + row.seen(), width, 1, plan.Vt.data(), 3 * row.hidden, gates,
                width);
    add_product(chunk.rows(), row.hidden, D, rows + row.delta(), width, 1, plan.W_ht.data(), row.hidden,
                rows + row.decay(), width);
    for (int64_t k = 0; k < chunk.steps(); ++k) {
      step(plan, chunk.running(k), rows + chunk.first[k] * width, s.out + chunk.first[k] * row.hidden, s);
    }
    scatter(tile, chunk, H, s.out, row.hidden, a.h, tile.h);
  }
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t k = tile.series[i];
    std::copy_n(s.h + i * row.hidden, H, a.hT + k * H);
    std::copy_n(s.last + i * row.variables, D, a.x_last + k * D);
    std::copy_n(s.age + i * row.variables, D, a.age + k * D);
  }
}

}  // namespace

template <typename T>
void grud_kernel(const Grud<T>& a, const GrudPlan<T>& plan, T* scratch, int64_t begin, int64_t end) noexcept {
  const GrudRow& row = plan.row;
  Buffers<T> s;
  const auto take = [&](int64_t count) {
    T* const p = scratch;
    scratch += count;
    return p;
  };
  s.rows = take(grud_tile * grud_steps * row.width());
  s.out = take(grud_tile * grud_steps * row.hidden);
  s.h = take(grud_tile * row.hidden);
  s.h_hat = take(grud_tile * row.hidden);
  s.reset = take(grud_tile * row.hidden);
  s.last = take(grud_tile * row.variables);
  s.age = take(grud_tile * row.variables);
  for (int64_t item = begin; item < end; ++item) run(a, plan, Tile(plan, plan.tile_of(item)), s);
}

template void grud_kernel(const Grud<float>&, const GrudPlan<float>&, float*, int64_t, int64_t) noexcept;
template void grud_kernel(const Grud<double>&, const GrudPlan<double>&, double*, int64_t, int64_t) noexcept;

}  // namespace marey::scan::MAREY_LEVEL
