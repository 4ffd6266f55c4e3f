// libFuzzer target of the WFDB reader: any bytes are a header, samples or annotations. The first byte chooses.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "marey/waveforms/wfdb.hpp"

using namespace marey::waveforms;

#define EXPECT(condition) \
  if (!(condition)) std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::abort()

namespace {

void check_header(std::string_view text) {
  const WfdbHeader header = parse_wfdb_header(text);
  EXPECT(header.problem.offset >= 0 && header.problem.offset <= static_cast<std::int64_t>(text.size()));
  if (header.problem.text != nullptr) return;
  EXPECT(header.fs > 0 && header.frames >= -1);
  for (const WfdbSignal& s : header.signals) {
    EXPECT(s.format == 16 || s.format == 80 || s.format == 212);
    EXPECT(s.per_frame >= 1 && s.per_frame <= kLargestFrame && s.skew >= 0 && s.byte_offset >= 0);
    EXPECT(s.gain != 0 && s.gain - s.gain == 0);
  }
}

void check_samples(std::string_view bytes) {
  if (bytes.size() < 4) return;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  constexpr std::int64_t formats[] = {16, 80, 212, 8};
  const WfdbGroup group{formats[byte(0) % 4], std::vector<std::int64_t>(byte(1) % 4, 1 + byte(0) / 4 % 3),
                        std::vector<double>(byte(1) % 4, 200.0), std::vector<double>(byte(1) % 4, -1.0)};
  const std::int64_t first = byte(2), frames = byte(3);
  const bool whole = byte(1) & 0x80;
  bytes.remove_prefix(4);
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  std::int64_t per_frame = 0;
  for (const std::int64_t n : group.per_frame) {
    values.emplace_back(static_cast<std::size_t>(frames * (whole ? n : 1)), 1e9f);
    per_frame += n;
  }
  for (auto& signal : values) out.push_back(signal.data());
  std::vector<std::int64_t> sums(group.per_frame.size());
  const bool decoded = decode_wfdb<float>(bytes, group, first, frames, whole, out.data(), sums.data());
  const bool known = group.format != 8;
  const bool enough = wfdb_bytes(group.format, first, frames * per_frame) <= static_cast<std::int64_t>(bytes.size());
  EXPECT(!decoded || (known && enough));
  for (const auto& signal : values) {
    for (const float value : signal) EXPECT(!decoded || value < 1e9f || value != value);
  }
}

void check_annotations(std::string_view bytes) {
  const WfdbAnnotations a = parse_wfdb_annotations(bytes);
  const std::size_t n = a.sample.size();
  EXPECT(a.problem.offset >= 0 && a.problem.offset <= static_cast<std::int64_t>(bytes.size()));
  EXPECT(a.code.size() == n && a.channel.size() == n && a.subtype.size() == n && a.number.size() == n);
  EXPECT(a.aux_offsets.size() == n + 1 && a.aux_offsets[0] == 0);
  EXPECT(a.aux_offsets.back() == static_cast<std::int64_t>(a.aux.size()));
  for (std::size_t i = 0; i < n; ++i) EXPECT(a.sample[i] >= 0 && a.aux_offsets[i] <= a.aux_offsets[i + 1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) check_header(bytes);
  if (data[0] % 3 == 1) check_samples(bytes);
  if (data[0] % 3 == 2) check_annotations(bytes);
  return 0;
}
