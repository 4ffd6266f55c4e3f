// The stages of qrs_detect.hpp over arrays, per instruction set. Outputs may be written up to kSlack values too far.
#pragma once

#include <cstdint>

#include "marey/core/isa.hpp"

namespace marey::ecg {

inline constexpr std::int64_t kSlack = 16;

MAREY_DECLARE_PER_ISA(
    // z[i]: the mean of x[i * step .. (i + 1) * step)
    void qrs_mean(const float* x, std::int64_t step, std::int64_t n, float* z);
    // y[i]: the sum of taps[k] z[i + k]; squares[i]: its square
    void qrs_filter(const float* z, const float* taps, std::int64_t n_taps, std::int64_t n, float* y, float* squares);
    // energy[i]: the sum of squares[i .. i + width)
    void qrs_energy(const float* squares, std::int64_t width, std::int64_t n, float* energy);
    // flags[i]: whether energy[i] lies above energy[i - 1] and not below energy[i + 1]
    void qrs_tops(const float* energy, std::int64_t n, std::uint8_t* flags);
    // out = x - first; whether all of x is finite
    bool qrs_take(const float* x, float first, std::int64_t n, float* out);
    bool qrs_take(const double* x, double first, std::int64_t n, float* out);
    // the first place of the largest |x|, and of the largest sign * x; n > 0, all finite
    std::int64_t qrs_farthest(const float* x, std::int64_t n);
    std::int64_t qrs_highest(const float* x, float sign, std::int64_t n))

}  // namespace marey::ecg
