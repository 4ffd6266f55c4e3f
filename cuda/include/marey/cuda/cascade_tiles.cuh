// How a long signal is cut into tiles for a cascade, and how a tile learns the state before it.
//
// A warp takes a tile, 32 L samples of one channel, each lane L of them. Lanes run their samples from a zero state; the
// lanes' ends are joined by a scan with A^L, A^2L .. A^16L. A tile publishes its own end and sums up those of the tiles
// before it,  state = sum_k A^(span k) end_(k tiles ago),  as far back as A^(span k) has not died out (`reach`): there
// is no chain of tiles waiting for each other, and the order of the sum is fixed, so no timing changes a bit. A reset
// cuts the sum. (Publishing and looking back while the tiles run is the decoupled look-back of Merrill & Garland,
// NVIDIA NVR-2016-002, 2016; that A is constant is what saves publishing states.) Tiles start in order of position by a
// ticket, and wait for earlier ones only.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <cuda/atomic>

#include "marey/cuda/cascade.cuh"
#include "marey/cuda/sections.cuh"

namespace marey::cuda::cascade {

using std::int64_t;

inline constexpr unsigned all_lanes = 0xffffffffu;
inline constexpr int warps = 4, threads = 32 * warps;
inline constexpr int powers = 11;  // A^(L 2^i): five within a tile, six for up to 32 tiles

template <typename T>
inline constexpr int L = 64 / sizeof(T);  // samples of a lane
template <typename T>
inline constexpr int span = 32 * L<T>;

inline constexpr std::uint32_t not_ready = 0, open_tile = 1, closed_tile = 2;

template <int n>
struct alignas(16) Record {
  double end[n];
  std::uint32_t what;  // zeroed before the launch
};

// One direction of one filter.
template <class F>
struct Filter {
  double k[F::numbers];
  double power[powers][F::n * F::n];
  int64_t reach;  // tiles
  bool feedback;  // else a lane's samples are all that its end knows
};

struct Control {
  unsigned long long ticket;
  unsigned long long not_finite;  // tiles that end with a state that is not finite
};

template <Direction direction>
__device__ inline int before(int lane, int distance) {  // the lane that comes `distance` earlier; outside 0 .. 31: none
  return direction == Direction::forward ? lane - distance : lane + distance;
}

__device__ inline double from_lane(double value, int lane) { return __shfl_sync(all_lanes, value, lane & 31); }

// The filter's numbers, powers and reach, by one warp a filter.
template <typename T, Direction direction, class F>
__global__ void prepare(Sections s, Filter<F>* filters) {
  constexpr int n = F::n, given = 2 * (F::order + 1);
  __shared__ double square[2][n * n];
  Filter<F>& f = filters[blockIdx.x];
  const int lane = threadIdx.x;
  double k[F::numbers];
  for (int i = 0; i < F::sections; ++i) {
    coefficients<direction, F::order>(s.sections + (int64_t(blockIdx.x) * F::sections + i) * given, k + i * F::width);
  }
  if (lane == 0) {
    static_assert(F::sections > 1 || F::order <= L<T>);
    f.feedback = F::sections > 1;
    for (int i = 1; i <= F::order; ++i) f.feedback |= k[F::order + i] != 0.0;
    for (int i = 0; i < F::numbers; ++i) f.k[i] = k[i];
  }
  if (lane < n) {
    double state[n] = {};
    state[lane] = 1.0;
    for (int j = 0; j < L<T>; ++j) step_joining<direction, F>(k, state);
    for (int i = 0; i < n; ++i) square[0][i * n + lane] = state[i];
  }
  __syncwarp();
  int64_t reach = int64_t(1) << 62;
  for (int power = 0; power < 44; ++power) {
    const double* A = square[power & 1];
    double* next = square[1 - (power & 1)];
    double largest = 0.0;
    for (int i = 0; i < n * n; ++i) {
      if (power < powers && lane == 0) f.power[power][i] = A[i];
      if (!(fabs(A[i]) <= largest)) largest = fabs(A[i]);
    }
    // Left out is what lies more than 2^(power - 5) tiles back, by now below a part in 10^20.
    if (power >= 5 && reach > (int64_t(1) << 61) && largest < 0x1p-67) reach = int64_t(1) << (power - 5);
    if (lane < n) {
      double column[n], image[n] = {};
      for (int i = 0; i < n; ++i) column[i] = A[i * n + lane];
      add_product<n>(A, column, image);
      for (int i = 0; i < n; ++i) next[i * n + lane] = image[i];
    }
    __syncwarp();
  }
  if (lane == 0) f.reach = reach;
}

// Which tile a warp has. `order` counts tiles in the direction of the pass, `chunk` along the signal.
struct Tile {
  int64_t order, chunk, channel, first;
  int count;  // samples
};

template <typename T, Direction direction>
__device__ inline bool take_tile(const Sections& s, Control* control, Tile& tile) {
  __shared__ unsigned long long ticket;
  if (threadIdx.x == 0) ticket = atomicAdd(&control->ticket, 1ull);
  __syncthreads();
  const int64_t id = int64_t(ticket) * warps + threadIdx.x / 32;
  const int64_t chunks = (s.length + span<T> - 1) / span<T>;
  if (id >= chunks * s.n_channels) return false;
  tile.order = id / s.n_channels;
  tile.channel = id % s.n_channels;
  tile.chunk = direction == Direction::forward ? tile.order : chunks - 1 - tile.order;
  tile.first = tile.chunk * span<T>;
  tile.count = int(s.length - tile.first < span<T> ? s.length - tile.first : span<T>);
  return true;
}

// A tile in shared memory: a word is left free after each lane's samples, so that lanes do not meet in a bank.
template <typename T>
__device__ inline int at(int sample) {
  return sample + sample / L<T>;
}
template <typename T>
inline constexpr int row = span<T> + 32;

template <typename T>
__device__ inline void load(T* to, const T* from, const Sections& s, const Tile& tile, int lane) {
  const T* p = from + tile.channel * s.length + tile.first;
#pragma unroll
  for (int j = 0; j < L<T>; ++j) {
    const int i = j * 32 + lane;
    to[at<T>(i)] = i < tile.count ? p[i] : T(0);
  }
}

template <typename T>
__device__ inline void store(T* to, const T* from, const Sections& s, const Tile& tile, int lane) {
  T* p = to + tile.channel * s.length + tile.first;
#pragma unroll
  for (int j = 0; j < L<T>; ++j) {
    const int i = j * 32 + lane;
    if (i < tile.count) p[i] = from[at<T>(i)];
  }
}

__device__ inline bool is_reset(const Sections& s, const Tile& tile, int sample) {
  return s.reset != nullptr && s.reset[tile.channel * s.reset_stride + tile.first + sample] != 0;
}

template <int n>
__device__ inline void clear(double (&state)[n]) {
#pragma unroll
  for (int i = 0; i < n; ++i) state[i] = 0.0;
}

// A lane's samples from `state` on; visit(sample, value) takes what comes out. Whether a reset fell among them.
template <typename T, Direction direction, class F, typename Visit>
__device__ inline bool run_lane(const Filter<F>& f, double (&state)[F::n], const T* samples, const Sections& s,
                                const Tile& tile, int lane, const Visit& visit) {
  bool cut = false;
#pragma unroll
  for (int j = 0; j < L<T>; ++j) {
    const int i = lane * L<T> + (direction == Direction::forward ? j : L<T> - 1 - j);
    if (i >= tile.count) continue;
    const bool mark = is_reset(s, tile, i);
    if (direction == Direction::forward && mark) clear(state);
    visit(i, step<direction, F>(f.k, state, double(samples[at<T>(i)]), f.feedback));
    if (direction == Direction::backward && mark) clear(state);
    cut |= mark;
  }
  return cut;
}

// Joins each lane's end with those of the lanes before it in its tile. `cut`: nothing before the lane's end counts.
template <Direction direction, class F>
__device__ inline void scan_lanes(const Filter<F>& f, double (&end)[F::n], bool& cut, int lane) {
  constexpr int n = F::n;
#pragma unroll
  for (int i = 0; i < 5; ++i) {
    const int other = before<direction>(lane, 1 << i);
    double earlier[n];
#pragma unroll
    for (int j = 0; j < n; ++j) earlier[j] = from_lane(end[j], other);
    const bool earlier_cut = __shfl_sync(all_lanes, int(cut), other & 31) != 0;
    if (other < 0 || other > 31) continue;
    if (!cut) add_product<n>(f.power[i], earlier, end);
    cut |= earlier_cut;
  }
}

template <int n>
__device__ inline void publish(Record<n>& record, const double (&end)[n], bool cut) {
  for (int i = 0; i < n; ++i) record.end[i] = end[i];
  ::cuda::atomic_ref<std::uint32_t, ::cuda::thread_scope_device>(record.what)
      .store(cut ? closed_tile : open_tile, ::cuda::memory_order_release);
}

template <int n>
__device__ inline std::uint32_t peek(Record<n>& record) {
  return ::cuda::atomic_ref<std::uint32_t, ::cuda::thread_scope_device>(record.what).load(::cuda::memory_order_acquire);
}

// The state before tile `order` > 0 of a channel, the same in every lane. The channel's first tile is closed.
template <class F>
__device__ inline void look_back(const Filter<F>& f, Record<F::n>* records, int64_t order, int lane,
                                 double (&state)[F::n]) {
  constexpr int n = F::n;
  const int64_t most = order < f.reach ? order : f.reach;
  int64_t rounds = 0;
  int last = 32;  // tiles that count in the farthest round
  for (bool more = true; more; ++rounds) {
    const int64_t back = rounds * 32 + lane;  // lane i looks back + 1 tiles back
    std::uint32_t what = closed_tile;
    for (;;) {
      if (back < most) what = peek(records[order - 1 - back]);
      if (__ballot_sync(all_lanes, what == not_ready) == 0) break;
      __nanosleep(20);
    }
    const unsigned ends = __ballot_sync(all_lanes, what == closed_tile);
    more = ends == 0 && (rounds + 1) * 32 < most;
    if (ends != 0) last = __ffs(int(ends));
  }
  clear(state);
  for (int64_t round = rounds - 1; round >= 0; --round) {
    const int64_t back = round * 32 + lane;
    double sum[n];
    clear(sum);
    if (back < most && (round < rounds - 1 || lane < last)) {
      for (int i = 0; i < n; ++i) sum[i] = records[order - 1 - back].end[i];
    }
#pragma unroll
    for (int i = 0; i < 5; ++i) {
      double farther[n];
#pragma unroll
      for (int j = 0; j < n; ++j) {
        const double value = from_lane(sum[j], lane + (1 << i));
        farther[j] = lane + (1 << i) < 32 ? value : 0.0;
      }
      add_product<n>(f.power[5 + i], farther, sum);
    }
    double near[n];
#pragma unroll
    for (int j = 0; j < n; ++j) near[j] = from_lane(sum[j], 0);
    add_product<n>(f.power[10], state, near);
#pragma unroll
    for (int j = 0; j < n; ++j) state[j] = near[j];
  }
}

// Where state i lies in [section][channel][order].
template <class F>
__device__ inline int64_t place_of(int i, const Sections& s, int64_t channel) {
  return ((i / F::order) * s.n_channels + channel) * F::order + i % F::order;
}
template <class F>
__device__ inline void load_state(double (&state)[F::n], const double* from, const Sections& s, int64_t channel) {
  for (int i = 0; i < F::n; ++i) state[i] = from ? from[place_of<F>(i, s, channel)] : 0.0;
}
template <class F>
__device__ inline void store_state(const double (&state)[F::n], double* to, const Sections& s, int64_t channel) {
  for (int i = 0; i < F::n; ++i) to[place_of<F>(i, s, channel)] = state[i];
}

// The state before each lane's samples: of the channel's first lane `from`, of the others what came before them.
// `tile_start`, if given, takes the state before the tile.
template <typename T, Direction direction, class F>
__device__ inline void start_lanes(const Filter<F>& f, const Sections& s, const Tile& tile, const T* samples,
                                   const double* from, Record<F::n>* records, Control* control, int lane,
                                   double (&state)[F::n], double* tile_start = nullptr) {
  constexpr int n = F::n;
  const int first_lane = direction == Direction::forward ? 0 : (tile.count - 1) / L<T>;
  const bool begins = tile.order == 0 && lane == first_lane;
  double end[n];
  clear(end);
  if (begins) load_state<F>(end, from, s, tile.channel);
  bool cut = run_lane<T, direction, F>(f, end, samples, s, tile, lane, [](int, double) {});
  cut |= begins || !f.feedback;
  if (f.feedback) to_joining<direction, F>(end);  // else a NaN would spread from one state to all
  scan_lanes<direction>(f, end, cut, lane);
  const int last_lane = direction == Direction::forward ? 31 : 0;
  if (lane == last_lane) {
    bool finite = true;
    for (int i = 0; i < n; ++i) finite &= is_finite(end[i]);
    if (!finite) atomicAdd(&control->not_finite, 1ull);
    publish(records[tile.order], end, cut);
  }
  double before_tile[n];
  clear(before_tile);
  if (tile.order > 0) look_back(f, records, tile.order, lane, before_tile);
  if (tile_start && lane == 0) {
    double natural[n];
#pragma unroll
    for (int i = 0; i < n; ++i) natural[i] = before_tile[i];
    if (f.feedback) from_joining<direction, F>(natural);
    if (tile.order == 0) load_state<F>(natural, from, s, tile.channel);
    for (int i = 0; i < n; ++i) tile_start[i] = natural[i];
  }

  // end is the lane's own and the earlier lanes' doing; what came before the tile passes through the earlier lanes.
  const int other = before<direction>(lane, 1);
  double earlier[n];
#pragma unroll
  for (int j = 0; j < n; ++j) earlier[j] = from_lane(end[j], other);
  const bool earlier_cut = __shfl_sync(all_lanes, int(cut), other & 31) != 0;
  const int steps = direction == Direction::forward ? lane : 31 - lane;
  double through[n];
#pragma unroll
  for (int j = 0; j < n; ++j) through[j] = before_tile[j];
#pragma unroll
  for (int i = 0; i < 5; ++i) {
    double image[n];
    clear(image);
    add_product<n>(f.power[i], through, image);
    if (steps >> i & 1) {
#pragma unroll
      for (int j = 0; j < n; ++j) through[j] = image[j];
    }
  }
  if (begins) {
    load_state<F>(state, from, s, tile.channel);
    return;
  }
#pragma unroll
  for (int j = 0; j < n; ++j) {
    state[j] = steps == 0 ? before_tile[j] : earlier_cut ? earlier[j] : earlier[j] + through[j];
  }
  if (f.feedback) from_joining<direction, F>(state);
}

}  // namespace marey::cuda::cascade
