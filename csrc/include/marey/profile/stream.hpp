// A matrix profile of a series to which values are appended, and of which the oldest may be forgotten.
//
// A new window is held against those before it: it may be the nearest to their right, and the nearest of them lies to
// its left. What lies to the right of a window is forgotten after it; one whose nearest to the left is forgotten is
// held against what is left when the profile is asked for. Cost: O(n m) for either. Windows are kept, and made anew
// from the values when their room is full.
#pragma once
#include <cstdint>
#include <vector>

#include "marey/profile/matrix_profile.hpp"

namespace marey::profile {

class Stream {
 public:
  // keep: 0 for all.
  Stream(const double* t, std::int64_t n, std::int64_t m, std::int64_t exclusion, std::int64_t keep);
  void update(const double* values, std::int64_t n);

  const double* t() const { return t_.data() + start_; }
  std::int64_t size() const { return std::int64_t(t_.size()) - start_; }
  std::int64_t windows() const { return size() - w_.m + 1; }
  std::int64_t forgotten() const { return forgotten_ + start_; }
  // (windows) each; of the nearer side the left first.
  void write(const Profile& out);

 private:
  struct Side {
    std::vector<double> distance;
    std::vector<std::int64_t> index;  // from the first value in t_ on; -1: none
  };

  void make_windows();
  void append(double value);
  void look_left(std::int64_t i, bool as_right);

  std::vector<double> t_;  // from forgotten_ on; those before start_ are forgotten too
  std::int64_t exclusion_, keep_, start_ = 0, forgotten_ = 0, room_ = 0;
  Windows w_;
  double by_ = 1, centre_ = 0;
  Side left_, right_;
  std::vector<double> row_;
};

}  // namespace marey::profile
