// How decay_scan cuts a series' channels into items of work: a multiple of every level's lanes.
#pragma once
#include <cstdint>

namespace marey::scan {

inline constexpr std::int64_t block_channels = 8;
constexpr std::int64_t channel_blocks(std::int64_t n_channels) {
  return (n_channels + block_channels - 1) / block_channels;
}

}  // namespace marey::scan
