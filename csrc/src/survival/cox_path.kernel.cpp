// Coordinate descent of cox_path.hpp: the quadratic in eta, the steps on it, and the check of all columns.
#include "marey/survival/cox_path.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "marey/survival/symmetric_sum.hpp"

namespace marey::survival::MAREY_LEVEL {

namespace {

double sum_lanes(Vec v) {
  double total = 0;
  for (int k = 0; k < lanes; ++k) total += v[k];
  return total;
}

double dot(const double* a, const double* b, int64_t n) {
  Vec first{}, second{};
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    first = madd(load(a + i), load(b + i), first);
    second = madd(load(a + i + lanes), load(b + i + lanes), second);
  }
  double total = sum_lanes(first + second);
  for (; i < n; ++i) total = madd(a[i], b[i], total);
  return total;
}

double weighted_square(const double* w, const double* x, int64_t n) {
  Vec sum{};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) sum = madd(load(w + i) * load(x + i), load(x + i), sum);
  double total = sum_lanes(sum);
  for (; i < n; ++i) total = madd(w[i] * x[i], x[i], total);
  return total;
}

// u -= step h x, eta += step x
void move(double step, const double* h, const double* x, double* u, double* eta, int64_t n) {
  int64_t i = 0;
  const Vec s = splat(step);
  for (; i + lanes <= n; i += lanes) {
    const Vec sx = s * load(x + i);
    store(u + i, load(u + i) - load(h + i) * sx);
    store(eta + i, load(eta + i) + sx);
  }
  for (; i < n; ++i) {
    const double sx = step * x[i];
    u[i] -= h[i] * sx;
    eta[i] += sx;
  }
}

// The log likelihood at eta, its gradient and the diagonal of its negative Hessian, by row.
double expand(const CoxPathRows& rows, const double* eta, double* gradient, double* h, std::vector<double>& r) {
  const int64_t n = rows.n;
  const double shift = *std::max_element(eta, eta + n);
  double loglik = 0, S0 = 0;
  for (int64_t i = 0; i < n; ++i) r[i] = std::exp(eta[i] - shift);
  // Back in time; h holds d / S0 of the time at its first row until the second loop reads it.
  for (int64_t last = n, first; last > 0; last = first) {
    double d = 0;
    for (first = last; first > 0 && rows.time[first - 1] == rows.time[last - 1]; --first) {
      S0 += r[first - 1];
      if (!rows.event[first - 1]) continue;
      d += 1;
      loglik += eta[first - 1] - shift;
    }
    if (d > 0) loglik -= d * std::log(S0);
    gradient[first] = d / S0;
    h[first] = d / (S0 * S0);
  }
  double A = 0, A2 = 0;
  for (int64_t first = 0, last; first < n; first = last) {
    A += gradient[first];
    A2 += h[first];
    for (last = first; last < n && rows.time[last] == rows.time[first]; ++last) {
      gradient[last] = (rows.event[last] ? 1.0 : 0.0) - r[last] * A;
      h[last] = r[last] * (A - r[last] * A2);
    }
  }
  return loglik;
}

double soft(double value, double by) { return value > by ? value - by : value < -by ? value + by : 0.0; }

class Descent {
 public:
  Descent(const CoxPathRows& rows, const CoxPath& path)
      : rows_(rows),
        path_(path),
        beta_(rows.p),
        eta_(rows.n),
        gradient_(rows.n),
        u_(rows.n),
        h_(rows.n),
        r_(rows.n),
        curvature_(rows.p),
        slope_(rows.p),
        in_play_(rows.p) {
    loglik_ = expand(rows_, eta_.data(), gradient_.data(), h_.data(), r_);
    threshold_ = path.tol * std::abs(loglik_) / double(rows.n);
    all_slopes();
  }

  void run() {
    double before = path_.n_lambdas > 0 ? std::max(path_.lambdas[0], largest_slope()) : 0.0;
    for (int64_t l = 0; l < path_.n_lambdas; ++l) {
      const double lambda = path_.lambdas[l];
      for (int64_t j = 0; j < rows_.p; ++j) {
        const double bound = path_.alpha * path_.factors[j] * (2 * lambda - before);
        if (std::abs(slope_[j]) >= bound) in_play_[j] = 1;
      }
      path_.converged[l] = solve(lambda);
      std::copy(beta_.begin(), beta_.end(), path_.coef + l * rows_.p);
      path_.loglik[l] = loglik_;
      before = lambda;
    }
  }

 private:
  double penalty(double lambda) const {
    double total = 0;
    for (int64_t j = 0; j < rows_.p; ++j) {
      total += path_.factors[j] * (path_.alpha * std::abs(beta_[j]) + (1 - path_.alpha) / 2 * beta_[j] * beta_[j]);
    }
    return lambda * total;
  }

  double objective(double lambda) const { return penalty(lambda) - loglik_ / double(rows_.n); }

  const double* column(int64_t j) const { return rows_.X + j * rows_.n; }

  double largest_slope() const {
    double largest = 0;
    for (int64_t j = 0; j < rows_.p; ++j) {
      const double share = path_.alpha * path_.factors[j];
      if (share > 0) largest = std::max(largest, std::abs(slope_[j]) / share);
    }
    return largest;
  }

  void all_slopes() {
    for (int64_t j = 0; j < rows_.p; ++j) slope_[j] = dot(column(j), gradient_.data(), rows_.n) / double(rows_.n);
  }

  // Columns that the strong rule left out and that do not fulfil the conditions of a minimum come into play.
  bool all_fulfil(double lambda) {
    all_slopes();
    bool fulfilled = true;
    for (int64_t j = 0; j < rows_.p; ++j) {
      if (in_play_[j] || std::abs(slope_[j]) <= path_.alpha * path_.factors[j] * lambda * (1 + 1e-9)) continue;
      in_play_[j] = 1;
      fulfilled = false;
    }
    return fulfilled;
  }

  // One round over the columns in play (over those not at 0 if `moving`); the largest gain of a step.
  double sweep(double lambda, bool moving) {
    double largest = 0;
    const double n = double(rows_.n);
    for (int64_t j = 0; j < rows_.p; ++j) {
      if (!in_play_[j] || (moving && beta_[j] == 0)) continue;
      if (curvature_[j] < 0) curvature_[j] = weighted_square(h_.data(), column(j), rows_.n) / n;
      const double ridge = lambda * (1 - path_.alpha) * path_.factors[j];
      if (curvature_[j] + ridge <= 0) continue;
      const double pull = dot(column(j), u_.data(), rows_.n) / n + curvature_[j] * beta_[j];
      const double to = soft(pull, lambda * path_.alpha * path_.factors[j]) / (curvature_[j] + ridge);
      const double step = to - beta_[j];
      if (step == 0) continue;
      move(step, h_.data(), column(j), u_.data(), eta_.data(), rows_.n);
      beta_[j] = to;
      largest = std::max(largest, (curvature_[j] + ridge) * step * step);
    }
    return largest;
  }

  bool solve(double lambda) {
    int64_t sweeps = 0;
    std::vector<double> old_beta, old_eta;
    while (true) {
      const double before = objective(lambda);
      old_beta = beta_;
      old_eta = eta_;
      u_ = gradient_;
      std::fill(curvature_.begin(), curvature_.end(), -1.0);
      const double first = sweep(lambda, false);
      ++sweeps;
      for (double gain = first; gain > threshold_ && sweeps < path_.max_sweeps;) {
        do {
          gain = sweep(lambda, true);
          ++sweeps;
        } while (gain > threshold_ && sweeps < path_.max_sweeps);
        gain = sweep(lambda, false);
        ++sweeps;
      }
      loglik_ = expand(rows_, eta_.data(), gradient_.data(), h_.data(), r_);
      // The diagonal is no bound of the Hessian: a step that raised the objective is halved.
      for (int halvings = 0; !(objective(lambda) <= before + 1e-12 * std::abs(before)) && halvings < 30; ++halvings) {
        for (int64_t j = 0; j < rows_.p; ++j) beta_[j] = (beta_[j] + old_beta[j]) / 2;
        for (int64_t i = 0; i < rows_.n; ++i) eta_[i] = (eta_[i] + old_eta[i]) / 2;
        loglik_ = expand(rows_, eta_.data(), gradient_.data(), h_.data(), r_);
      }
      if (first <= threshold_ && all_fulfil(lambda)) return true;
      if (sweeps >= path_.max_sweeps) {
        all_slopes();
        return false;
      }
    }
  }

  const CoxPathRows& rows_;
  const CoxPath& path_;
  std::vector<double> beta_, eta_, gradient_, u_, h_, r_, curvature_, slope_;
  std::vector<std::uint8_t> in_play_;
  double loglik_ = 0, threshold_ = 0;
};

}  // namespace

void cox_path_kernel(const CoxPathRows& rows, const CoxPath& path) { Descent(rows, path).run(); }

void cox_path_start_kernel(const CoxPathRows& rows, double* gradient) {
  std::vector<double> eta(rows.n), by_row(rows.n), h(rows.n), r(rows.n);
  expand(rows, eta.data(), by_row.data(), h.data(), r);
  for (int64_t j = 0; j < rows.p; ++j) {
    gradient[j] = std::abs(dot(rows.X + j * rows.n, by_row.data(), rows.n)) / double(rows.n);
  }
}

}  // namespace marey::survival::MAREY_LEVEL
