// One tile of series of grud, as both of its kernels walk it. Included by kernel sources only.
#pragma once
#include <algorithm>

#include "marey/core/wide.hpp"
#include "marey/scan/grud.hpp"

namespace marey::scan::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

struct Tile {
  int64_t n = 0, steps = 0, first_row = 0;
  int64_t series[grud_tile], length[grud_tile];
  int64_t x[grud_tile], dt[grud_tile], h[grud_tile];  // where each series begins
  int64_t stride;                                     // from one variable or hidden unit to the next

  template <typename T>
  Tile(const GrudPlan<T>& plan, int64_t tile) {
    const GrudShape& s = plan.shape;
    n = std::min(grud_tile, s.n_series - tile * grud_tile);
    first_row = plan.first_row[tile];
    stride = s.offsets ? s.total : s.length;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t k = series[i] = plan.order[tile * grud_tile + i];
      length[i] = plan.length(k);
      dt[i] = s.offsets ? s.offsets[k] : k * s.length;
      x[i] = s.offsets ? s.offsets[k] : k * s.n_variables * s.length;
      h[i] = s.offsets ? s.offsets[k] : k * s.n_hidden * s.length;
    }
    steps = length[0];
  }

  int64_t rows_before(int64_t t) const {
    int64_t rows = 0;
    for (int64_t i = 0; i < n; ++i) rows += std::min(length[i], t);
    return rows;
  }
};

// Steps t .. end of a tile. Row first[k] + i is step t + k of series i.
struct Chunk {
  int64_t t, end, first[grud_steps + 1];

  Chunk(const Tile& tile, int64_t t, int64_t end) : t(t), end(end) {
    first[0] = 0;
    int64_t running = tile.n;
    for (int64_t k = 0; k < end - t; ++k) {
      while (running > 0 && tile.length[running - 1] <= t + k) --running;
      first[k + 1] = first[k] + running;
    }
  }
  int64_t steps() const { return end - t; }
  int64_t rows() const { return first[end - t]; }
  int64_t running(int64_t k) const { return first[k + 1] - first[k]; }
  int64_t steps_of(const Tile& tile, int64_t i) const { return std::clamp<int64_t>(tile.length[i] - t, 0, end - t); }
};

// rows[row][unit] = p[start of the series][unit][step]
template <typename T, typename From>
void gather(const Tile& tile, const Chunk& chunk, int64_t units, const From* p, const int64_t* start, T* rows,
            int64_t width) {
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t count = chunk.steps_of(tile, i);
    for (int64_t u = 0; u < units; ++u) {
      const From* from = p + start[i] + u * tile.stride + chunk.t;
      for (int64_t k = 0; k < count; ++k) rows[(chunk.first[k] + i) * width + u] = T(from[k]);
    }
  }
}

// and back
template <typename T>
void scatter(const Tile& tile, const Chunk& chunk, int64_t units, const T* rows, int64_t width, T* p,
             const int64_t* start) {
  for (int64_t i = 0; i < tile.n; ++i) {
    const int64_t count = chunk.steps_of(tile, i);
    for (int64_t u = 0; u < units; ++u) {
      T* to = p + start[i] + u * tile.stride + chunk.t;
      for (int64_t k = 0; k < count; ++k) to[k] = rows[(chunk.first[k] + i) * width + u];
    }
  }
}

}  // namespace marey::scan::MAREY_LEVEL
