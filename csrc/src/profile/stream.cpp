// stream.hpp for the method.
#include "marey/profile/stream.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "marey/profile/mass.hpp"

namespace marey::profile {

constexpr double inf = std::numeric_limits<double>::infinity();

Stream::Stream(const double* t, std::int64_t n, std::int64_t m, std::int64_t exclusion, std::int64_t keep)
    : t_(t, t + n), exclusion_(exclusion), keep_(keep) {
  w_.m = m;
  if (keep_ > 0) start_ = std::max<std::int64_t>(0, n - keep_);
  make_windows();
  const std::int64_t count = w_.count;
  left_ = right_ = {std::vector<double>(count, inf), std::vector<std::int64_t>(count, -1)};
  std::vector<double> distance(count);
  std::vector<std::int64_t> index(count);
  matrix_profile(w_, nullptr, exclusion_,
                 {1, distance.data(), index.data(), left_.distance.data(), right_.distance.data(), left_.index.data(),
                  right_.index.data()},
                 true);
}

// Forgets what lies before start_ and makes the windows of the rest, with room for as many again.
void Stream::make_windows() {
  if (start_ > 0) {
    t_.erase(t_.begin(), t_.begin() + start_);
    for (Side* side : {&left_, &right_}) {
      if (side->index.empty()) continue;
      side->distance.erase(side->distance.begin(), side->distance.begin() + start_);
      side->index.erase(side->index.begin(), side->index.begin() + start_);
      for (auto& i : side->index) i = i < start_ ? -1 : i - start_;
    }
    forgotten_ += start_;
    start_ = 0;
  }
  const std::int64_t n = std::int64_t(t_.size());
  w_ = windows_of(t_.data(), n, w_.m, &by_, &centre_);
  room_ = 2 * n;
  w_.x.resize(room_ + padding, 0.0);
  for (auto* part : {&w_.mean, &w_.norm, &w_.inverse, &w_.bias}) part->resize(room_ + padding, 0.0);
}

void Stream::append(double value) {
  t_.push_back(value);
  const std::int64_t n = std::int64_t(t_.size());
  const double scaled = std::isfinite(value) ? value * by_ : 0.0;
  for (Side* side : {&left_, &right_}) side->distance.push_back(inf), side->index.push_back(-1);
  // A level or a unit of another order wants another centre and scale.
  if (n > room_ || std::abs(scaled) > 1e3) return make_windows();
  const std::int64_t i = w_.count++;
  w_.x[n - 1] = std::isfinite(value) ? scaled - centre_ : w_.x[n - 2];
  bool missing = false, constant = true;
  double sum = 0, squares = 0;
  for (std::int64_t s = i; s < n; ++s) {
    missing |= !std::isfinite(t_[s]);
    constant &= t_[s] == t_[i];
    sum += w_.x[s] - w_.x[i];
  }
  const double mean = w_.x[i] + sum / double(w_.m);
  for (std::int64_t s = i; s < n; ++s) squares += (w_.x[s] - mean) * (w_.x[s] - mean);
  w_.mean[i] = mean;
  w_.norm[i] = constant || !(squares > 0) ? 0.0 : std::sqrt(squares);
  w_.bias[i] = missing ? -inf : w_.norm[i] == 0 ? 0.5 : 0.0;
  w_.inverse[i] = w_.norm[i] > 0 && !missing ? 1 / w_.norm[i] : 0.0;
}

// The nearest of the windows before i; as_right: i may be the nearest to their right.
void Stream::look_left(std::int64_t i, bool as_right) {
  left_.distance[i] = inf;
  left_.index[i] = -1;
  const std::int64_t end = i - exclusion_;
  if (end <= start_) return;
  row_.resize(end - start_);
  row_of_distances(w_, i, w_, start_, end, row_.data());
  for (std::int64_t j = start_; j < end; ++j) {
    const double distance = row_[j - start_];
    if (distance < left_.distance[i]) left_.distance[i] = distance, left_.index[i] = j;
    if (as_right && distance < right_.distance[j]) right_.distance[j] = distance, right_.index[j] = i;
  }
}

void Stream::update(const double* values, std::int64_t n) {
  for (std::int64_t v = 0; v < n; ++v) {
    append(values[v]);
    look_left(w_.count - 1, true);
    if (keep_ > 0) start_ = std::max<std::int64_t>(start_, std::int64_t(t_.size()) - keep_);
  }
}

void Stream::write(const Profile& out) {
  for (std::int64_t i = start_; i < w_.count; ++i) {
    if (left_.distance[i] < inf && left_.index[i] < start_) look_left(i, false);
    const std::int64_t to = i - start_;
    const auto from_start = [&](std::int64_t index) { return index < 0 ? -1 : index - start_; };
    out.left_distance[to] = left_.distance[i], out.left_index[to] = from_start(left_.index[i]);
    out.right_distance[to] = right_.distance[i], out.right_index[to] = from_start(right_.index[i]);
    const bool on_left = left_.distance[i] <= right_.distance[i];
    out.distance[to] = on_left ? out.left_distance[to] : out.right_distance[to];
    out.index[to] = on_left ? out.left_index[to] : out.right_index[to];
  }
}

}  // namespace marey::profile
