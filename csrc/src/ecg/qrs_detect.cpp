#include "marey/ecg/qrs_detect.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "marey/ecg/qrs_filter.hpp"

namespace marey::ecg {

namespace {

using std::int64_t;

constexpr double kPi = 3.14159265358979323846;
constexpr double kLowHz = 8, kHighHz = 20, kRateHz = 200, kHalfFilterS = 0.1, kHalfEnergyS = 0.05;
constexpr double kRefractoryS = 0.2, kTWaveS = 0.36, kLearnS = 4, kSearchS = 0.06, kTopS = 0.03;
constexpr double kMissed = 1.66, kForgetS = 3;
constexpr std::size_t kBacklog = 32;
constexpr int64_t kPiece = 8192;  // samples that go through all stages together: they stay in the cache

int64_t nearest(double x) { return static_cast<int64_t>(std::nearbyint(x)); }

void mean(const float* x, int64_t step, int64_t n, float* z) { MAREY_DISPATCH(qrs_mean, x, step, n, z) }
void filter(const float* z, const float* taps, int64_t n_taps, int64_t n, float* y, float* squares) {
  MAREY_DISPATCH(qrs_filter, z, taps, n_taps, n, y, squares)
}
void sum_energy(const float* squares, int64_t width, int64_t n, float* energy) {
  MAREY_DISPATCH(qrs_energy, squares, width, n, energy)
}
void find_tops(const float* energy, int64_t n, std::uint8_t* flags) { MAREY_DISPATCH(qrs_tops, energy, n, flags) }
template <typename T>
bool take(const T* x, T first, int64_t n, float* out){MAREY_DISPATCH(qrs_take, x, first, n, out)} int64_t
    farthest(const float* x, int64_t n){MAREY_DISPATCH(qrs_farthest, x, n)} int64_t
    highest(const float* x, float sign, int64_t n) {
  MAREY_DISPATCH(qrs_highest, x, sign, n)
}

double sinc(double x) { return x == 0 ? 1 : std::sin(kPi * x) / (kPi * x); }

// A windowed ideal band pass without gain at 0 Hz.
std::vector<float> band_pass(double rate, int64_t half) {
  std::vector<double> taps;
  double total = 0;
  for (int64_t k = -half; k <= half; ++k) {
    const double high = 2 * kHighHz / rate, low = 2 * kLowHz / rate, at = static_cast<double>(k);
    const double window = 0.54 + 0.46 * std::cos(kPi * at / static_cast<double>(half));
    taps.push_back((high * sinc(high * at) - low * sinc(low * at)) * window);
    total += taps.back();
  }
  std::vector<float> out;
  for (const double tap : taps) out.push_back(static_cast<float>(tap - total / static_cast<double>(taps.size())));
  return out;
}

}  // namespace

float* Line::extend(int64_t n) {
  const std::size_t held = values.size();
  values.resize(held + static_cast<std::size_t>(n));
  return values.data() + held;
}

void Line::forget(int64_t first) {
  const auto size = static_cast<int64_t>(values.size());
  const int64_t gone = std::min(first - base, size);
  if (gone < size / 2 || gone <= 0) return;  // so that a value is moved twice at most
  values.erase(values.begin(), values.begin() + gone);
  base += gone;
}

QrsDetector::QrsDetector(double fs) : fs_(fs) {
  step_ = std::max<int64_t>(1, nearest(fs / kRateHz));
  rate_ = fs / static_cast<double>(step_);
  half_filter_ = nearest(kHalfFilterS * rate_);
  half_energy_ = nearest(kHalfEnergyS * rate_);
  taps_ = band_pass(rate_, half_filter_);
  mean_rr_ = rate_;
  // Silence before the beginning, where the first value lies at zero.
  z_.base = -half_filter_;
  z_.values.assign(static_cast<std::size_t>(half_filter_), 0.0f);
  squares_.base = -half_energy_;
  squares_.values.assign(static_cast<std::size_t>(half_energy_), 0.0f);
  energy_.base = -1;
  energy_.values.assign(1, 0.0f);
}

template <typename T>
void QrsDetector::push(const T* x, int64_t n, std::vector<int64_t>& beats) {
  for (int64_t done = 0; done < n; done += kPiece) {
    const int64_t m = std::min(kPiece, n - done);
    const T* piece = x + done;
    if (!started_) {
      for (int64_t i = 0; i < m && !started_; ++i) {
        started_ = std::isfinite(piece[i]);
        if (started_) first_ = piece[i];
      }
    }
    float* out = raw_.extend(m);
    if (!take<T>(piece, static_cast<T>(first_), m, out)) {
      for (int64_t i = 0; i < m; ++i) {
        if (!std::isfinite(out[i])) out[i] = i == 0 ? static_cast<float>(held_) : out[i - 1];
      }
    }
    held_ = out[m - 1];
    advance(false, beats);
  }
}

template void QrsDetector::push<float>(const float*, int64_t, std::vector<int64_t>&);
template void QrsDetector::push<double>(const double*, int64_t, std::vector<int64_t>&);

void QrsDetector::finish(std::vector<int64_t>& beats) {
  advance(true, beats);
  if (pending_.t >= 0) peak(pending_, beats);
  pending_.t = -1;
  if (learning_) learn(beats);
}

void QrsDetector::advance(bool last, std::vector<int64_t>& beats) {
  const auto grow = [](Line& line, int64_t n, auto&& write) {
    if (n <= 0) return;
    float* out = line.extend(n + kSlack);
    write(out);
    line.values.resize(line.values.size() - kSlack);
  };
  // Vector loads run past the end of what is read; there is room, and what they give is not kept.
  const auto make_room = [](Line& line) { line.values.reserve(line.values.size() + 8 * kSlack); };

  const int64_t whole = raw_.end() / step_, from = z_.end();
  grow(z_, whole - from, [&](float* out) { mean(raw_.at(from * step_), step_, whole - from, out); });
  if (last && whole == 0) return;
  if (last) {
    const float end = z_.values.back();
    std::fill_n(z_.extend(half_filter_), half_filter_, end);
  }
  const int64_t filtered = y_.end(), fresh = z_.end() - half_filter_ - filtered;
  if (fresh > 0) {
    make_room(z_);
    float* squares = squares_.extend(fresh + 4 * kSlack);
    float* y = y_.extend(fresh + 4 * kSlack);
    filter(z_.at(filtered - half_filter_), taps_.data(), static_cast<int64_t>(taps_.size()), fresh, y, squares);
    y_.values.resize(y_.values.size() - 4 * kSlack);
    squares_.values.resize(squares_.values.size() - 4 * kSlack);
  }
  if (last) std::fill_n(squares_.extend(half_energy_), half_energy_, 0.0f);
  const int64_t summed = energy_.end(), width = 2 * half_energy_ + 1;
  make_room(squares_);
  grow(energy_, squares_.end() - half_energy_ - summed, [&](float* out) {
    sum_energy(squares_.at(summed - half_energy_), width, squares_.end() - half_energy_ - summed, out);
  });
  if (last) *energy_.extend(1) = 0.0f;

  const int64_t seen = energy_.base + 1, n = energy_.end() - 1 - seen;
  if (n > 0) {
    flags_.resize(static_cast<std::size_t>(n + 8));
    find_tops(energy_.at(seen), n, flags_.data());
    std::memset(flags_.data() + n, 0, 8);
    for (int64_t i = 0; i < n; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, flags_.data() + i, 8);
      for (; eight != 0; eight &= eight - 1) {  // the lowest byte is the first
        const int64_t k = i + __builtin_ctzll(eight) / 8;
        top(seen + k, *energy_.at(seen + k), beats);
      }
    }
    energy_.values.erase(energy_.values.begin(), energy_.values.begin() + n);
    energy_.base += n;
  }
  // Once no rival can come a peak is decided, so that silence holds back neither beats nor memory.
  if (pending_.t >= 0 && static_cast<double>(energy_.base + 1 - pending_.t) >= kRefractoryS * rate_) {
    peak(pending_, beats);
    pending_.t = -1;
  }
  const int64_t oldest =
      std::min(energy_.base, pending_.t >= 0 ? pending_.t : energy_.base) - nearest(kSearchS * rate_);
  y_.forget(oldest - 1);
  raw_.forget(std::max<int64_t>(0, (oldest - 1) * step_ - nearest(kTopS * fs_)));
  z_.forget(y_.end() - half_filter_);
  squares_.forget(energy_.end() - half_energy_);
}

// Of tops closer than the refractory time the highest stays.
void QrsDetector::top(int64_t t, double energy, std::vector<int64_t>& beats) {
  if (pending_.t >= 0 && static_cast<double>(t - pending_.t) < kRefractoryS * rate_) {
    if (energy > pending_.energy) pending_ = {t, energy, 0};
    return;
  }
  if (pending_.t >= 0) peak(pending_, beats);
  pending_ = {t, energy, 0};
}

void QrsDetector::peak(Peak peak, std::vector<int64_t>& beats) {
  peak.sample = r_peak(peak.t);
  if (!learning_) return decide(peak, beats);
  if (static_cast<double>(peak.t) >= kLearnS * rate_) {
    learn(beats);
    return decide(peak, beats);
  }
  waiting_.push_back(peak);
}

void QrsDetector::learn(std::vector<int64_t>& beats) {
  learning_ = false;
  std::vector<double> energies;
  for (const Peak& p : waiting_) energies.push_back(p.energy);
  std::sort(energies.rbegin(), energies.rend());
  const std::size_t n = std::min<std::size_t>(3, energies.size());
  for (std::size_t i = 0; i < n; ++i) signal_ += energies[i] / static_cast<double>(n);
  for (const Peak& p : waiting_) decide(p, beats);
  waiting_ = {};
}

void QrsDetector::decide(const Peak& p, std::vector<int64_t>& beats) {
  const double threshold = noise_ + 0.3 * (signal_ - noise_);
  const bool any = last_t_ >= 0;
  const auto since = static_cast<double>(any ? p.t - last_t_ : p.t);
  const bool t_wave = any && since < kTWaveS * rate_ && p.energy < 0.3 * last_energy_;
  if (p.energy > threshold && !t_wave) return accept(p, 0.125, beats);
  noise_ += 0.125 * (std::min(p.energy, signal_) - noise_);
  if (!t_wave) {
    backlog_.push_back(p);
    if (backlog_.size() > kBacklog) backlog_.erase(backlog_.begin());
  }
  if (since > kMissed * mean_rr_ && !backlog_.empty()) {
    const Peak best = *std::max_element(backlog_.begin(), backlog_.end(),
                                        [](const Peak& a, const Peak& b) { return a.energy < b.energy; });
    if (best.energy > 0.4 * threshold && best.energy > 3 * noise_) accept(best, 0.25, beats);
  }
  if (static_cast<double>(p.t - quiet_since_) > kForgetS * rate_) {
    signal_ = std::max(0.25 * signal_, std::min(signal_, 5 * noise_));
    quiet_since_ = p.t;
  }
}

void QrsDetector::accept(const Peak& p, double share, std::vector<int64_t>& beats) {
  signal_ += share * (std::min(p.energy, 2 * signal_) - signal_);
  if (last_t_ >= 0) mean_rr_ += 0.125 * (std::min(static_cast<double>(p.t - last_t_), 2 * mean_rr_) - mean_rr_);
  last_energy_ = p.energy;
  last_t_ = quiet_since_ = p.t;
  backlog_.erase(std::remove_if(backlog_.begin(), backlog_.end(), [&](const Peak& b) { return b.t <= p.t; }),
                 backlog_.end());
  if (p.sample > last_sample_) beats.push_back(last_sample_ = p.sample);
}

int64_t QrsDetector::r_peak(int64_t t) const {
  const int64_t reach = nearest(kSearchS * rate_), from = std::max(y_.base, t - reach);
  const int64_t top = from + farthest(y_.at(from), std::min(y_.end(), t + reach + 1) - from);
  const float sign = *y_.at(top) > 0 ? 1.0f : -1.0f;
  const int64_t centre = top * step_ + step_ / 2, width = nearest(kTopS * fs_);
  const int64_t first = std::max(raw_.base, centre - width);
  return first + highest(raw_.at(first), sign, std::min(raw_.end(), centre + width + 1) - first);
}

}  // namespace marey::ecg
