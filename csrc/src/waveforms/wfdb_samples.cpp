#include <limits>

#include "marey/waveforms/wfdb.hpp"

namespace marey::waveforms {

namespace {

// Sample `i` of the bytes; `i` counts from the pair that the first byte belongs to.
template <int format>
int sample_at(const unsigned char* p, std::int64_t i) {
  if constexpr (format == 16) return static_cast<std::int16_t>(p[2 * i] | p[2 * i + 1] << 8);
  if constexpr (format == 80) return p[i] - 128;
  const unsigned char* triple = p + i / 2 * 3;
  const int bits = i % 2 == 0 ? (triple[1] & 0x0f) << 8 | triple[0] : (triple[1] & 0xf0) << 4 | triple[2];
  return (bits ^ 0x800) - 0x800;
}

template <int format, typename T>
void decode(const unsigned char* p, const WfdbGroup& group, std::int64_t first, std::int64_t n_frames, bool whole,
            T* const* out, std::int64_t* sums) {
  constexpr int missing = format == 16 ? -32768 : format == 80 ? -128 : -2048;
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  const std::size_t n_signals = group.per_frame.size();
  std::int64_t i = format == 212 ? first % 2 : 0;
  for (std::int64_t frame = 0; frame < n_frames; ++frame) {
    for (std::size_t s = 0; s < n_signals; ++s) {
      const std::int64_t n = group.per_frame[s];
      double total = 0;
      std::int64_t seen = 0;
      for (std::int64_t k = 0; k < n; ++k) {
        const int value = sample_at<format>(p, i++);
        sums[s] += value;
        if (whole) out[s][frame * n + k] = value == missing ? nan : T((value - group.baseline[s]) / group.gain[s]);
        if (value == missing) continue;
        total += value;
        ++seen;
      }
      if (whole) continue;
      out[s][frame] = seen == 0 ? nan : T((total / static_cast<double>(seen) - group.baseline[s]) / group.gain[s]);
    }
  }
}

}  // namespace

std::int64_t wfdb_bytes(std::int64_t format, std::int64_t first, std::int64_t count) noexcept {
  if (count <= 0) return 0;
  if (format == 16) return 2 * count;
  if (format == 80) return count;
  const std::int64_t last = first % 2 + count;  // samples from the first pair on; a lone last one has two bytes
  return last / 2 * 3 + last % 2 * 2;
}

template <typename T>
bool decode_wfdb(std::string_view bytes, const WfdbGroup& group, std::int64_t first_sample, std::int64_t n_frames,
                 bool whole, T* const* out, std::int64_t* sums) noexcept {
  std::int64_t per_frame = 0;
  for (const std::int64_t n : group.per_frame) {
    if (n < 1 || n > kLargestFrame) return false;
    per_frame += n;
  }
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (first_sample < 0 || n_frames < 0 || (per_frame > 0 && n_frames > 2 * size / per_frame)) return false;
  if (wfdb_bytes(group.format, first_sample, n_frames * per_frame) > size) return false;
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  switch (group.format) {
    case 16: decode<16>(p, group, first_sample, n_frames, whole, out, sums); return true;
    case 80: decode<80>(p, group, first_sample, n_frames, whole, out, sums); return true;
    case 212: decode<212>(p, group, first_sample, n_frames, whole, out, sums); return true;
    default: return false;
  }
}

template bool decode_wfdb<float>(std::string_view, const WfdbGroup&, std::int64_t, std::int64_t, bool, float* const*,
                                 std::int64_t*) noexcept;
template bool decode_wfdb<double>(std::string_view, const WfdbGroup&, std::int64_t, std::int64_t, bool, double* const*,
                                  std::int64_t*) noexcept;

}  // namespace marey::waveforms
