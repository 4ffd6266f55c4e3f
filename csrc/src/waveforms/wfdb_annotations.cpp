#include "marey/waveforms/wfdb.hpp"

namespace marey::waveforms {

namespace {

constexpr int kSkip = 59, kNumber = 60, kSubtype = 61, kChannel = 62, kAux = 63;
constexpr std::int64_t kLatest = std::int64_t{1} << 53;

}  // namespace

// Words of 16 bits, low byte first: six bits of code, ten of the time since the annotation before. Codes from 59 on
// say more about the annotation before them, or skip time.
WfdbAnnotations parse_wfdb_annotations(std::string_view bytes) {
  WfdbAnnotations out;
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t size = bytes.size();
  std::int64_t time = 0;
  std::int8_t number = 0;
  std::uint8_t channel = 0;
  std::size_t at = 0;
  const auto fail = [&](const char* text) { out.problem = {text, static_cast<std::int64_t>(at)}; };
  const auto word_at = [&](std::size_t i) { return static_cast<std::uint32_t>(p[i] | p[i + 1] << 8); };
  for (; at + 2 <= size;) {
    const std::uint32_t word = word_at(at);
    if (word == 0) return out;
    const int code = static_cast<int>(word >> 10), low = static_cast<int>(word & 0x3ff);
    if (code == kSkip) {
      if (at + 6 > size) break;
      time += static_cast<std::int32_t>(word_at(at + 2) << 16 | word_at(at + 4));
      if (time > kLatest || time < -kLatest) return fail("the time is out of range"), out;
      at += 6;
    } else if (code < kSkip) {
      time += low;
      if (time < 0) return fail("an annotation lies before the record begins"), out;
      out.sample.push_back(time);
      out.code.push_back(static_cast<std::uint8_t>(code));
      out.subtype.push_back(0);
      out.number.push_back(number);
      out.channel.push_back(channel);
      out.aux_offsets.push_back(out.aux_offsets.back());
      at += 2;
    } else if (out.sample.empty()) {
      return fail("there is no annotation that this adds to"), out;
    } else if (code == kAux) {
      const std::size_t n = static_cast<std::size_t>(low), padded = n + n % 2;
      if (at + 2 + padded > size) break;
      out.aux.append(bytes.substr(at + 2, n));
      out.aux_offsets.back() = static_cast<std::int64_t>(out.aux.size());
      at += 2 + padded;
    } else {
      if (code == kNumber) out.number.back() = number = static_cast<std::int8_t>(low);
      if (code == kChannel) out.channel.back() = channel = static_cast<std::uint8_t>(low);
      if (code == kSubtype) out.subtype.back() = static_cast<std::int8_t>(low);
      at += 2;
    }
  }
  fail("the file ends without its end mark");
  return out;
}

}  // namespace marey::waveforms
