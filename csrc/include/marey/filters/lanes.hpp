// What a filter kernel asks of its lanes: `Vec`, one channel a lane, or `double`, a channel alone. A row is a channel's
// samples; steps of a tile lie in processing order, so a reversed tile runs the filter backward in time.
//
// Included by kernel sources only, like simd.hpp.
#pragma once
#include "marey/core/squares.hpp"

namespace marey::filters::MAREY_LEVEL {

using namespace ::marey::MAREY_LEVEL;
using std::int64_t;

template <typename V>
struct Traits;
template <>
struct Traits<Vec> {
  using Mask = Int;
};
template <>
struct Traits<double> {
  using Mask = int64_t;
};
template <typename V>
using Mask = typename Traits<V>::Mask;

inline double select(int64_t condition, double yes, double no) { return condition ? yes : no; }
inline Vec select(Int condition, Vec yes, Vec no) { return ::marey::MAREY_LEVEL::select(condition, yes, no); }

template <typename Lanes, typename Value>
void set_lane(Lanes& lanes_of, int64_t c, Value value) {
  lanes_of[c] = value;
}
inline void set_lane(double& lane, int64_t, double value) { lane = value; }
inline void set_lane(int64_t& lane, int64_t, int value) { lane = value; }
inline double get_lane(const Vec& v, int64_t c) { return v[c]; }
inline double get_lane(double v, int64_t) { return v; }

// A channel alone beside squares.hpp.
using ::marey::MAREY_LEVEL::load_square;
using ::marey::MAREY_LEVEL::store_square;
template <typename T>
[[gnu::always_inline]] inline void load_square(const T* p, int64_t, int64_t, double (&tile)[lanes]) {
  for (int j = 0; j < lanes; ++j) tile[j] = p[j];
}

template <typename T>
[[gnu::always_inline]] inline void store_square(T* p, int64_t, int64_t, const double (&tile)[lanes]) {
  for (int j = 0; j < lanes; ++j) p[j] = T(tile[j]);
}

// The same for any number of steps.
template <bool reversed, typename T>
void load_tile(const T* p, int64_t row, int64_t n, int64_t count, Vec* tile) {
  for (int64_t t = 0; t < count; t += lanes) {
    Vec rows[lanes];
    for (int c = 0; c < lanes; ++c) rows[c] = c < n ? load_first(p + c * row + t, count - t) : Vec{};
    transpose(rows);
    for (int64_t j = 0; j < lanes && t + j < count; ++j) tile[reversed ? count - 1 - t - j : t + j] = rows[j];
  }
}
template <bool reversed, typename T>
void load_tile(const T* p, int64_t, int64_t, int64_t count, double* tile) {
  for (int64_t j = 0; j < count; ++j) tile[reversed ? count - 1 - j : j] = p[j];
}

template <bool reversed, typename T>
void store_tile(T* p, int64_t row, int64_t n, int64_t count, const Vec* tile) {
  for (int64_t t = 0; t < count; t += lanes) {
    Vec rows[lanes];
    for (int64_t j = 0; j < lanes; ++j) {
      rows[j] = t + j < count ? tile[reversed ? count - 1 - t - j : t + j] : Vec{};
    }
    transpose(rows);
    for (int64_t c = 0; c < n; ++c) store_first(p + c * row + t, rows[c], count - t);
  }
}
template <bool reversed, typename T>
void store_tile(T* p, int64_t, int64_t, int64_t count, const double* tile) {
  for (int64_t j = 0; j < count; ++j) p[j] = T(tile[reversed ? count - 1 - j : j]);
}

// Hands out parts of a scratch, each on a cache line.
class Arena {
 public:
  explicit Arena(double* scratch) : next_(reinterpret_cast<std::uintptr_t>(scratch)) {}
  template <typename V>
  V* take(int64_t n) {
    next_ = (next_ + 63) / 64 * 64;
    V* taken = reinterpret_cast<V*>(next_);
    next_ += n * sizeof(V);
    return taken;
  }

 private:
  std::uintptr_t next_;
};

}  // namespace marey::filters::MAREY_LEVEL
