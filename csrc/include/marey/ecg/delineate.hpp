// Where the waves of each beat begin, peak and end: slopes of the signal, smoothed as wide as the wave asks for.
//
// Source: Martinez, Almeida, Olmos, Rocha & Laguna, IEEE Trans Biomed Eng 51:570, 2004. Their quadratic spline wavelet
// of scale 2^k is three means of 2^(k-1) samples at 250 Hz and a difference over as many: here the width is that
// duration at any rate. A wave is a pair of slopes of opposite sign, its peak where they meet, its ends where the outer
// slopes have fallen to a share of their tops. QRS at scale 4, P and T at 16, T where there is none also at 32.
//
// Cost: linear in the samples, 12 running sums.
#pragma once

#include <cstdint>

namespace marey::ecg {

// P onset, peak, offset; QRS onset, offset; T onset, peak, offset.
inline constexpr std::int64_t kWaves = 8;

// `beats`: samples of R peaks, rising, in [0, n). waves: (n_beats, kWaves), -1 where there is none. NaN and infinity
// in x are taken as the value before them.
template <typename T>
void delineate(const T* x, std::int64_t n, double fs, const std::int64_t* beats, std::int64_t n_beats,
               std::int64_t* waves);

}  // namespace marey::ecg
