// grud backward: the chunks of a tile from the last to the first. In each, the steps in reverse give the gradients of
// the gates' inputs; products of many rows then give those of the weights and of the inputs.
#include "marey/scan/grud_tile.hpp"

namespace marey::scan::MAREY_LEVEL {

namespace {

// Gradients of rows of a chunk: gates (r, z, c before their functions), decay (W_h delta + b_h), x_hat, delta; h_hat
// and r h_hat, which the gradient of U needs; and of the states of the tile.
template <typename T>
struct Buffers {
  T *grad_h, *gates, *decay, *x_hat, *delta, *h_hat, *reset;
  T *h, *reset_grad, *last, *age;
};

// What a group adds to the gradients of the weights, laid out as the plan's transposed weights.
template <typename T>
struct Sums {
  T *Wt, *Vt, *Ut, *W_ht, *b, *b_h, *w_x, *b_x, *x_mean;

  Sums(const GrudPlan<T>& plan, T* p) {
    const int64_t D = plan.shape.n_variables, H = plan.shape.n_hidden, Hp = plan.row.hidden, Dp = plan.row.variables;
    Wt = p;
    Vt = Wt + D * 3 * Hp;
    Ut = Vt + D * 3 * Hp;
    W_ht = Ut + H * 3 * Hp;
    b = W_ht + D * Hp;
    b_h = b + 3 * Hp;
    w_x = b_h + Hp;
    b_x = w_x + Dp;
    x_mean = b_x + Dp;
  }
};

template <typename T>
void step(const GrudPlan<T>& plan, int64_t n, const T* rows, int64_t first, const Buffers<T>& s) {
  constexpr int w = width_of<T>;
  const GrudRow& row = plan.row;
  const int64_t width = row.width(), H = row.hidden, units = plan.shape.n_hidden;
  T* const gates = s.gates + first * 3 * H;
  T* const h_hats = s.h_hat + first * H;
  T* const resets = s.reset + first * H;
  for (int64_t i = 0; i < n; ++i) {
    const T* p = rows + i * width;
    for (int64_t j = 0; j < H; j += w) {
      const auto r = load_wide(p + row.gates() + j), z = load_wide(p + row.gates() + H + j),
                 c = load_wide(p + row.gates() + 2 * H + j);
      const auto h_hat = exp(-positive(load_wide(p + row.decay() + j))) * load_wide(p + row.before() + j);
      const auto g = load_wide(s.grad_h + (first + i) * H + j) + load_wide(s.h + i * H + j);
      store_wide(h_hats + i * H + j, h_hat);
      store_wide(resets + i * H + j, r * h_hat);
      store_wide(gates + i * 3 * H + H + j, g * (c - h_hat) * (z * (1 - z)));
      store_wide(gates + i * 3 * H + 2 * H + j, g * z * (1 - c * c));
      store_wide(s.h + i * H + j, g * (1 - z));  // of h_hat, to be added to
      store_wide(s.reset_grad + i * H + j, Wide<T>{});
    }
  }
  add_product(n, H, units, gates + 2 * H, 3 * H, 1, plan.U.data() + 2 * units * H, H, s.reset_grad, H);
  for (int64_t i = 0; i < n; ++i) {
    const T* p = rows + i * width;
    for (int64_t j = 0; j < H; j += w) {
      const auto r = load_wide(p + row.gates() + j), g = load_wide(s.reset_grad + i * H + j);
      store_wide(gates + i * 3 * H + j, g * load_wide(h_hats + i * H + j) * (r * (1 - r)));
      store_wide(s.h + i * H + j, madd(g, r, load_wide(s.h + i * H + j)));
    }
  }
  add_product(n, H, units, gates, 3 * H, 1, plan.U.data(), H, s.h, H);
  add_product(n, H, units, gates + H, 3 * H, 1, plan.U.data() + units * H, H, s.h, H);
  for (int64_t i = 0; i < n; ++i) {
    const T* p = rows + i * width;
    for (int64_t j = 0; j < H; j += w) {
      const auto rate = load_wide(p + row.decay() + j);
      const auto g = load_wide(s.h + i * H + j) * exp(-positive(rate));
      const auto slope = -g * load_wide(p + row.before() + j);
      store_wide(s.decay + (first + i) * H + j, select(rate > Wide<T>{}, slope, Wide<T>{}));
      store_wide(s.h + i * H + j, g);
    }
  }
}

// From the gradients of x_hat and delta in a chunk: those of x, dt, x_mean, w_x, b_x, and of last and age before it.
// x_hat is overwritten by the gradient of x.
template <typename T>
void inputs(const GrudPlan<T>& plan, const Tile& tile, const Chunk& chunk, const T* rows, T* grad_dt,
            const Sums<T>& sums, const Buffers<T>& s) {
  constexpr int w = width_of<T>;
  const GrudRow& row = plan.row;
  const int64_t D = row.variables;
  for (int64_t k = chunk.steps() - 1; k >= 0; --k) {
    for (int64_t i = 0; i < chunk.running(k); ++i) {
      const int64_t r = chunk.first[k] + i;
      const T* p = rows + r * row.width();
      Wide<T> of_dt{};
      for (int64_t d = 0; d < D; d += w) {
        const auto seen = load_wide(p + row.seen() + d) != Wide<T>{};
        const auto delta = load_wide(p + row.delta() + d), mean = load_wide(plan.x_mean.data() + d);
        const auto rate_slope = load_wide(plan.w_x.data() + d);
        const auto rate = madd(rate_slope, delta, load_wide(plan.b_x.data() + d));
        const auto decay = exp(-positive(rate));
        const auto g = load_wide(s.x_hat + r * D + d);
        const auto carried = load_wide(s.last + i * D + d), older = load_wide(s.age + i * D + d);
        // Where a value was not seen, x_hat - x_mean = gamma_x (last - x_mean).
        const auto of_rate =
            select(seen, Wide<T>{}, select(rate > Wide<T>{}, -g * (load_wide(p + row.x_hat() + d) - mean), Wide<T>{}));
        const auto of_delta =
            madd(of_rate, rate_slope, load_wide(s.delta + r * D + d)) + select(seen, Wide<T>{}, older);
        store_wide(s.x_hat + r * D + d, select(seen, g + carried, Wide<T>{}));
        store_wide(s.last + i * D + d, select(seen, Wide<T>{}, madd(g, decay, carried)));
        store_wide(s.age + i * D + d, of_delta);
        store_wide(sums.w_x + d, madd(of_rate, delta, load_wide(sums.w_x + d)));
        store_wide(sums.b_x + d, load_wide(sums.b_x + d) + of_rate);
        store_wide(sums.x_mean + d, load_wide(sums.x_mean + d) + select(seen, Wide<T>{}, g * (1 - decay)));
        of_dt += of_delta;
      }
      T total = of_dt[0];
      for (int j = 1; j < w; ++j) total += of_dt[j];
      grad_dt[tile.dt[i] + chunk.t + k] = total;
    }
  }
}

template <typename T>
void add_rows(int64_t rows, int64_t columns, const T* from, T* to) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < columns; j += width_of<T>) {
      store_wide(to + j, load_wide(to + j) + load_wide(from + r * columns + j));
    }
  }
}

template <typename T>
void weights(const GrudPlan<T>& plan, int64_t n, const T* rows, const Sums<T>& sums, const Buffers<T>& s) {
  const GrudRow& row = plan.row;
  const int64_t D = plan.shape.n_variables, units = plan.shape.n_hidden, H = row.hidden, width = row.width();
  add_product(D, 3 * H, n, rows + row.x_hat(), 1, width, s.gates, 3 * H, sums.Wt, 3 * H);
  add_product(D, 3 * H, n, rows + row.seen(), 1, width, s.gates, 3 * H, sums.Vt, 3 * H);
  add_product(units, 2 * H, n, s.h_hat, 1, H, s.gates, 3 * H, sums.Ut, 3 * H);
  add_product(units, H, n, s.reset, 1, H, s.gates + 2 * H, 3 * H, sums.Ut + 2 * H, 3 * H);
  add_product(D, H, n, rows + row.delta(), 1, width, s.decay, H, sums.W_ht, H);
  add_rows(n, 3 * H, s.gates, sums.b);
  add_rows(n, H, s.decay, sums.b_h);
}

template <typename T>
void run(const GrudBackward<T>& a, const GrudPlan<T>& plan, const Tile& tile, const Sums<T>& sums,
         const Buffers<T>& s) {
  const GrudRow& row = plan.row;
  const int64_t D = plan.shape.n_variables, units = plan.shape.n_hidden, H = row.hidden, width = row.width();
  std::fill_n(s.h, grud_tile * H, T(0));
  std::fill_n(s.last, grud_tile * row.variables, T(0));
  std::fill_n(s.age, grud_tile * row.variables, T(0));
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t k = tile.series[i];
    std::copy_n(a.grad_hT + k * units, units, s.h + i * H);
    std::copy_n(a.grad_x_last + k * D, D, s.last + i * row.variables);
    std::copy_n(a.grad_age + k * D, D, s.age + i * row.variables);
  }
  for (int64_t end = tile.steps; end > 0;) {
    const int64_t t = (end - 1) / grud_steps * grud_steps;
    const Chunk chunk(tile, t, end);
    const int64_t n = chunk.rows();
    const T* const rows = a.saved + (tile.first_row + tile.rows_before(t)) * width;
    std::fill_n(s.grad_h, n * H, T(0));
    std::fill_n(s.x_hat, n * row.variables, T(0));
    std::fill_n(s.delta, n * row.variables, T(0));
    gather(tile, chunk, units, a.grad_h, tile.h, s.grad_h, H);
    for (int64_t k = chunk.steps() - 1; k >= 0; --k) {
      step(plan, chunk.running(k), rows + chunk.first[k] * width, chunk.first[k], s);
    }
    for (int64_t gate = 0; gate < 3; ++gate) {
      add_product(n, row.variables, units, s.gates + gate * H, 3 * H, 1, plan.W.data() + gate * units * row.variables,
                  row.variables, s.x_hat, row.variables);
    }
    add_product(n, row.variables, units, s.decay, H, 1, plan.W_h.data(), row.variables, s.delta, row.variables);
    weights(plan, n, rows, sums, s);
    inputs(plan, tile, chunk, rows, a.grad_dt, sums, s);
    scatter(tile, chunk, D, s.x_hat, row.variables, a.grad_x, tile.x);
    end = t;
  }
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t k = tile.series[i];
    std::copy_n(s.h + i * H, units, a.grad_h0 + k * units);
    std::copy_n(s.last + i * row.variables, D, a.grad_x_last0 + k * D);
    std::copy_n(s.age + i * row.variables, D, a.grad_age0 + k * D);
    if (a.x_last_given) continue;
    for (int64_t d = 0; d < D; ++d) sums.x_mean[d] += s.last[i * row.variables + d];
  }
}

}  // namespace

template <typename T>
void grud_backward_kernel(const GrudBackward<T>& a, const GrudPlan<T>& plan, T* all_sums, T* scratch, int64_t begin,
                          int64_t end) noexcept {
  const GrudRow& row = plan.row;
  Buffers<T> s;
  const auto take = [&](int64_t count) {
    T* const p = scratch;
    scratch += count;
    return p;
  };
  constexpr int64_t rows = grud_tile * grud_steps;
  s.grad_h = take(rows * row.hidden);
  s.gates = take(rows * 3 * row.hidden);
  s.decay = take(rows * row.hidden);
  s.h_hat = take(rows * row.hidden);
  s.reset = take(rows * row.hidden);
  s.x_hat = take(rows * row.variables);
  s.delta = take(rows * row.variables);
  s.h = take(grud_tile * row.hidden);
  s.reset_grad = take(grud_tile * row.hidden);
  s.last = take(grud_tile * row.variables);
  s.age = take(grud_tile * row.variables);
  for (int64_t group = begin; group < end; ++group) {
    T* const own = all_sums + group * plan.sums();
    std::fill_n(own, plan.sums(), T(0));
    const Sums<T> sums(plan, own);
    for (int64_t item = group; item < plan.tiles; item += plan.groups()) {
      run(a, plan, Tile(plan, plan.tile_of(item)), sums, s);
    }
  }
}

template void grud_backward_kernel(const GrudBackward<float>&, const GrudPlan<float>&, float*, float*, int64_t,
                                   int64_t) noexcept;
template void grud_backward_kernel(const GrudBackward<double>&, const GrudPlan<double>&, double*, double*, int64_t,
                                   int64_t) noexcept;

}  // namespace marey::scan::MAREY_LEVEL
