// The members of an uncompressed tar archive in memory: names and byte ranges. Nothing is copied or
// extracted.
//
// Source: POSIX.1-2017, pax interchange format; GNU long names ('L') and base-256 sizes; V7 headers.
//
// Cost: one header of 512 bytes per member. A size is believed only where the bytes are there, so none can
// ask for memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace marey::events {

enum class TarProblem : std::uint8_t {
  none,
  header_cut_off,
  bad_checksum,
  bad_size,
  member_cut_off,
  bad_pax_record,
  no_end_marker,
  data_after_end,
  out_of_memory,
};

struct TarMember {
  std::string name;
  char type;  // '0' regular file, '5' folder, else the type flag of the header
  std::string_view bytes;
};

struct TarListing {
  std::vector<TarMember> members;  // those before the problem, when there is one
  TarProblem problem = TarProblem::none;
  std::uint64_t offset = 0;  // of the header where the problem is
};

TarListing list_tar(std::string_view archive) noexcept;

const char* describe(TarProblem problem) noexcept;

}  // namespace marey::events
