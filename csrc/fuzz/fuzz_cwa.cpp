// libFuzzer target of the .cwa reader: any bytes are a file. The first byte chooses what is left of the checksums:
// with an odd one they are mended, so that mutations reach what lies behind them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "marey/waveforms/cwa.hpp"

using namespace marey::waveforms;

#define EXPECT(condition) \
  if (!(condition)) std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::abort()

namespace {

void mend(std::string& bytes) {
  for (std::size_t at = 1024; at + 512 <= bytes.size(); at += 512) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < 510; i += 2) {
      sum += static_cast<unsigned char>(bytes[at + i]) | static_cast<unsigned char>(bytes[at + i + 1]) << 8;
    }
    bytes[at + 510] = static_cast<char>((0u - sum) & 0xff);
    bytes[at + 511] = static_cast<char>((0u - sum) >> 8 & 0xff);
  }
}

void check(const std::string& bytes, bool strict) {
  const CwaHeader header = parse_cwa_header(bytes);
  const auto size = static_cast<std::int64_t>(bytes.size());
  EXPECT(header.problem.offset >= 0 && header.problem.offset <= size);
  if (header.problem.text != nullptr) return;
  EXPECT(header.fs > 0 && header.range > 0 && header.data_begins == 1024);
  const CwaBlocks found = scan_cwa(bytes, header.data_begins, strict);
  EXPECT(found.problem.offset >= 0 && found.problem.offset <= size);
  EXPECT((found.problem.text != nullptr) == (found.bad > 0) && (!strict || found.bad <= 1));
  std::int64_t total = 0;
  for (const CwaBlock& block : found.blocks) {
    EXPECT(block.first == total && block.samples >= 0 && block.samples <= 120 && block.at + 512 <= size);
    EXPECT(block.fs == found.blocks.front().fs && block.unit > 0 && block.time - block.time == 0);
    total += block.samples;
  }
  std::vector<float> acc(3 * total), gyro(3 * total);
  EXPECT(decode_cwa(bytes, found.blocks, total, acc.data(), gyro.data()));
  EXPECT(total == 0 || !decode_cwa(bytes, found.blocks, total - 1, acc.data(), gyro.data()));
  for (const float v : acc) EXPECT(v >= -128 && v <= 128);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) mend(bytes);
  check(bytes, data[0] / 2 % 2 == 1);
  return 0;
}
