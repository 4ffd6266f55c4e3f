// Waveform records of PhysioNet (WFDB): the header's text, samples of formats 16, 212 and 80, MIT annotations.
//
// Source: Moody GB. WFDB Applications Guide, header(5), signal(5), annot(5). physionet.org/physiotools/wag
//
// Cost: one pass over the bytes. Nothing is believed before it is there: no size of a header is allocated here.
//
// A problem is a text and the byte where it stands; what came before it is not used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace marey::waveforms {

struct Problem {
  const char* text = nullptr;  // none: all is well
  std::int64_t offset = 0;
};

struct WfdbSignal {
  std::string_view file, units = "mV", description;
  std::int64_t format = 0, per_frame = 1, skew = 0, byte_offset = 0;
  double gain = 200;  // adu per unit
  std::int64_t baseline = 0, adc_zero = 0, checksum = 0;
  bool has_checksum = false;
};

struct WfdbHeader {
  Problem problem;
  std::string_view name, start;
  double fs = 250;           // frames a second
  std::int64_t frames = -1;  // -1: not told
  std::vector<WfdbSignal> signals;
  std::vector<std::string_view> comments;
};

WfdbHeader parse_wfdb_header(std::string_view text);

// The signals of one file, interleaved frame by frame.
struct WfdbGroup {
  std::int64_t format;
  std::vector<std::int64_t> per_frame;
  std::vector<double> gain, baseline;
};

inline constexpr std::int64_t kLargestFrame = 1 << 20;  // samples

// Bytes that hold samples [first, first + count); the first byte is that of sample `first`, or of the pair it is in.
std::int64_t wfdb_bytes(std::int64_t format, std::int64_t first, std::int64_t count) noexcept;

// Frames in physical units, signal after signal: out[s] has n_frames values, the mean over each frame's valid samples,
// or all n_frames * per_frame[s] with `whole`. The sample that marks a missing value is NaN. sums[s] counts the
// samples' total for the checksum. False if `bytes` is too short.
template <typename T>
bool decode_wfdb(std::string_view bytes, const WfdbGroup& group, std::int64_t first_sample, std::int64_t n_frames,
                 bool whole, T* const* out, std::int64_t* sums) noexcept;

struct WfdbAnnotations {
  Problem problem;
  std::vector<std::int64_t> sample, aux_offsets{0};
  std::vector<std::uint8_t> code, channel;
  std::vector<std::int8_t> subtype, number;
  std::string aux;
};

WfdbAnnotations parse_wfdb_annotations(std::string_view bytes);

}  // namespace marey::waveforms
