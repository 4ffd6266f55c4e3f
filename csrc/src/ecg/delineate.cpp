#include "marey/ecg/delineate.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace marey::ecg {

namespace {

using std::int64_t;
using Signal = std::vector<double>;

constexpr double kRateHz = 250, kWidest = 16;
constexpr double kBits = 50;                           // of a smoothed slope: a double holds it
constexpr double kQrsOnset = 0.06, kQrsOffset = 0.12;  // shares of a slope's top, where it ends
constexpr double kQrsFirst = 0.06, kQrsLast = 0.09;    // shares of the steepest slope, what belongs to it
constexpr double kForget = 0.95;                       // a beat: of the sign that waves have

struct Shape {
  double share, onset, offset;  // of the steepest slope: what counts; of its top: where a wave begins and ends
};
constexpr Shape kT{0.06, 0.25, 0.4}, kP{0.125, 0.5, 0.9};
constexpr double kLeastT = 0.03, kLeastP = 0.02;  // of the root mean square of slopes around the beat

int64_t nearest(double x) { return static_cast<int64_t>(std::nearbyint(x)); }
std::size_t at(int64_t i) { return static_cast<std::size_t>(i); }

// In whole steps, so that sums are exact and no rounding decides between equal slopes.
template <typename T>
std::vector<int64_t> whole_steps(const T* x, int64_t n, int64_t widest) {
  const auto finite = [](T value) { return std::isfinite(value); };
  const auto origin = static_cast<double>(*std::find_if(x, x + n, finite));
  double reach = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (std::isfinite(x[i])) reach = std::max(reach, std::fabs(static_cast<double>(x[i]) - origin));
  }
  const double bits = kBits - std::ceil(3 * std::log2(static_cast<double>(widest)));
  double step = std::exp2(bits - std::ceil(std::log2(reach)));
  if (!std::isfinite(step) || !std::isfinite(reach)) step = reach = 0;  // nothing there, or more than can be told apart
  std::vector<int64_t> whole;
  whole.reserve(at(n));
  int64_t before = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (std::isfinite(x[i]) && step > 0) before = nearest((static_cast<double>(x[i]) - origin) * step);
    whole.push_back(before);
  }
  return whole;
}

// w[i]: the slope between samples i and i + 1; the end values go on before and behind.
Signal slopes(const std::vector<int64_t>& x, int64_t width) {
  const auto n = static_cast<int64_t>(x.size());
  const int64_t reach = 2 * width;
  std::vector<int64_t> line(at(n + 2 * reach));
  std::fill_n(line.begin(), reach, x.front());
  std::copy(x.begin(), x.end(), line.begin() + reach);
  std::fill(line.end() - reach, line.end(), x.back());
  auto length = static_cast<int64_t>(line.size());
  for (int pass = 0; pass < 3 && width > 1; ++pass) {
    int64_t sum = 0;
    for (int64_t i = 0; i < width; ++i) sum += line[at(i)];
    length -= width - 1;
    for (int64_t i = 0; i < length; ++i) {
      const int64_t first = line[at(i)], total = sum;
      if (i + 1 < length) sum += line[at(i + width)] - first;
      line[at(i)] = total;
    }
  }
  Signal w(at(n));
  for (int64_t i = 0; i < n; ++i) w[at(i)] = static_cast<double>(line[at(i + 2 + width)] - line[at(i + 2)]);
  return w;
}

void find_tops(const Signal& w, int64_t begin, int64_t end, std::vector<int64_t>& tops) {
  tops.clear();
  end = std::min(end, static_cast<int64_t>(w.size()) - 1);
  for (int64_t i = std::max<int64_t>(begin, 1); i < end; ++i) {
    const double size = std::fabs(w[at(i)]);
    if (size > 0 && size >= std::fabs(w[at(i - 1)]) && size > std::fabs(w[at(i + 1)])) tops.push_back(i);
  }
}

// From a slope's top outwards: where it has fallen below a share of it, or falls no more.
int64_t boundary(const Signal& w, int64_t top, int64_t step, double share, int64_t limit) {
  const double size = std::fabs(w[at(top)]);
  int64_t i = top;
  while (i != limit && i > 0 && i + 1 < static_cast<int64_t>(w.size())) {
    const double after = w[at(i + step)];
    if (std::fabs(after) < share * size) return i + step;
    if (std::fabs(after) > std::fabs(w[at(i)]) || after * w[at(top)] <= 0) return i;
    i += step;
  }
  return i;
}

// How far the signal rises or falls with the slope around `top`.
double height(const Signal& w, int64_t top, int64_t begin, int64_t end) {
  double sum = std::fabs(w[at(top)]);
  for (int64_t i = top - 1; i >= begin && w[at(i)] * w[at(top)] > 0; --i) sum += std::fabs(w[at(i)]);
  for (int64_t i = top + 1; i < end && w[at(i)] * w[at(top)] > 0; ++i) sum += std::fabs(w[at(i)]);
  return sum;
}

struct Wave {
  int64_t onset, peak, offset;
};

// The waves of one kind, beat after beat.
class Finder {
 public:
  explicit Finder(const Shape& shape) : shape_(shape) {}

  std::optional<Wave> find(const Signal& w, int64_t begin, int64_t end, double least) {
    find_tops(w, begin, end, tops_);
    double steepest = 0;
    for (const int64_t i : tops_) steepest = std::max(steepest, std::fabs(w[at(i)]));
    if (!(steepest > least)) return {};
    tops_.erase(std::remove_if(tops_.begin(), tops_.end(),
                               [&](int64_t i) { return !(std::fabs(w[at(i)]) > shape_.share * steepest); }),
                tops_.end());
    struct Pair {
      double score = 0;
      int64_t a = -1, b = -1;
    } best[2];
    const int64_t n = static_cast<int64_t>(w.size()), first = std::max<int64_t>(begin, 0), last = std::min(end, n);
    for (std::size_t k = 0; k + 1 < tops_.size(); ++k) {
      const int64_t a = tops_[k], b = tops_[k + 1];
      if (!(w[at(a)] * w[at(b)] < 0)) continue;
      const double score = height(w, a, first, last) + height(w, b, first, last);
      Pair& pair = best[w[at(a)] < 0];
      if (score > pair.score) pair = {score, a, b};
    }
    if (!(best[0].score + best[1].score > 0)) return {};
    for (int sign = 0; sign < 2; ++sign) seen_[sign] = kForget * seen_[sign] + best[sign].score;
    const int usual = seen_[0] >= seen_[1] ? 0 : 1;
    const Pair& chosen = best[best[usual].score > 0.5 * best[1 - usual].score ? usual : 1 - usual];
    int64_t peak = chosen.a;
    while (w[at(peak)] * w[at(chosen.a)] > 0) ++peak;
    return Wave{boundary(w, chosen.a, -1, shape_.onset, first), peak,
                boundary(w, chosen.b, 1, shape_.offset, std::min(end, n - 1)) + 1};
  }

 private:
  const Shape& shape_;
  std::vector<int64_t> tops_;
  double seen_[2] = {};
};

// Outwards from R: slopes that are steep enough and follow each other within 60 ms.
void find_qrs(const Signal& w, int64_t r, int64_t left, int64_t right, double ms, std::vector<int64_t>& tops,
              int64_t* out) {
  find_tops(w, left, right, tops);
  if (tops.empty()) return;
  double steepest = 0;
  for (const int64_t i : tops) steepest = std::max(steepest, std::fabs(w[at(i)]));
  int64_t first = r, last = r;
  for (auto i = tops.rbegin(); i != tops.rend(); ++i) {
    if (*i < r && std::fabs(w[at(*i)]) > kQrsFirst * steepest && static_cast<double>(first - *i) <= 60 * ms) first = *i;
  }
  for (const int64_t i : tops) {
    if (i >= r && std::fabs(w[at(i)]) > kQrsLast * steepest && static_cast<double>(i - last) <= 60 * ms) last = i;
  }
  const auto n = static_cast<int64_t>(w.size());
  out[3] = first < r ? boundary(w, first, -1, kQrsOnset, std::max<int64_t>(0, left)) : first;
  out[4] = std::min(n - 1, boundary(w, last, 1, kQrsOffset, std::min(n - 1, right)) + 1);
}

}  // namespace

template <typename T>
void delineate(const T* x, int64_t n, double fs, const int64_t* beats, int64_t n_beats, int64_t* waves) {
  std::fill_n(waves, n_beats * kWaves, -1);
  if (std::none_of(x, x + n, [](T value) { return std::isfinite(value); })) return;
  const auto width = [&](double at_250) { return std::max<int64_t>(1, nearest(at_250 * fs / kRateHz)); };
  const std::vector<int64_t> whole = whole_steps(x, n, width(kWidest));
  const Signal fine = slopes(whole, width(2)), coarse = slopes(whole, width(8)),
               coarsest = slopes(whole, width(kWidest));
  const double ms = fs / 1000;

  std::vector<int64_t> tops;
  for (int64_t k = 0; k < n_beats; ++k) {
    const int64_t r = beats[k];
    const double last = k > 0 ? static_cast<double>(r - beats[k - 1]) : 0;
    const double next = k + 1 < n_beats ? static_cast<double>(beats[k + 1] - r) : k > 0 ? last : fs;
    const auto rr = static_cast<double>(r);
    find_qrs(fine, r, nearest(std::max(rr - 140 * ms, rr - (k > 0 ? last : next) / 2)),
             nearest(std::min(rr + 180 * ms, rr + next / 2)), ms, tops, waves + k * kWaves);
  }

  Finder t_waves(kT), p_waves(kP);
  for (int64_t k = 0; k < n_beats; ++k) {
    int64_t* const out = waves + k * kWaves;
    if (out[3] < 0) continue;
    const int64_t r = beats[k], begin = k > 0 ? beats[k - 1] : 0, end = k + 1 < n_beats ? beats[k + 1] : n;
    double squares = 0;
    for (int64_t i = begin; i < end; ++i) squares += coarse[at(i)] * coarse[at(i)];
    const double level = end > begin ? std::sqrt(squares / static_cast<double>(end - begin)) : 0;
    const double next = k + 1 < n_beats ? static_cast<double>(end - r) : std::min(fs, static_cast<double>(end - r));
    const double last = k > 0 ? static_cast<double>(r - begin) : std::min(fs, static_cast<double>(r));
    const auto rr = static_cast<double>(r);

    const int64_t from = out[4] + nearest(20 * ms), to = nearest(std::min(rr + 600 * ms, rr + 0.7 * next));
    auto wave = t_waves.find(coarse, from, to, kLeastT * level);
    if (!wave) wave = t_waves.find(coarsest, from, to, kLeastT * level);
    if (wave) {
      const int64_t found[] = {wave->onset, wave->peak, wave->offset};
      for (int i = 0; i < 3; ++i) out[5 + i] = std::clamp(found[i], out[4], n - 1);
    }

    const auto onset = static_cast<double>(out[3]);
    int64_t start = nearest(std::max(onset - 240 * ms, onset - 0.35 * last));
    if (k > 0 && out[7 - kWaves] >= 0) start = std::max(start, out[7 - kWaves]);
    wave = p_waves.find(coarse, start, out[3] - nearest(10 * ms), kLeastP * level);
    if (wave) {
      const int64_t found[] = {wave->onset, wave->peak, wave->offset};
      for (int i = 0; i < 3; ++i) out[i] = std::clamp<int64_t>(found[i], 0, out[3]);
    }
  }
}

template void delineate(const float*, int64_t, double, const int64_t*, int64_t, int64_t*);
template void delineate(const double*, int64_t, double, const int64_t*, int64_t, int64_t*);

}  // namespace marey::ecg
