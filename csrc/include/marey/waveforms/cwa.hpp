// Recordings of Axivity AX3 and AX6 (.cwa): a header of 1,024 bytes, then blocks of 512.
//
// Source: Open Movement, Docs/ax3/cwa.h, the format's description. Little-endian, tightly packed.
//
// Cost: one pass over the bytes for the blocks, one for the samples. A block's sizes are checked against the block
// before its samples are counted. A problem is a text and the byte where it stands.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "marey/waveforms/wfdb.hpp"

namespace marey::waveforms {

struct CwaHeader {
  Problem problem;
  std::uint32_t device = 0, session = 0;
  std::int64_t starts = -1, ends = -1;  // of delayed logging, seconds since 1970 in the device's clock; -1: not told
  double fs = 0;                        // Hz
  int range = 0;                        // g
  bool has_gyro = false;
  std::string_view annotation;  // url-encoded pairs
  std::int64_t data_begins = 0;
};
CwaHeader parse_cwa_header(std::string_view bytes);

struct CwaBlock {
  std::int64_t at = 0;     // byte
  std::int64_t first = 0;  // sample of the recording
  std::int64_t samples = 0;
  double time = 0;  // of its first sample, seconds since 1970 in the device's clock
  double fs = 0;
  std::uint32_t sequence = 0, session = 0;
  int axes = 3;
  bool packed = false;                             // ten bits and an exponent
  double unit = 0;                                 // g
  double gyro_unit = 0;                            // degrees a second, 0 where there is none
  double light = 0, temperature = 0, battery = 0;  // raw, degrees Celsius, V
};

struct CwaBlocks {
  Problem problem;       // the first
  std::int64_t bad = 0;  // blocks left out; none but at the problem where it is strict
  std::vector<CwaBlock> blocks;
};
CwaBlocks scan_cwa(std::string_view bytes, std::int64_t data_begins, bool strict);

// acc: (3, total) in g, `stride` apart; gyro likewise in degrees a second, or null. Blocks must be those of `bytes`.
template <typename T>
bool decode_cwa(std::string_view bytes, const std::vector<CwaBlock>& blocks, std::int64_t stride, T* acc,
                T* gyro) noexcept;

}  // namespace marey::waveforms
