// Systolic peaks of a filtered photoplethysmogram: blocks in which its energy over a peak's length lies above that over
// a beat's.
//
// Source: Elgendi, Norton, Brearley, Abbott & Schuurmans, PLoS ONE 8:e76585, 2013. Cost: two running sums.
#pragma once

#include <cstdint>
#include <vector>

namespace marey::ppg {

// y: (n,), filtered to 0.5 to 8 Hz with zero phase. Samples of the peaks, rising.
std::vector<std::int64_t> ppg_peaks(const double* y, std::int64_t n, double fs);

}  // namespace marey::ppg
