// matrix_profile: matrix_profile.cuh for the method.
#include <algorithm>
#include <cmath>

#include "marey/cuda/matrix_profile.cuh"

namespace marey::cuda {

namespace {

constexpr int threads = 256, warps = threads / 32, columns_a_lane = 4;
constexpr int columns_a_warp = 32 * columns_a_lane, columns_a_block = warps * columns_a_warp;
constexpr int rows_a_batch = 32;
constexpr std::int64_t blocks_wanted = 1024;  // a few for each multiprocessor

// The windows of a series in the workspace. Values are centred and scaled by a power of two; those that are not finite
// are 0, and their windows have a bias of -inf. A constant window has a bias of half: two are alike, one is half way.
struct Windows {
  const double* t;
  const std::int64_t* length;
  std::int64_t n, m, count;
  double *scale, *x, *mean, *norm, *inverse, *df, *dg, *bias;
  unsigned char* cut;  // whether covariances with the window are summed afresh
};

// What the columns found in each piece of the walk, to each side: (pieces, sides, columns).
struct Found {
  double* value;
  std::int64_t* index;
};

struct Plan {
  std::int64_t strips, pieces, rows_a_piece, sides;
};

Plan plan_of(std::int64_t columns, std::int64_t rows, bool self) {
  Plan p;
  p.strips = (columns + columns_a_block - 1) / columns_a_block;
  const std::int64_t most = (rows + 2 * columns_a_block - 1) / (2 * columns_a_block);
  p.pieces = std::clamp<std::int64_t>(blocks_wanted / p.strips, 1, most);
  p.rows_a_piece = (rows + p.pieces - 1) / p.pieces;
  p.sides = self ? 2 : 1;
  return p;
}

// Takes room for 8-byte values one after the other; without memory it only counts.
struct Room {
  unsigned char* memory;
  std::size_t used = 0;
  template <typename T>
  T* take(std::int64_t n) {
    T* const at = memory ? reinterpret_cast<T*>(memory + used) : nullptr;
    used += (std::size_t(n) * sizeof(T) + 15) / 16 * 16;
    return at;
  }
};

Windows windows_in(Room& room, const double* t, const std::int64_t* length, std::int64_t n, std::int64_t m) {
  Windows w{t, length, n, m, n - m + 1, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  w.scale = room.take<double>(2);
  w.x = room.take<double>(n);
  for (double** part : {&w.mean, &w.norm, &w.inverse, &w.df, &w.dg, &w.bias}) *part = room.take<double>(w.count);
  w.cut = room.take<unsigned char>(w.count);
  return w;
}

__device__ bool counts(const Windows& w, std::int64_t i) {
  return (w.length == nullptr || i < *w.length) && fabs(w.t[i]) < INFINITY;
}

// Of `threads` values; the order is always the same.
template <typename Join>
__device__ double joined(double value, double* shared, const Join& join) {
  shared[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] = join(shared[threadIdx.x], shared[threadIdx.x + half]);
    __syncthreads();
  }
  const double result = shared[0];
  __syncthreads();
  return result;
}

__global__ void __launch_bounds__(threads) scale_of(Windows w) {
  __shared__ double shared[threads];
  double greatest = 1e-300;
  for (std::int64_t i = threadIdx.x; i < w.n; i += threads) {
    if (counts(w, i)) greatest = fmax(greatest, fabs(w.t[i]));
  }
  greatest = joined(greatest, shared, [](double a, double b) { return fmax(a, b); });
  const double by = scalbn(1.0, -ilogb(greatest));
  double sum = 0, finite = 0;
  for (std::int64_t i = threadIdx.x; i < w.n; i += threads) {
    if (counts(w, i)) sum += w.t[i] * by, finite += 1;
  }
  const auto add = [](double a, double b) { return a + b; };
  sum = joined(sum, shared, add);
  finite = joined(finite, shared, add);
  if (threadIdx.x == 0) w.scale[0] = by, w.scale[1] = finite > 0 ? sum / finite : 0.0;
}

__global__ void __launch_bounds__(threads) centred(Windows w) {
  const std::int64_t i = std::int64_t(blockIdx.x) * threads + threadIdx.x;
  if (i < w.n) w.x[i] = counts(w, i) ? w.t[i] * w.scale[0] - w.scale[1] : 0.0;
}

__global__ void __launch_bounds__(threads) moments(Windows w) {
  const std::int64_t i = std::int64_t(blockIdx.x) * threads + threadIdx.x;
  if (i >= w.count) return;
  const double first = w.x[i];
  bool missing = false, constant = true;
  double sum = 0, squares = 0;
  for (std::int64_t s = 0; s < w.m; ++s) {  // about its first value, so that a level costs no digits
    missing |= !counts(w, i + s);
    constant &= w.t[i + s] == w.t[i];
    sum += w.x[i + s] - first;
  }
  const double mean = first + sum / double(w.m);
  for (std::int64_t s = 0; s < w.m; ++s) squares = fma(w.x[i + s] - mean, w.x[i + s] - mean, squares);
  const double norm = constant || !(squares > 0) ? 0.0 : sqrt(squares);
  w.mean[i] = mean;
  w.norm[i] = norm;
  w.inverse[i] = norm > 0 && !missing ? 1 / norm : 0.0;
  w.bias[i] = missing ? -INFINITY : norm == 0 ? 0.5 : 0.0;
}

// One thread a stretch of columns_a_block windows, for which the loudest before them is that since the last cut.
__global__ void __launch_bounds__(threads) steps(Windows w) {
  const std::int64_t begin = (std::int64_t(blockIdx.x) * threads + threadIdx.x) * columns_a_block;
  const std::int64_t end = begin + columns_a_block < w.count ? begin + columns_a_block : w.count;
  double loudest = 0;
  // A diagonal lives for as many windows at most: what was loud in the stretch before is what may still be felt.
  for (std::int64_t i = begin - columns_a_block; i < end; ++i) {
    if (i < 0) continue;
    const bool quiet = w.inverse[i] > 0 && w.norm[i] * 32 < loudest;
    loudest = quiet ? w.norm[i] : fmax(loudest, w.norm[i]);
    if (i < begin) continue;
    w.cut[i] = quiet;
    const std::int64_t last = i + w.m - 1;
    w.df[i] = i > 0 ? (w.x[last] - w.x[i - 1]) / 2 : 0.0;
    w.dg[i] = i > 0 ? (w.x[last] - w.mean[i]) + (w.x[i - 1] - w.mean[i - 1]) : 0.0;
  }
}

__device__ double covariance(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) {
  if (i >= a.count || j >= b.count) return 0;
  const double mean_a = a.mean[i], mean_b = b.mean[j];
  double sum = 0;
  for (std::int64_t s = 0; s < a.m; ++s) sum = fma(a.x[i + s] - mean_a, b.x[j + s] - mean_b, sum);
  return sum;
}

template <bool self>
__global__ void __launch_bounds__(threads) sweep(Windows A, Windows B, std::int64_t exclusion, Plan plan, Found found) {
  constexpr int C = columns_a_lane;
  // A warp's last column of two batches of rows, for the warp to its right.
  __shared__ double edges[2][warps][rows_a_batch];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const std::int64_t strip = blockIdx.x % plan.strips, piece = blockIdx.x / plan.strips;
  const std::int64_t strip_begin = strip * columns_a_block;
  const std::int64_t column = strip_begin + warp * columns_a_warp + lane * C;
  const std::int64_t row_begin = piece * plan.rows_a_piece;
  const std::int64_t row_end = row_begin + plan.rows_a_piece < A.count ? row_begin + plan.rows_a_piece : A.count;

  double cov[C], df[C], dg[C], inverse[C], bias[C], best[C];
  int at[C];  // rows from row_begin on
  bool cut[C];
#pragma unroll
  for (int k = 0; k < C; ++k) {
    const bool here = column + k < B.count;
    // The strip's first column is summed afresh in every row and arrives as it is.
    const bool arrives = column + k == strip_begin;
    df[k] = here && !arrives ? B.df[column + k] : 0.0;
    dg[k] = here && !arrives ? B.dg[column + k] : 0.0;
    inverse[k] = here ? B.inverse[column + k] : 0.0;
    bias[k] = here ? B.bias[column + k] : -INFINITY;
    cut[k] = here && !arrives && B.cut[column + k];
    cov[k] = 0;
    best[k] = -INFINITY;
    at[k] = -1;
  }
  double* const values = found.value + piece * plan.sides * B.count;
  std::int64_t* const indices = found.index + piece * plan.sides * B.count;
  const auto tell = [&](int side, std::int64_t j, double value, int row) {
    if (j >= B.count) return;
    values[side * B.count + j] = value;
    indices[side * B.count + j] = row < 0 ? -1 : row_begin + row;
  };
#pragma unroll
  for (int k = 0; k < C; ++k) {
    for (int side = 0; side < plan.sides; ++side) tell(side, column + k, best[k], at[k]);
  }

  double last = 0;  // what stands left of the warp's first column in the row above a batch
  const std::int64_t batches = (row_end - row_begin + rows_a_batch - 1) / rows_a_batch;
  for (std::int64_t step = 0; step < batches + warps - 1; ++step) {
    const std::int64_t batch = step - warp;  // a warp is a batch behind the one to its left
    if (batch >= 0 && batch < batches && column - lane * C < B.count) {
      const std::int64_t from = row_begin + batch * rows_a_batch;
      const int rows = int(row_end - from < rows_a_batch ? row_end - from : rows_a_batch);
      double entering;
      if (warp == 0) {
        entering = lane < rows ? covariance(A, from + lane, B, strip_begin) : 0.0;
      } else {
        const double edge = edges[batch & 1][warp - 1][lane];
        entering = __shfl_up_sync(~0u, edge, 1);
        if (lane == 0) entering = last;
        last = __shfl_sync(~0u, edge, rows_a_batch - 1);
      }
      for (int r = 0; r < rows; ++r) {
        const std::int64_t i = from + r;
        const double df_i = A.df[i], dg_i = A.dg[i], inverse_i = A.inverse[i], bias_i = A.bias[i];
        const double in = __shfl_sync(~0u, entering, r), above = __shfl_up_sync(~0u, cov[C - 1], 1);
        if (i == row_begin || A.cut[i]) {
#pragma unroll
          for (int k = 0; k < C; ++k) cov[k] = covariance(A, i, B, column + k);
        } else {
#pragma unroll
          for (int k = C - 1; k > 0; --k) cov[k] = fma(df_i, dg[k], fma(dg_i, df[k], cov[k - 1]));
          cov[0] = fma(df_i, dg[0], fma(dg_i, df[0], lane > 0 ? above : in));
#pragma unroll
          for (int k = 0; k < C; ++k) {
            if (cut[k]) cov[k] = covariance(A, i, B, column + k);
          }
        }
        if (lane == 31) edges[batch & 1][warp][r] = cov[C - 1];
        const bool near = self && i + exclusion >= column && i <= column + C - 1 + exclusion;
#pragma unroll
        for (int k = 0; k < C; ++k) {
          const double value = fma(cov[k] * inverse[k], inverse_i, bias[k] + bias_i);
          const std::int64_t apart = i - (column + k);
          const bool excluded = near && apart >= -exclusion && apart <= exclusion;
          if (value > best[k] && !excluded) best[k] = value, at[k] = int(i - row_begin);
          if (near && apart == 0) {  // what comes now begins later than the window
            tell(0, column + k, best[k], at[k]);
            best[k] = -INFINITY;
            at[k] = -1;
          }
        }
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int k = 0; k < C; ++k) tell(self && row_end <= column + k ? 0 : int(plan.sides) - 1, column + k, best[k], at[k]);
}

__device__ double distance_of(const Windows& a, std::int64_t i, const Windows& b, std::int64_t j) {
  if (a.norm[i] == 0 || b.norm[j] == 0) return a.norm[i] == b.norm[j] ? 0.0 : sqrt(double(a.m));
  double sum = 0;
  for (std::int64_t s = 0; s < a.m; ++s) {
    const double between = (a.x[i + s] - a.mean[i]) * a.inverse[i] - (b.x[j + s] - b.mean[j]) * b.inverse[j];
    sum = fma(between, between, sum);
  }
  return sqrt(double(a.m) * sum);
}

__global__ void __launch_bounds__(threads) finish(Windows A, Windows B, Plan plan, Found found, MatrixProfile out) {
  const std::int64_t j = std::int64_t(blockIdx.x) * threads + threadIdx.x;
  if (j >= B.count) return;
  double nearest = INFINITY;
  std::int64_t index = -1;
  for (std::int64_t side = 0; side < plan.sides; ++side) {
    double best = -INFINITY;
    std::int64_t at = -1;
    for (std::int64_t piece = 0; piece < plan.pieces; ++piece) {  // of equals the first
      const std::int64_t here = (piece * plan.sides + side) * B.count + j;
      if (found.value[here] > best) best = found.value[here], at = found.index[here];
    }
    const double distance = at < 0 ? INFINITY : distance_of(A, at, B, j);
    if (plan.sides == 2) {
      (side == 0 ? out.left_distance : out.right_distance)[j] = distance;
      (side == 0 ? out.left_index : out.right_index)[j] = at;
    }
    if (distance < nearest) nearest = distance, index = at;
  }
  out.distance[j] = nearest;
  out.index[j] = index;
}

struct Laid {
  Windows columns, rows;
  Plan plan;
  Found found;
  std::size_t bytes;
};

Laid laid(const MatrixProfile& a, void* workspace) {
  Room room{static_cast<unsigned char*>(workspace)};
  Laid l;
  l.columns = windows_in(room, a.t, a.length, a.n, a.m);
  l.rows = a.other ? windows_in(room, a.other, nullptr, a.n_other, a.m) : l.columns;
  l.plan = plan_of(l.columns.count, l.rows.count, a.other == nullptr);
  const std::int64_t cells = l.plan.pieces * l.plan.sides * l.columns.count;
  l.found.value = room.take<double>(cells);
  l.found.index = room.take<std::int64_t>(cells);
  l.bytes = room.used;
  return l;
}

cudaLaunchConfig_t config_of(std::int64_t items, cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned((items + threads - 1) / threads));
  config.blockDim = dim3(threads);
  config.stream = stream;
  return config;
}

cudaError_t prepare(const Windows& w, cudaStream_t stream) {
  const auto run = [&](void (*kernel)(Windows), std::int64_t items) {
    const cudaLaunchConfig_t config = config_of(items, stream);
    return cudaLaunchKernelEx(&config, kernel, Windows(w));
  };
  cudaError_t status = run(scale_of, 1);
  if (status == cudaSuccess) status = run(centred, w.n);
  if (status == cudaSuccess) status = run(moments, w.count);
  if (status == cudaSuccess) status = run(steps, (w.count + columns_a_block - 1) / columns_a_block);
  return status;
}

}  // namespace

std::size_t matrix_profile_workspace(const MatrixProfile& a) noexcept { return laid(a, nullptr).bytes; }

cudaError_t matrix_profile(const MatrixProfile& a, void* workspace, cudaStream_t stream) noexcept {
  const Laid l = laid(a, workspace);
  const std::int64_t blocks = l.plan.strips * l.plan.pieces;
  if (blocks > 0x7fffffff || l.plan.rows_a_piece > 0x7fffffff) return cudaErrorInvalidConfiguration;
  cudaError_t status = prepare(l.columns, stream);
  if (status == cudaSuccess && a.other) status = prepare(l.rows, stream);
  if (status != cudaSuccess) return status;
  cudaLaunchConfig_t config = config_of(blocks * threads, stream);
  status = cudaLaunchKernelEx(&config, a.other ? sweep<false> : sweep<true>, Windows(l.rows), Windows(l.columns),
                              std::int64_t(a.exclusion), Plan(l.plan), Found(l.found));
  if (status != cudaSuccess) return status;
  config = config_of(l.columns.count, stream);
  return cudaLaunchKernelEx(&config, finish, Windows(l.rows), Windows(l.columns), Plan(l.plan), Found(l.found),
                            MatrixProfile(a));
}

}  // namespace marey::cuda
