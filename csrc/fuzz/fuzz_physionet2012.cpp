// libFuzzer target of the challenge's reader: any bytes are a tar archive, or texts one after the other.
//
// The first byte chooses. An archive gets good checksums first, so that mutations reach what lies behind them; texts
// end at bytes 0xFE. Whatever comes in, the result must be consistent: that is checked beside what the sanitizers see.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "marey/events/physionet2012.hpp"
#include "marey/events/tar.hpp"

namespace p12 = marey::events::physionet2012;

#define EXPECT(condition) \
  if (!(condition)) std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::abort()

namespace {

void mend_checksums(std::string& archive) {
  for (std::size_t at = 0; at + 512 <= archive.size(); at += 512) {
    if (archive.compare(at + 257, 5, "ustar") != 0) continue;
    archive.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(archive[at + i]);
    char text[9];
    std::snprintf(text, sizeof text, "%06o", sum);
    archive.replace(at + 148, 7, text, 7);
  }
}

std::vector<p12::StayFile> members_of(std::string_view archive) {
  const marey::events::TarListing listing = marey::events::list_tar(archive);
  EXPECT(listing.offset <= archive.size());
  EXPECT(marey::events::describe(listing.problem) != nullptr);
  std::vector<p12::StayFile> files;
  for (const marey::events::TarMember& member : listing.members) {
    EXPECT(member.name.size() <= archive.size());
    EXPECT(member.bytes.data() >= archive.data());
    EXPECT(member.bytes.data() + member.bytes.size() <= archive.data() + archive.size());
    files.push_back({member.bytes, -1});
  }
  return files;
}

std::vector<p12::StayFile> texts_of(std::string_view bytes) {
  std::vector<p12::StayFile> files;
  for (std::size_t at = 0; at <= bytes.size();) {
    const std::size_t end = std::min(bytes.find('\xFE', at), bytes.size());
    files.push_back({bytes.substr(at, end - at), files.size() % 2 ? 1 : -1});
    at = end + 1;
  }
  return files;
}

std::int64_t rows_in(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::int64_t rows = 0;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const bool blank = line.empty() || line == "\r";
    const bool header = first && (line == "Time,Parameter,Value" || line == "Time,Parameter,Value\r");
    if (!blank && !header) ++rows;
    if (!blank) first = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

void check(const std::vector<p12::StayFile>& files, const p12::Stays& stays) {
  const std::size_t n = stays.subject_id.size(), total = stays.time.size();
  EXPECT(stays.outcome == p12::Outcome::ok);
  EXPECT(stays.offsets.size() == n + 1 && stays.offsets.front() == 0);
  EXPECT(stays.offsets.back() == static_cast<std::int64_t>(total));
  EXPECT(stays.file.size() == n && stays.code.size() == total && stays.value.size() == total);
  for (const auto& column : stays.statics) EXPECT(column.size() == n);
  for (std::size_t s = 0; s < n; ++s) {
    EXPECT(s == 0 || stays.subject_id[s - 1] < stays.subject_id[s]);
    EXPECT(stays.offsets[s] <= stays.offsets[s + 1]);
    for (auto i = static_cast<std::size_t>(stays.offsets[s]); i < static_cast<std::size_t>(stays.offsets[s + 1]); ++i) {
      EXPECT(i == static_cast<std::size_t>(stays.offsets[s]) || stays.time[i - 1] <= stays.time[i]);
      EXPECT(stays.time[i] >= 0 && stays.time[i] < 10000);
      EXPECT(stays.code[i] >= 0 && stays.code[i] < static_cast<std::int32_t>(p12::kVariables.size()));
    }
  }
  EXPECT(stays.rows.size() == files.size() && stays.rows_skipped.size() == files.size());
  std::int64_t accepted = 0;
  for (std::size_t f = 0; f < files.size(); ++f) {
    EXPECT(stays.rows[f] == rows_in(files[f].text));
    EXPECT(stays.rows_skipped[f] >= 0 && stays.rows_skipped[f] <= stays.rows[f]);
    accepted += stays.rows[f] - stays.rows_skipped[f];
  }
  const auto descriptors = accepted - static_cast<std::int64_t>(total);
  EXPECT(descriptors >= static_cast<std::int64_t>(n) && descriptors <= static_cast<std::int64_t>(6 * n));
  for (const p12::Skipped& skipped : stays.skipped) {
    EXPECT(skipped.file >= 0 && skipped.file < static_cast<std::int64_t>(files.size()));
    EXPECT(skipped.line >= 0 && p12::describe(skipped.reason) != nullptr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool archive = data[0] % 2 == 1;
  if (archive) mend_checksums(bytes);
  const std::vector<p12::StayFile> files = archive ? members_of(bytes) : texts_of(bytes);
  check(files, p12::read(files.data(), static_cast<std::int64_t>(files.size()), 1));
  return 0;
}
