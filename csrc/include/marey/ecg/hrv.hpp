// Heart-rate variability of one window of intervals: time, frequency and non-linear measures.
//
// Sources: Task Force, Circulation 93:1043, 1996; Brennan, IEEE Trans Biomed Eng 48:1342, 2001 (Poincare plot);
// Piskorski & Guzik, Med Biol Eng Comput 49:1289, 2011, and Yan, Biomed Eng Online 16:112, 2017 (asymmetry); Costa,
// Front Physiol 8:255, 2017 (fragmentation); Peng, Chaos 5:82, 1995, and Kantelhardt, Physica A 316:87, 2002
// (fluctuation); Wu, Entropy 15:1069, 2013 (composite multiscale entropy); Cysarz, Eur Phys J Spec Top 222:487, 2013
// (symbols). The names are those of NeuroKit2.
//
// Cost: time and Poincare measures O(n log n); the spectrum O(n x frequencies); fluctuation O(n x scales); entropies
// and the correlation dimension O(n^2) pairs, in vectors.
#pragma once

#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::ecg {

// Intervals in ms that are known, and the time in s at which each ends. Between neighbours whose times differ by more
// than the interval something is missing, and no difference is taken.
struct Intervals {
  const double *rr, *t;
  std::int64_t n;
};

inline constexpr const char* kTimeNames[] = {"MeanNN", "SDNN",  "SDANN1",  "SDNNI1",  "SDANN2",  "SDNNI2",   "SDANN5",
                                             "SDNNI5", "RMSSD", "SDSD",    "CVNN",    "CVSD",    "MedianNN", "MadNN",
                                             "MCVNN",  "IQRNN", "SDRMSSD", "Prc20NN", "Prc80NN", "pNN50",    "pNN20",
                                             "MinNN",  "MaxNN", "HTI",     "TINN"};
inline constexpr const char* kFrequencyNames[] = {"ULF", "VLF", "LF", "HF", "VHF", "TP", "LFHF", "LFn", "HFn", "LnHF"};
inline constexpr const char* kNonlinearNames[] = {"SD1",
                                                  "SD2",
                                                  "SD1SD2",
                                                  "S",
                                                  "CSI",
                                                  "CVI",
                                                  "CSI_Modified",
                                                  "PIP",
                                                  "IALS",
                                                  "PSS",
                                                  "PAS",
                                                  "GI",
                                                  "SI",
                                                  "AI",
                                                  "PI",
                                                  "C1d",
                                                  "C1a",
                                                  "SD1d",
                                                  "SD1a",
                                                  "C2d",
                                                  "C2a",
                                                  "SD2d",
                                                  "SD2a",
                                                  "Cd",
                                                  "Ca",
                                                  "SDNNd",
                                                  "SDNNa",
                                                  "DFA_alpha1",
                                                  "MFDFA_alpha1_Width",
                                                  "MFDFA_alpha1_Peak",
                                                  "MFDFA_alpha1_Mean",
                                                  "MFDFA_alpha1_Max",
                                                  "MFDFA_alpha1_Delta",
                                                  "MFDFA_alpha1_Asymmetry",
                                                  "MFDFA_alpha1_Fluctuation",
                                                  "MFDFA_alpha1_Increment",
                                                  "DFA_alpha2",
                                                  "MFDFA_alpha2_Width",
                                                  "MFDFA_alpha2_Peak",
                                                  "MFDFA_alpha2_Mean",
                                                  "MFDFA_alpha2_Max",
                                                  "MFDFA_alpha2_Delta",
                                                  "MFDFA_alpha2_Asymmetry",
                                                  "MFDFA_alpha2_Fluctuation",
                                                  "MFDFA_alpha2_Increment",
                                                  "ApEn",
                                                  "SampEn",
                                                  "ShanEn",
                                                  "FuzzyEn",
                                                  "MSEn",
                                                  "CMSEn",
                                                  "RCMSEn",
                                                  "CD",
                                                  "HFD",
                                                  "KFD",
                                                  "LZC",
                                                  "Symbolic_EqualProb4_0V",
                                                  "Symbolic_EqualProb4_1V",
                                                  "Symbolic_EqualProb4_2LV",
                                                  "Symbolic_EqualProb4_2UV"};

// Each writes one value a name, in that order; NaN where the window is too short or too even for the measure.
void hrv_time(const Intervals& a, double* out);
void hrv_frequency(const Intervals& a, double oversampling, double* out);
void hrv_nonlinear(const Intervals& a, double* out);

// The parts of the last.
void hrv_poincare(const Intervals& a, double* out);    // SD1 .. SDNNa
void hrv_fractal(const Intervals& a, double* out);     // DFA_alpha1 .. MFDFA_alpha2_Increment
void hrv_complexity(const Intervals& a, double* out);  // ApEn .. Symbolic_EqualProb4_2UV

bool successive(const Intervals& a, std::int64_t i);  // whether interval i + 1 follows i with none missing
double sample_std(const double* x, std::int64_t n);
double slope(const double* x, const double* y, std::int64_t n);

inline constexpr std::int64_t kPadding = 10;  // values behind the last that kernels read or write

// squared[j - i - 1]: the squared distance of the points (x[i], x[i + 1]) and (x[j], x[j + 1]), for j in (i, n);
// written up to 8 values too far, read from x as far. And the largest of all pairs.
MAREY_DECLARE_PER_ISA(void squared_distances(const double* x, std::int64_t i, std::int64_t n, double* squared);
                      double largest_squared_distance(const double* x, std::int64_t n))

// Pairs of templates of two values, and of three, that agree within the tolerance; the padding of x is NaN.
MAREY_DECLARE_PER_ISA(void count_all_pairs(const double* x, std::int64_t n, double tolerance, std::int64_t counts[2]))

}  // namespace marey::ecg
