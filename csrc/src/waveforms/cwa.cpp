#include "marey/waveforms/cwa.hpp"

#include <algorithm>

namespace marey::waveforms {

namespace {

constexpr std::int64_t kBlock = 512, kSamplesAt = 30, kSampleBytes = 480;

std::uint32_t byte_at(std::string_view b, std::int64_t i) { return static_cast<unsigned char>(b[std::size_t(i)]); }
std::uint32_t u16(std::string_view b, std::int64_t i) { return byte_at(b, i) | byte_at(b, i + 1) << 8; }
std::uint32_t u32(std::string_view b, std::int64_t i) { return u16(b, i) | u16(b, i + 2) << 16; }
int i16(std::string_view b, std::int64_t i) { return static_cast<std::int16_t>(u16(b, i)); }

bool is(std::string_view b, std::int64_t i, const char* two) {
  return b[std::size_t(i)] == two[0] && b[std::size_t(i) + 1] == two[1];
}

// Seconds since 1970 of a packed date, -1 if it is none.
std::int64_t seconds_of(std::uint32_t packed) {
  const int year = 2000 + int(packed >> 26 & 0x3f), month = int(packed >> 22 & 0xf), day = int(packed >> 17 & 0x1f);
  const int hour = int(packed >> 12 & 0x1f), minute = int(packed >> 6 & 0x3f), second = int(packed & 0x3f);
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return -1;
  const bool leap = year % 4 == 0;  // 2000 to 2063
  if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) return -1;
  std::int64_t days = 10957 + 365 * std::int64_t(year - 2000) + (year - 2000 + 3) / 4;  // of the years before
  for (int m = 1; m < month; ++m) days += lengths[m - 1] + (m == 2 && leap);
  return (days + day - 1) * 86400 + hour * 3600 + minute * 60 + second;
}

double rate_of(std::uint32_t code) { return 3200.0 / double(1u << (15 - (code & 0xf))); }

const char* read_block(std::string_view bytes, CwaBlock& block, std::int64_t& wrong) {
  const std::int64_t at = block.at;
  const auto bad = [&](std::int64_t field, const char* text) {
    wrong = at + field;
    return text;
  };
  if (!is(bytes, at, "AX")) return bad(0, "no block begins here");
  if (u16(bytes, at + 2) != 508) return bad(2, "the block's length is not 508");
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < kBlock; i += 2) sum += u16(bytes, at + i);
  if ((sum & 0xffff) != 0) return bad(510, "the block's checksum is wrong");
  const std::uint32_t fraction = u16(bytes, at + 4), light = u16(bytes, at + 18), code = byte_at(bytes, at + 24),
                      layout = byte_at(bytes, at + 25);
  const std::int64_t second = seconds_of(u32(bytes, at + 14));
  if (second < 0) return bad(14, "the block's time is no date");
  if (code == 0) return bad(24, "the block tells no rate, as firmware before 2010 did not");
  block.session = u32(bytes, at + 6);
  block.sequence = u32(bytes, at + 10);
  block.fs = rate_of(code);
  block.axes = int(layout >> 4);
  block.packed = (layout & 0xf) == 0;
  if (!block.packed && (layout & 0xf) != 2) return bad(25, "the block's samples are neither packed nor of 16 bits");
  if (block.packed ? block.axes != 3 : block.axes != 3 && block.axes != 6 && block.axes != 9) {
    return bad(25, "the block has a number of axes that no device has");
  }
  block.samples = u16(bytes, at + 28);
  if (block.samples * (block.packed ? 4 : 2 * block.axes) > kSampleBytes) {
    return bad(28, "the block tells more samples than it has room for");
  }
  block.unit = block.packed ? 1.0 / 256 : 1.0 / double(1u << (8 + (light >> 13)));
  block.gyro_unit = block.axes > 3 ? 8000.0 / double(1u << (light >> 10 & 7)) / 32768 : 0.0;
  block.light = double(light & 0x3ff);
  block.temperature = double(u16(bytes, at + 20) & 0x3ff) * 75.0 / 256 - 50;
  block.battery = (double(byte_at(bytes, at + 23)) + 512) * 6 / 1024;
  // The whole second is at sample `offset` of an ideal clock, as devices with a fraction have corrected it already.
  const double offset = i16(bytes, at + 26);
  double clock = double(second), sample = offset;
  if (fraction & 0x8000) {
    clock += double(fraction & 0x7fff) / 32768;
    sample += double(fraction & 0x7fff) / 32768 * block.fs;
  }
  block.time = clock - sample / block.fs;
  return nullptr;
}

template <typename T>
void decode_block(std::string_view bytes, const CwaBlock& block, std::int64_t stride, T* acc, T* gyro) {
  const std::int64_t from = block.at + kSamplesAt;
  for (std::int64_t i = 0; i < block.samples; ++i) {
    const std::int64_t to = block.first + i;
    if (block.packed) {
      const std::uint32_t bits = u32(bytes, from + 4 * i);
      for (int axis = 0; axis < 3; ++axis) {
        const int value = int((bits >> (10 * axis) & 0x3ff) ^ 0x200) - 0x200;
        acc[axis * stride + to] = T(value * (1 << (bits >> 30)) * block.unit);
      }
    } else {
      const std::int64_t p = from + 2 * block.axes * i;
      const int before = block.axes > 3 ? 3 : 0;
      for (int axis = 0; axis < 3; ++axis) {
        acc[axis * stride + to] = T(i16(bytes, p + 2 * (before + axis)) * block.unit);
        if (gyro != nullptr && before > 0) gyro[axis * stride + to] = T(i16(bytes, p + 2 * axis) * block.gyro_unit);
      }
    }
  }
}

}  // namespace

CwaHeader parse_cwa_header(std::string_view bytes) {
  CwaHeader header;
  const auto bad = [&](std::int64_t offset, const char* text) {
    header.problem = {text, std::min<std::int64_t>(offset, std::int64_t(bytes.size()))};
    return header;
  };
  if (bytes.size() < 4) return bad(std::int64_t(bytes.size()), "the file ends within the header");
  if (!is(bytes, 0, "MD")) return bad(0, "this is no .cwa file");
  if (u16(bytes, 2) != 1020) return bad(2, "the header's length is not 1020");
  if (bytes.size() < 1024) return bad(std::int64_t(bytes.size()), "the file ends within the header");
  const std::uint32_t upper = u16(bytes, 11), sensor = byte_at(bytes, 35), code = byte_at(bytes, 36);
  header.device = u16(bytes, 5) | (upper == 0xffff ? 0 : upper << 16);
  header.session = u32(bytes, 7);
  header.starts = seconds_of(u32(bytes, 13));
  header.ends = seconds_of(u32(bytes, 17));
  header.fs = rate_of(code);
  header.range = 16 >> (code >> 6);
  header.has_gyro = sensor != 0 && sensor != 0xff;
  std::string_view text = bytes.substr(64, 448);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0' || text.back() == '\xff')) text.remove_suffix(1);
  header.annotation = text;
  header.data_begins = 1024;
  return header;
}

CwaBlocks scan_cwa(std::string_view bytes, std::int64_t data_begins, bool strict) {
  CwaBlocks found;
  const auto size = std::int64_t(bytes.size());
  const auto bad = [&](std::int64_t offset, const char* text) {
    if (found.problem.text == nullptr) found.problem = {text, offset};
    ++found.bad;
  };
  std::int64_t total = 0;
  for (std::int64_t at = std::max<std::int64_t>(0, data_begins); at < size; at += kBlock) {
    if (size - at < kBlock) {
      bad(size, "the file ends within a block");
      break;
    }
    const char empty = bytes[std::size_t(at)];  // the device's memory behind the recording
    if ((empty == '\0' || empty == '\xff') &&
        std::all_of(bytes.begin() + at, bytes.begin() + at + kBlock, [&](char c) { return c == empty; })) {
      continue;
    }
    CwaBlock block;
    block.at = at;
    block.first = total;
    std::int64_t wrong = at;
    const char* text = read_block(bytes, block, wrong);
    if (text == nullptr && !found.blocks.empty()) {
      if (block.fs != found.blocks.front().fs) text = "the rate is not that of the first block", wrong = at + 24;
      if ((block.axes > 3) != (found.blocks.front().axes > 3))
        text = "the axes are not those of the first block", wrong = at + 25;
    }
    if (text != nullptr) {
      bad(wrong, text);
      if (strict) break;
      continue;
    }
    total += block.samples;
    found.blocks.push_back(block);
  }
  return found;
}

template <typename T>
bool decode_cwa(std::string_view bytes, const std::vector<CwaBlock>& blocks, std::int64_t stride, T* acc,
                T* gyro) noexcept {
  for (const CwaBlock& block : blocks) {
    const std::int64_t width = block.packed ? 4 : 2 * block.axes;
    if (block.at < 0 || block.at + kBlock > std::int64_t(bytes.size()) || block.first < 0 || block.samples < 0 ||
        block.samples * width > kSampleBytes || block.first + block.samples > stride) {
      return false;
    }
    decode_block(bytes, block, stride, acc, gyro);
  }
  return true;
}

template bool decode_cwa(std::string_view, const std::vector<CwaBlock>&, std::int64_t, float*, float*) noexcept;
template bool decode_cwa(std::string_view, const std::vector<CwaBlock>&, std::int64_t, double*, double*) noexcept;

}  // namespace marey::waveforms
