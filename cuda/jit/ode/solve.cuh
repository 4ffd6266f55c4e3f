// The loop over steps of one thread: tries, accepts or refuses, writes outputs, finds roots, gives doses, and takes the
// next problem as soon as its own has ended, so that a warp steps together whatever its problems need. The twin of
// csrc/src/ode/solve.kernel.cpp, where the sources of the step control stand.
#pragma once
#include "explicit.cuh"
#include "rodas5p.cuh"

namespace marey::ode {

template <typename Stepper, typename Model>
class Drive {
 public:
  __device__ explicit Drive(const Problems& problems) : q_(problems) { s_.problems = &problems; }

  __device__ void run() {
    bool busy = take();
    while (busy) {
      if (step()) busy = take();
    }
  }

 private:
  static constexpr int n = Model::n, n_roots = Model::n_roots;
  const Problems& q_;
  State<Model> s_;
  Stepper stepper_;
  double h_, t_stop_, t_end_, t_out_, log_err_;
  double g_[n_roots + 1], g_next_[n_roots + 1], g_trial_[n_roots + 1], root_theta_[n_roots + 1],
      root_y_[n_roots ? n_roots : 1][n];
  Long problem_, output_, dose_, last_dose_, accepted_, rejected_;
  int stiff_, calm_;
  bool refused_;

  // The next problem; those that have nothing to integrate end at once. False if none is left.
  __device__ bool take() {
    for (;;) {
      problem_ = Long(atomicAdd(q_.ticket, 1ULL));
      if (problem_ >= q_.n) return false;
      if (q_.only_stiff) {
        if (q_.outcome[problem_] != int(Outcome::stiff)) continue;
        q_.stiff[problem_] = 1;
      }
      if (load()) return true;
    }
  }

  __device__ bool load() {
    const Long i = problem_;
    for (int r = 0; r < n; ++r) s_.y[r] = q_.y0[i * n + r], s_.rate[r] = 0;
    for (int r = 0; r < Model::n_params; ++r) s_.p[r] = q_.params[i * Model::n_params + r];
    for (Long k = 0; k < n * q_.n_times; ++k) q_.y[i * n * q_.n_times + k] = not_a_number();
    if constexpr (n_roots > 0) q_.root_count[i] = 0;
    output_ = accepted_ = rejected_ = dose_ = last_dose_ = 0;
    stiff_ = calm_ = 0, refused_ = false, log_err_ = 0;
    if (q_.dose_offsets) dose_ = q_.dose_offsets[i], last_dose_ = q_.dose_offsets[i + 1];
    s_.t = q_.t0[i];
    t_end_ = q_.n_times ? times()[q_.n_times - 1] : s_.t;
    while (output_ < q_.n_times && times()[output_] <= s_.t) write(s_.y);
    if (arrive()) return false;
    renew();
    first_step();
    return true;
  }

  __device__ const double* times() const { return q_.times + (q_.own_times ? problem_ * q_.n_times : 0); }

  __device__ double next_output() const { return output_ < q_.n_times ? times()[output_] : infinite(); }

  __device__ void write(const double* y) {
    double* out = q_.y + problem_ * n * q_.n_times + output_++;
    for (int r = 0; r < n; ++r) out[r * q_.n_times] = y[r];
  }

  // At a stop: gives the doses of this time, sets the next stop. True if the problem ended.
  __device__ bool arrive() {
    for (; dose_ < last_dose_ && q_.dose_time[dose_] <= s_.t; ++dose_) {
      const DoseKind kind = DoseKind(q_.dose_kind[dose_]);
      double& target = (kind == DoseKind::rate ? s_.rate : s_.y)[q_.dose_state[dose_]];
      target = kind == DoseKind::set ? q_.dose_amount[dose_] : target + q_.dose_amount[dose_];
    }
    const double dose = dose_ < last_dose_ ? q_.dose_time[dose_] : infinite();
    t_stop_ = dose < t_end_ ? dose : t_end_;
    t_out_ = next_output();
    return s_.t >= t_end_ && finish(Outcome::finished);
  }

  __device__ bool finish(Outcome outcome) {
    q_.outcome[problem_] = int(outcome);
    q_.accepted[problem_] = accepted_, q_.rejected[problem_] = rejected_;
    return true;
  }

  // What depends on t and y, where y jumped or is new.
  __device__ void renew() {
    s_.evaluate(s_.t, s_.y, s_.first);
    if constexpr (n_roots > 0) Model::roots(&s_.t, s_.y, s_.p, g_);
  }

  __device__ void first_step() {
    const double size = s_.norm(s_.y, s_.y, s_.y), speed = s_.norm(s_.first, s_.y, s_.y), span = t_end_ - s_.t;
    double h = q_.first_step;
    if (!(h > 0)) {
      h = size < 1e-5 || speed < 1e-5 ? 1e-4 * span : 0.01 * size / speed;
      h = h < 1e-3 * span ? h : 1e-3 * span;
      if (!(h > 0)) h = 1e-6 * span;
    }
    h_ = h < q_.max_step ? h : q_.max_step;
  }

  // True if the problem ended.
  __device__ bool step() {
    const double left = t_stop_ - s_.t;
    const bool stops = h_ * 1.01 >= left;  // no sliver of a step before a stop
    s_.h = stops ? left : h_;
    stepper_.attempt(s_);
    const bool good = judge();
    if (!good) {
      ++rejected_;
      return hopeless(true);
    }
    const double t_next = stops ? t_stop_ : s_.t + s_.h;
    double t_last = t_next;
    bool ended = false;
    if constexpr (n_roots > 0) ended = roots(t_last);
    outputs(t_last, t_next);
    if (q_.notice_stiffness) notice();
    ++accepted_;
    s_.t = t_last;
    for (int r = 0; r < n; ++r) s_.y[r] = s_.next[r];
    if (ended) return finish(Outcome::stopped);
    stepper_.take_first(s_);
    if (!stops) return hopeless(false);
    if (arrive()) return true;
    renew();
    return false;
  }

  // Whether the step is accepted; sets the next one's length.
  __device__ bool judge() {
    constexpr double grow = 0.7 / Stepper::order, remember = 0.4 / Stepper::order;
    const double err = stepper_.error;
    const bool good = err <= 1.0, finite = err < infinite();
    const double log_err = log(larger(finite ? err : 1e10, 1e-10));
    const double gentle = fma(-grow, log_err, remember * log_err_), hard = log_err * (-1.0 / Stepper::order);
    double factor = 0.9 * exp(good ? gentle : hard);
    const double most = good ? (refused_ ? 1.0 : 10.0) : 0.9;
    factor = factor > most ? most : factor;
    factor = larger(factor, finite ? 0.2 : 0.1);
    const double wanted = factor * s_.h;
    // A step cut at a stop says little about the length that the next may have.
    const double kept = good && wanted < h_ && s_.h < h_ ? h_ : wanted;
    h_ = kept > q_.max_step ? q_.max_step : kept;
    if (good) log_err_ = log_err;
    refused_ = !good;
    return good;
  }

  __device__ void outputs(double t_last, double t_next) {
    while (t_out_ <= t_last) {
      stepper_.interpolate(s_, t_out_ >= t_next ? 1.0 : (t_out_ - s_.t) / s_.h, s_.between);
      write(s_.between);
      t_out_ = next_output();
    }
  }

  // Roots within the accepted step, in the order of time; where one ends the problem, t_last becomes its time.
  __device__ bool roots(double& t_last) {
    const double end = s_.t + s_.h;
    Model::roots(&end, s_.next, s_.p, g_next_);
    bool any = false;
    for (int e = 0; e < n_roots; ++e) {
      const bool rising = g_[e] < 0.0 && g_next_[e] >= 0.0, falling = g_[e] > 0.0 && g_next_[e] <= 0.0;
      const int direction = q_.direction[e];
      root_theta_[e] = infinite();
      if (direction > 0 ? rising : direction < 0 ? falling : rising || falling) any = true, locate(e);
    }
    const bool ended = any && record(t_last);
    for (int e = 0; e < n_roots; ++e) g_[e] = g_next_[e];
    return ended;
  }

  // The root of function e, by the Illinois method on the interpolant, a bisection every fourth time.
  __device__ void locate(int e) {
    double low = 0, high = 1, g_low = g_[e], g_high = g_next_[e];
    for (int iteration = 0; iteration < 60 && high - low > 1e-14; ++iteration) {
      const double chord = (low * g_high - high * g_low) / (g_high - g_low), middle = 0.5 * (low + high);
      const double theta = iteration % 4 == 3 ? middle : chord > low && chord < high ? chord : middle;
      const double at = fma(theta, s_.h, s_.t);
      stepper_.interpolate(s_, theta, s_.between);
      Model::roots(&at, s_.between, s_.p, g_trial_);
      const double g = g_trial_[e];
      if (g != 0.0 && (g < 0.0) == (g_[e] < 0.0)) {
        low = theta, g_low = g, g_high = 0.5 * g_high;
      } else {
        high = theta, g_high = g, g_low = 0.5 * g_low;
      }
    }
    root_theta_[e] = high;
    stepper_.interpolate(s_, high, root_y_[e]);
  }

  __device__ bool record(double& t_last) {
    const Long i = problem_;
    for (;;) {
      int first = 0;
      for (int e = 1; e < n_roots; ++e) {
        if (root_theta_[e] < root_theta_[first]) first = e;
      }
      if (root_theta_[first] == infinite()) return false;
      const double time = s_.t + root_theta_[first] * s_.h;
      const Long k = q_.root_count[i]++;
      if (k < q_.most_roots) {
        q_.root_time[i * q_.most_roots + k] = time;
        q_.root_index[i * q_.most_roots + k] = first;
        for (int r = 0; r < n; ++r) q_.root_y[(i * q_.most_roots + k) * n + r] = root_y_[first][r];
      }
      if (q_.terminal[first]) {
        t_last = time;
        return true;
      }
      root_theta_[first] = infinite();
    }
  }

  // Fifteen steps bounded by stability, not interrupted by six that are not.
  __device__ void notice() {
    if (stepper_.looks_stiff(s_)) {
      ++stiff_, calm_ = 0;
    } else if (++calm_ == 6) {
      stiff_ = 0;
    }
  }

  __device__ bool hopeless(bool refused) {
    const double least = 4.0 * 2.220446049250313e-16 * fabs(s_.t);
    if (refused && (h_ <= least || h_ < 1e-300 || h_ != h_)) {
      return finish(stepper_.error < infinite() ? Outcome::step_too_small : Outcome::not_finite);
    }
    if (q_.notice_stiffness && stiff_ >= 15) return finish(Outcome::stiff);
    if (accepted_ + rejected_ >= q_.max_steps) {
      return finish(q_.notice_stiffness ? Outcome::stiff : Outcome::too_many_steps);
    }
    return false;
  }
};

}  // namespace marey::ode
