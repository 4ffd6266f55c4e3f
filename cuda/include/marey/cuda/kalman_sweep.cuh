// How a series is run forward and back in bounded memory: a state kept every `span` steps, each span filtered anew from
// it on the way back, its steps kept meanwhile.
//
// Threads take several series one after the other where there are more than `most_slots`: memory grows with the
// threads, not with the series. What a thread keeps lies among its neighbours', so that a warp reads and writes whole
// sectors.
#pragma once
#include "marey/cuda/kalman_series.cuh"

namespace marey::cuda::kalman {

inline constexpr int threads_of_sweep = 32;  // few series still spread over the device
inline constexpr int64_t most_slots = 1 << 16, most_bytes = int64_t(1) << 30;

struct Sweep {
  int64_t slots;        // threads
  int64_t span, spans;  // steps of a span, a multiple of `steps`; how many there are
  int64_t shelf;        // doubles that a thread keeps among its neighbours'
  int64_t share;        // and of its own

  // By what is kept of a step, and of the whole beside.
  Sweep(const KalmanProblem& p, int64_t step_size, int64_t other_size) {
    const int64_t width = p.n_states + packed_size(int(p.n_states));
    span = 4 * steps;
    while (span * span * step_size < p.length * width) span += steps;  // states and steps take about the same
    spans = (p.length + span - 1) / span;
    shelf = spans * width + span * step_size + other_size;
    share = share_size(p);
    const int64_t affordable = most_bytes / int64_t(sizeof(double)) / (shelf + share + 1);
    slots = p.n_series;
    if (slots > affordable) slots = affordable;
    if (slots > most_slots) slots = most_slots;
    slots = (slots / threads_of_sweep + (slots % threads_of_sweep != 0)) * threads_of_sweep;
    if (slots == 0 && p.n_series > 0) slots = threads_of_sweep;
  }
  std::size_t bytes() const { return std::size_t(slots * (shelf + share)) * sizeof(double); }
  int64_t start(int64_t of_span) const { return of_span * span; }
  MAREY_INLINE int count(int64_t of_span, int64_t length) const {
    const int64_t left = length - of_span * span;
    return int(left < span ? left : span);
  }
};

// Element k of this thread's lies at k * slots.
struct Shelf {
  double* memory;
  int64_t slots;

  MAREY_INLINE double& operator[](int64_t k) const { return memory[k * slots]; }
  MAREY_INLINE Shelf from(int64_t k) const { return {memory + k * slots, slots}; }
  MAREY_INLINE void put(int count, const double* values) const {
    MAREY_UNROLL
    for (int k = 0; k < count; ++k) (*this)[k] = values[k];
  }
  MAREY_INLINE void get(int count, double* values) const {
    MAREY_UNROLL
    for (int k = 0; k < count; ++k) values[k] = (*this)[k];
  }
};

template <int N, int M>
MAREY_INLINE void keep(Forward<N, M>& f, const Shelf& shelf) {
  shelf.put(f.n(), f.x());
  shelf.from(f.n()).put(packed_size(f.n()), f.P());
}
template <int N, int M>
MAREY_INLINE void take(Forward<N, M>& f, const Shelf& shelf) {
  shelf.get(f.n(), f.x());
  shelf.from(f.n()).get(packed_size(f.n()), f.P());
}

// Forward through all spans but the last, keeping the state before each.
template <int N, int M>
MAREY_INLINE void run_ahead(Forward<N, M>& f, const Sweep& sweep, const Shelf& starts, double* window) {
  for (int64_t c = 0; c < sweep.spans; ++c) {
    keep(f, starts.from(c * f.width()));
    if (c == sweep.spans - 1) return;
    for (int64_t start = c * sweep.span; start < (c + 1) * sweep.span; start += steps) {
      f.o.read_window(start, steps, window);
      for (int t = 0; t < steps; ++t) f.step(start, t, window);
    }
  }
}

inline cudaLaunchConfig_t configuration(const Sweep& sweep, cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(sweep.slots / threads_of_sweep));
  config.blockDim = dim3(threads_of_sweep);
  config.stream = stream;
  return config;
}

}  // namespace marey::cuda::kalman
