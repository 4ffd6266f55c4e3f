// Heart beats in an electrocardiogram: filter, energy, peaks, one decision a peak.
//
// Source: the scheme of Pan & Tompkins, IEEE Trans Biomed Eng 32:230, 1985 (signal and noise levels, search back, T
// wave test), with a zero-phase filter of 8 to 20 Hz in place of theirs, so that a peak of energy lies on its QRS
// complex.
//
// Cost: linear in the samples: the mean of `step` samples, one filter and one sum of energy at about 200 Hz, vectors
// over time; then a bounded decision for at most five peaks a second.
//
// Layout: a lead is a stream. Every stage keeps what it still needs, so pieces of any size give the whole's beats.
#pragma once

#include <cstdint>
#include <vector>

namespace marey::ecg {

// What a stage has made and later ones still need: values of indices [base, base + values.size()).
struct Line {
  std::vector<float> values;
  std::int64_t base = 0;

  std::int64_t end() const { return base + static_cast<std::int64_t>(values.size()); }
  const float* at(std::int64_t i) const { return values.data() + (i - base); }
  float* extend(std::int64_t n);    // n values more, to be written
  void forget(std::int64_t first);  // what lies before `first`, now and then
};

struct Peak {
  std::int64_t t;  // decimated index of the top of the energy
  double energy;
  std::int64_t sample;  // of the R peak
};

class QrsDetector {
 public:
  explicit QrsDetector(double fs);

  // Feeds samples; beats that they decide are appended to `beats`. NaN and infinity take the value before them.
  template <typename T>
  void push(const T* x, std::int64_t n, std::vector<std::int64_t>& beats);
  void finish(std::vector<std::int64_t>& beats);  // no sample comes any more

 private:
  void advance(bool last, std::vector<std::int64_t>& beats);
  void top(std::int64_t t, double energy, std::vector<std::int64_t>& beats);
  void peak(Peak peak, std::vector<std::int64_t>& beats);
  void learn(std::vector<std::int64_t>& beats);
  void decide(const Peak& peak, std::vector<std::int64_t>& beats);
  void accept(const Peak& peak, double share, std::vector<std::int64_t>& beats);
  std::int64_t r_peak(std::int64_t t) const;

  double fs_, rate_;
  std::int64_t step_, half_filter_, half_energy_;
  std::vector<float> taps_;
  Line raw_, z_, y_, squares_, energy_;
  std::vector<std::uint8_t> flags_;
  bool started_ = false;
  double first_ = 0, held_ = 0;

  Peak pending_{-1, 0, 0};
  bool learning_ = true;
  std::vector<Peak> waiting_, backlog_;
  double signal_ = 0, noise_ = 0, last_energy_ = 0, mean_rr_;
  std::int64_t last_t_ = -1, quiet_since_ = 0, last_sample_ = -1;
};

}  // namespace marey::ecg
