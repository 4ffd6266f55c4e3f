// The loop over steps: tries, accepts or refuses, writes outputs, finds roots, gives doses, and fills a lane again as
// soon as its problem has ended. The method is the stepper's business.
//
// Step control: PI, factor 0.9 err^-0.7/q err_before^0.4/q, within 0.2 and 10 (Gustafsson, ACM TOMS 17:533-554, 1991;
// the exponents of Hairer and Wanner, Solving ODEs II, IV.2); after a refusal a step may not grow.
#include <limits>

#include "explicit.hpp"
#include "rodas5p.hpp"

namespace marey::ode::MAREY_LEVEL {

using namespace marey::MAREY_LEVEL;
using namespace marey::MAREY_LEVEL::ode_lanes;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr int width = block_lanes;

template <typename Stepper>
class Drive {
 public:
  Drive(const Problems& problems, const std::int64_t* which, std::int64_t begin, std::int64_t end, Workspace w)
      : p_(problems), which_(which), next_problem_(begin), end_(end), b_(problems, w), stepper_(b_, w) {
    if (p_.roots.function) {
      g_ = w.take(p_.roots.n), g_next_ = w.take(p_.roots.n), root_theta_ = w.take(p_.roots.n);
      g_trial_ = w.take(p_.roots.n), root_y_ = w.take(p_.roots.n * b_.n);
    }
    for (int v = 0; v < parts; ++v) b_.h[v] = splat(1.0);
    for (int l = 0; l < width; ++l) load(l);
    renew();
  }

  void run() {
    while (active_) step();
  }

 private:
  const Problems& p_;
  const std::int64_t* which_;
  std::int64_t next_problem_, end_;
  Block b_;
  Stepper stepper_;
  Row h_{}, t_stop_{}, t_end_{}, t_out_{}, log_err_{};
  Mask active_ = 0, changed_ = 0, fresh_ = 0, refused_ = 0;
  std::int64_t problem_[width]{}, output_[width]{}, dose_[width]{}, last_dose_[width]{}, accepted_[width]{},
      rejected_[width]{};
  int stiff_[width]{}, calm_[width]{};
  Row *g_ = nullptr, *g_next_ = nullptr, *g_trial_ = nullptr, *root_theta_ = nullptr, *root_y_ = nullptr;

  // The next problem into lane l; a problem that has nothing to integrate ends at once.
  void load(int l) {
    while (next_problem_ < end_) {
      const std::int64_t i = problem_[l] = which_[next_problem_++];
      for (std::int64_t r = 0; r < b_.n; ++r) b_.y[r].set(l, p_.y0[i * b_.n + r]), b_.rate[r].set(l, 0.0);
      for (std::int64_t r = 0; r < p_.n_params; ++r) b_.p[r].set(l, p_.params[i * p_.n_params + r]);
      for (std::int64_t k = 0; k < b_.n * p_.n_times; ++k) p_.y[i * b_.n * p_.n_times + k] = nan;
      if (p_.roots.function) p_.roots.count[i] = 0;
      output_[l] = accepted_[l] = rejected_[l] = dose_[l] = last_dose_[l] = 0;
      if (p_.doses.offsets) dose_[l] = p_.doses.offsets[i], last_dose_[l] = p_.doses.offsets[i + 1];
      b_.t.set(l, p_.t0[i]);
      t_end_.set(l, p_.n_times ? times(i)[p_.n_times - 1] : p_.t0[i]);
      while (output_[l] < p_.n_times && times(i)[output_[l]] <= p_.t0[i]) write(l, b_.y);
      active_ |= 1u << l, fresh_ |= 1u << l;
      stiff_[l] = calm_[l] = 0;
      refused_ &= ~(1u << l);
      log_err_.set(l, 0.0);
      if (!arrive(l)) return;
    }
    active_ &= ~(1u << l), changed_ &= ~(1u << l), fresh_ &= ~(1u << l);
    b_.t.set(l, 0.0), t_out_.set(l, inf), t_stop_.set(l, inf), h_.set(l, 1.0), b_.h.set(l, 1.0);
  }

  const double* times(std::int64_t i) const { return p_.times + (p_.own_times ? i * p_.n_times : 0); }

  void write(int l, const Row* y) {
    double* out = p_.y + problem_[l] * b_.n * p_.n_times + output_[l]++;
    for (std::int64_t r = 0; r < b_.n; ++r) out[r * p_.n_times] = y[r].lane(l);
  }

  // At a stop: gives the doses of this time, sets the next stop. True if the problem ended.
  bool arrive(int l) {
    const double t = b_.t.lane(l);
    const Doses& d = p_.doses;
    for (; dose_[l] < last_dose_[l] && d.time[dose_[l]] <= t; ++dose_[l]) {
      const std::int64_t k = dose_[l];
      Row& target = (d.kind[k] == std::int32_t(DoseKind::rate) ? b_.rate : b_.y)[d.state[k]];
      target.set(l, d.kind[k] == std::int32_t(DoseKind::set) ? d.amount[k] : target.lane(l) + d.amount[k]);
    }
    changed_ |= 1u << l;
    const bool ended = t >= t_end_.lane(l);
    if (ended) finish(l, Outcome::finished);
    const double dose = dose_[l] < last_dose_[l] ? d.time[dose_[l]] : inf;
    t_stop_.set(l, dose < t_end_.lane(l) ? dose : t_end_.lane(l));
    t_out_.set(l, output_[l] < p_.n_times ? times(problem_[l])[output_[l]] : inf);
    return ended;
  }

  void finish(int l, Outcome outcome) {
    const std::int64_t i = problem_[l];
    p_.outcome[i] = std::int32_t(outcome);
    p_.accepted[i] = accepted_[l], p_.rejected[i] = rejected_[l];
    active_ &= ~(1u << l);
  }

  void end(int l, Outcome outcome) {
    finish(l, outcome);
    load(l);
  }

  // What depends on t and y, for lanes whose y jumped or is new.
  void renew() {
    if (!changed_) return;
    b_.evaluate(b_.t, b_.y, b_.between);
    copy_lanes(b_.first, b_.between, b_.n, changed_);
    if (p_.roots.function) {
      p_.roots.function(b_.t.data(), b_.y->data(), b_.p->data(), g_next_->data());
      copy_lanes(g_, g_next_, p_.roots.n, changed_);
    }
    if (changed_ & fresh_) first_step(changed_ & fresh_);
    fresh_ &= ~changed_;
    changed_ = 0;
  }

  // A hundredth of |y| / |f| (Hairer, Norsett and Wanner, Solving ODEs I, II.4); the control mends it in a few steps.
  void first_step(Mask lanes_new) {
    const Row size = b_.norm(b_.y, b_.y, b_.y), speed = b_.norm(b_.first, b_.y, b_.y);
    each_lane(lanes_new, [&](int l) {
      const double span = t_end_.lane(l) - b_.t.lane(l);
      double h = p_.first_step;
      if (!(h > 0)) {
        h = size.lane(l) < 1e-5 || speed.lane(l) < 1e-5 ? 1e-4 * span : 0.01 * size.lane(l) / speed.lane(l);
        h = h < 1e-3 * span ? h : 1e-3 * span;
        if (!(h > 0)) h = 1e-6 * span;
      }
      h_.set(l, h < p_.max_step ? h : p_.max_step);
    });
  }

  void step() {
    Mask stops = 0;
    for (int v = 0; v < parts; ++v) {
      const Vec left = t_stop_[v] - b_.t[v];
      const Int last = h_[v] * 1.01 >= left;  // no sliver of a step before a stop
      stops |= bits(last, v);
      b_.h[v] = select(last & (left < inf), left, h_[v]);
    }
    stops &= active_;
    stepper_.attempt(b_);
    const Mask good = judge() & active_;
    Row t_new;
    for (int v = 0; v < parts; ++v) {
      t_new[v] = select(lanes_of(stops, v), t_stop_[v], b_.t[v] + b_.h[v]);
    }
    const Row t_next = t_new;
    Mask ended = 0;
    if (p_.roots.function) ended = roots(good, t_new);
    outputs(good, t_new, t_next);
    if (p_.notice_stiffness) notice(good);
    each_lane(active_ & ~good, [&](int l) { ++rejected_[l]; });
    each_lane(good, [&](int l) { ++accepted_[l]; });
    copy_lanes(&b_.t, &t_new, 1, good);
    copy_lanes(b_.y, b_.next, b_.n, good);
    stepper_.take_first(b_, good);
    each_lane(good & stops & ~ended, [&](int l) {
      if (arrive(l)) load(l);
    });
    each_lane(ended, [&](int l) { end(l, Outcome::stopped); });
    fail(active_ & ~ended & ~changed_, good);
    renew();
  }

  // Which steps are accepted; sets the next step's length in every lane.
  Mask judge() {
    constexpr double grow = 0.7 / Stepper::order, remember = 0.4 / Stepper::order;
    Mask good = 0;
    for (int v = 0; v < parts; ++v) {
      const Vec err = stepper_.error[v];
      const Int accepted = err <= 1.0, finite = err < inf;
      const Mask yes = bits(accepted, v);
      const Vec log_err = log(maximum(select(finite, err, splat(1e10)), splat(1e-10)));
      const Vec gentle = madd(splat(-grow), log_err, remember * log_err_[v]);
      const Vec hard = log_err * (-1.0 / Stepper::order);
      Vec factor = 0.9 * exp<9>(select(accepted, gentle, hard));
      const Vec most = select(accepted, select(lanes_of(refused_, v), splat(1.0), splat(10.0)), splat(0.9));
      factor = select(factor > most, most, factor);
      factor = maximum(factor, select(finite, splat(0.2), splat(0.1)));
      const Vec wanted = factor * b_.h[v];
      // A step cut at a stop says little about the length that the next may have.
      const Vec kept = select(accepted & (wanted < h_[v]) & (b_.h[v] < h_[v]), h_[v], wanted);
      h_[v] = select(kept > p_.max_step, splat(p_.max_step), kept);
      log_err_[v] = select(accepted, log_err, log_err_[v]);
      good |= yes;
    }
    refused_ = ~good;
    return good;
  }

  // Those due by t_new, which a terminal root may have put before the step's end, t_next.
  void outputs(Mask good, const Row& t_new, const Row& t_next) {
    for (;;) {
      Mask due = 0;
      Row theta;
      for (int v = 0; v < parts; ++v) {
        due |= bits(t_out_[v] <= t_new[v], v);
        const Vec part = (t_out_[v] - b_.t[v]) / b_.h[v];
        theta[v] = select(t_out_[v] >= t_next[v], splat(1.0), part);
      }
      due &= good;
      if (!due) return;
      stepper_.interpolate(b_, theta, b_.between);
      each_lane(due, [&](int l) {
        write(l, b_.between);
        t_out_.set(l, output_[l] < p_.n_times ? times(problem_[l])[output_[l]] : inf);
      });
    }
  }

  // Roots within the accepted steps, in the order of time; where one ends the problem, t_new becomes its time.
  Mask roots(Mask good, Row& t_new) {
    const Roots& q = p_.roots;
    Row at;
    for (int v = 0; v < parts; ++v) at[v] = b_.t[v] + b_.h[v];
    q.function(at.data(), b_.next->data(), b_.p->data(), g_next_->data());
    Mask any = 0;
    for (std::int64_t e = 0; e < q.n; ++e) {
      Mask crossed = 0;
      for (int v = 0; v < parts; ++v) {
        const Int rising = (g_[e][v] < 0.0) & (g_next_[e][v] >= 0.0),
                  falling = (g_[e][v] > 0.0) & (g_next_[e][v] <= 0.0);
        crossed |= bits(q.direction[e] > 0 ? rising : q.direction[e] < 0 ? falling : rising | falling, v);
        root_theta_[e][v] = splat(inf);
      }
      crossed &= good;
      if (crossed) locate(e, crossed);
      any |= crossed;
    }
    Mask ended = 0;
    each_lane(any, [&](int l) {
      if (record(l, t_new)) ended |= 1u << l;
    });
    copy_lanes(g_, g_next_, q.n, good);
    return ended;
  }

  // The root of function e, by the Illinois method on the interpolant, a bisection every fourth time.
  void locate(std::int64_t e, Mask crossed) {
    Row low{}, high, g_low = g_[e], g_high = g_next_[e], theta, at;
    for (int v = 0; v < parts; ++v) high[v] = splat(1.0);
    for (int iteration = 0; iteration < 60; ++iteration) {
      Mask open = 0;
      for (int v = 0; v < parts; ++v) {
        open |= bits((high[v] - low[v]) > 1e-14, v);
        const Vec chord = (low[v] * g_high[v] - high[v] * g_low[v]) / (g_high[v] - g_low[v]);
        const Vec middle = 0.5 * (low[v] + high[v]);
        const Int useful = (chord > low[v]) & (chord < high[v]);
        theta[v] = iteration % 4 == 3 ? middle : select(useful, chord, middle);
        at[v] = madd(theta[v], b_.h[v], b_.t[v]);
      }
      if (!(open & crossed)) break;
      stepper_.interpolate(b_, theta, b_.between);
      p_.roots.function(at.data(), b_.between->data(), b_.p->data(), g_trial_->data());
      for (int v = 0; v < parts; ++v) {
        const Vec g = g_trial_[e][v];
        const Int same_as_low = (g < 0.0) == (g_[e][v] < 0.0);
        const Int to_low = same_as_low & (g != 0.0);
        g_high[v] = select(to_low, 0.5 * g_high[v], g), g_low[v] = select(to_low, g, 0.5 * g_low[v]);
        low[v] = select(to_low, theta[v], low[v]), high[v] = select(to_low, high[v], theta[v]);
      }
    }
    for (int v = 0; v < parts; ++v) {
      theta[v] = select(lanes_of(crossed, v), high[v], Vec{});
      root_theta_[e][v] = select(lanes_of(crossed, v), high[v], splat(inf));
    }
    stepper_.interpolate(b_, theta, root_y_ + e * b_.n);
  }

  bool record(int l, Row& t_new) {
    const Roots& q = p_.roots;
    const std::int64_t i = problem_[l];
    for (;;) {
      std::int64_t first = 0;
      for (std::int64_t e = 1; e < q.n; ++e) {
        if (root_theta_[e].lane(l) < root_theta_[first].lane(l)) first = e;
      }
      const double theta = root_theta_[first].lane(l);
      if (theta == inf) return false;
      const double time = b_.t.lane(l) + theta * b_.h.lane(l);
      const std::int64_t k = q.count[i]++;
      if (k < q.most) {
        q.time[i * q.most + k] = time;
        q.index[i * q.most + k] = std::int32_t(first);
        for (std::int64_t r = 0; r < b_.n; ++r) {
          q.y[(i * q.most + k) * b_.n + r] = root_y_[first * b_.n + r].lane(l);
        }
      }
      if (q.terminal[first]) {
        t_new.set(l, time);
        return true;
      }
      root_theta_[first].set(l, inf);
    }
  }

  // Fifteen steps bounded by stability, not interrupted by six that are not.
  void notice(Mask good) {
    const Mask stiff = stepper_.looks_stiff(b_);
    each_lane(good, [&](int l) {
      if (stiff >> l & 1u) {
        ++stiff_[l], calm_[l] = 0;
      } else if (++calm_[l] == 6) {
        stiff_[l] = 0;
      }
    });
  }

  void fail(Mask lanes_left, Mask good) {
    Mask hopeless = 0;
    for (int v = 0; v < parts; ++v) {
      const Vec least = 4.0 * 2.220446049250313e-16 * absolute(b_.t[v]);
      hopeless |= bits(h_[v] <= least, v) | bits(h_[v] < 1e-300, v) | bits(h_[v] != h_[v], v);
    }
    each_lane(lanes_left, [&](int l) {
      const bool refused = !(good >> l & 1u);
      if (refused && hopeless >> l & 1u) {
        const bool finite = stepper_.error.lane(l) < inf;
        end(l, finite ? Outcome::step_too_small : Outcome::not_finite);
      } else if (p_.notice_stiffness && stiff_[l] >= 15) {
        end(l, Outcome::stiff);
      } else if (accepted_[l] + rejected_[l] >= p_.max_steps) {
        end(l, p_.notice_stiffness ? Outcome::stiff : Outcome::too_many_steps);
      }
    });
  }
};

template <typename Stepper>
void solve_by(const Problems& p, const std::int64_t* which, std::int64_t begin, std::int64_t end, double* work) {
  Drive<Stepper>(p, which, begin, end, Workspace{reinterpret_cast<Row*>(work)}).run();
}

}  // namespace

}  // namespace marey::ode::MAREY_LEVEL

namespace marey::ode {

void MAREY_LEVEL::solve_kernel(const Problems& p, const std::int64_t* which, std::int64_t begin, std::int64_t end,
                               double* work) noexcept {
  using namespace MAREY_LEVEL;
  switch (p.method) {
    case Method::tsit5: return solve_by<Explicit<Tsit5>>(p, which, begin, end, work);
    case Method::vern7: return solve_by<Explicit<Vern7>>(p, which, begin, end, work);
    case Method::rodas5p: break;
  }
  namespace steppers = marey::MAREY_LEVEL::ode_lanes;
  switch (p.n_states) {
    case 1: return solve_by<steppers::Rodas5P<1>>(p, which, begin, end, work);
    case 2: return solve_by<steppers::Rodas5P<2>>(p, which, begin, end, work);
    case 3: return solve_by<steppers::Rodas5P<3>>(p, which, begin, end, work);
    case 4: return solve_by<steppers::Rodas5P<4>>(p, which, begin, end, work);
    default: return solve_by<steppers::Rodas5P<0>>(p, which, begin, end, work);
  }
}

}  // namespace marey::ode
