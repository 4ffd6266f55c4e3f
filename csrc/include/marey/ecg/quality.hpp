// Whether a window of a signal with beats can be trusted: a heart's rate, and beats that look like each other.
//
// Source: Orphanidou, Bonnici, Charlton, Clifton, Vallance & Tarassenko, IEEE J Biomed Health Inform 19:832, 2015.
// Cost: linear in the samples.
#pragma once

#include <cstdint>

namespace marey::ecg {

// Beats; their rate a minute; the longest interval in s; the longest over the shortest; the mean correlation of a beat
// with the mean beat, each as long as the median interval and centred on its peak; the share of samples equal to the
// one before; the share missing.
inline constexpr std::int64_t kQualities = 7;

// Windows of `width` samples, `step` apart. out: (n_windows, kQualities), NaN where a value has no meaning.
template <typename T>
void quality(const T* x, std::int64_t n, double fs, const std::int64_t* beats, std::int64_t n_beats, std::int64_t width,
             std::int64_t step, std::int64_t n_windows, double* out);

}  // namespace marey::ecg
