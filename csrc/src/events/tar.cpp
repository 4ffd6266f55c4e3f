#include "marey/events/tar.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace marey::events {
namespace {

constexpr std::size_t kBlock = 512;

struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kType = 156;

std::string_view field(std::string_view header, Field f) { return header.substr(f.at, f.size); }

std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// Octal digits between blanks or NULs; with the top bit set, a big-endian binary number (GNU, for 8 GiB and
// more).
std::optional<std::uint64_t> number(std::string_view text) {
  constexpr std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  if (static_cast<unsigned char>(text[0]) & 0x80U) {
    if (text[0] != '\x80') return std::nullopt;  // negative, or beyond 88 bits
    for (char c : text.substr(1)) {
      if (value > top >> 8U) return std::nullopt;
      value = value << 8U | static_cast<unsigned char>(c);
    }
    return value;
  }
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_first_of(std::string_view("\0 ", 2)));
  for (char c : text) {
    if (c < '0' || c > '7' || value > top >> 3U) return std::nullopt;
    value = value << 3U | static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

bool checksum_holds(std::string_view header) {
  const auto stated = number(field(header, kChecksum));
  if (!stated) return false;
  std::uint64_t plain = 0, as_signed = 0;  // some old writers summed signed bytes
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool blank = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    const char c = blank ? ' ' : header[i];
    plain += static_cast<unsigned char>(c);
    as_signed += static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<signed char>(c)));
  }
  return *stated == plain || *stated == as_signed;
}

std::string header_name(std::string_view header) {
  const std::string_view name = until_nul(field(header, kName));
  const std::string_view prefix = until_nul(field(header, kPrefix));
  const bool posix = field(header, kMagic) == std::string_view("ustar\0", 6);  // GNU keeps times in that place
  if (!posix || prefix.empty()) return std::string(name);
  return std::string(prefix) + "/" + std::string(name);
}

struct Extended {  // what pax records and GNU long names say about the next member
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
};

// Records "<length> <key>=<value>\n", where length counts the whole record.
bool read_pax(std::string_view records, Extended& next) {
  while (!records.empty() && records[0] != '\0') {
    std::uint64_t length = 0;
    const char* end = records.data() + records.size();
    const auto [after, error] = std::from_chars(records.data(), end, length);
    if (error != std::errc() || after == end || *after != ' ' || length > records.size()) return false;
    const auto start = static_cast<std::size_t>(after - records.data()) + 1;
    if (length <= start || records[length - 1] != '\n') return false;
    const std::string_view record = records.substr(start, length - 1 - start);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") next.name = std::string(value);
    if (key == "size") {
      std::uint64_t size = 0;
      const auto [stop, bad] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (bad != std::errc() || stop != value.data() + value.size()) return false;
      next.size = size;
    }
    records.remove_prefix(length);
  }
  return true;
}

bool carries_data(char type) { return type < '1' || type > '6'; }  // links, devices, folders and pipes have none

void list_members(std::string_view archive, TarListing& listing) {
  Extended next;
  const auto fail = [&](TarProblem problem) { listing.problem = problem; };
  for (std::uint64_t at = 0;;) {
    listing.offset = at;
    if (at == archive.size()) return fail(TarProblem::no_end_marker);
    const std::string_view header = archive.substr(at, kBlock);
    if (header.size() < kBlock) return fail(TarProblem::header_cut_off);
    if (all_zero(header)) return all_zero(archive.substr(at)) ? void() : fail(TarProblem::data_after_end);
    if (!checksum_holds(header)) return fail(TarProblem::bad_checksum);

    const char flag = header[kType];
    const bool about_next = flag == 'x' || flag == 'L' || flag == 'K' || flag == 'g';
    auto size = number(field(header, kSize));
    if (!about_next && next.size) size = next.size;
    if (!size) return fail(TarProblem::bad_size);
    if (!carries_data(flag)) size = 0;
    const std::uint64_t left = archive.size() - at - kBlock;
    if (*size > left) return fail(TarProblem::member_cut_off);
    const std::string_view bytes = archive.substr(at + kBlock, *size);

    if (flag == 'L') {
      next.name = std::string(until_nul(bytes));
    } else if (flag == 'x') {
      if (!read_pax(bytes, next)) return fail(TarProblem::bad_pax_record);
    } else if (!about_next) {
      std::string name = next.name ? std::move(*next.name) : header_name(header);
      const bool folder = flag == '5' || (!name.empty() && name.back() == '/');
      const bool regular = flag == '0' || flag == '\0' || flag == '7';
      listing.members.push_back({std::move(name), folder ? '5' : regular ? '0' : flag, bytes});
      next = {};
    }
    const std::uint64_t padded = (*size + kBlock - 1) / kBlock * kBlock;
    if (padded > left) return fail(TarProblem::header_cut_off);
    at += kBlock + padded;
  }
}

}  // namespace

TarListing list_tar(std::string_view archive) noexcept {
  TarListing listing;
  try {
    list_members(archive, listing);
  } catch (...) {  // only allocation throws here
    listing.problem = TarProblem::out_of_memory;
  }
  return listing;
}

const char* describe(TarProblem problem) noexcept {
  switch (problem) {
    case TarProblem::none: return "";
    case TarProblem::header_cut_off: return "the archive is cut off inside a block of 512 bytes";
    case TarProblem::bad_checksum: return "the checksum of a header does not hold: not a tar archive, or damaged";
    case TarProblem::bad_size: return "the size in a header is not a number";
    case TarProblem::member_cut_off: return "a header states more bytes than the archive has left";
    case TarProblem::bad_pax_record: return "a pax header has a malformed record";
    case TarProblem::no_end_marker: return "the archive ends without its end marker: cut off?";
    case TarProblem::data_after_end: return "there is data after the end marker of the archive";
    case TarProblem::out_of_memory: return "out of memory while listing the archive";
  }
  return "unknown problem";
}

}  // namespace marey::events
