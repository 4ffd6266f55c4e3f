#include "marey/events/physionet2012.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "marey/core/parallel.hpp"

namespace marey::events::physionet2012 {
namespace {

constexpr int kRecordId = static_cast<int>(kVariables.size());
constexpr int kFirstDescriptor = kRecordId + 1;  // Age, Gender, Height, ICUType; Weight is found as a variable
constexpr int kUnknown = -1;
constexpr std::int64_t kGrain = 16;  // files to a thread, so that it has work for more than its start costs
constexpr std::size_t kWeightDescriptor = kDescriptors.size() - 1;

constexpr int weight_variable() {
  for (std::size_t i = 0; i < kVariables.size(); ++i) {
    if (kVariables[i] == "Weight") return static_cast<int>(i);
  }
  return kUnknown;
}
constexpr int kWeight = weight_variable();

// The 42 names hashed into 128 slots at compile time, probed linearly.
class ParameterTable {
 public:
  constexpr ParameterTable() {
    for (std::size_t i = 0; i < kVariables.size(); ++i) insert(kVariables[i], static_cast<int>(i));
    insert("RecordID", kRecordId);
    for (std::size_t i = 0; i < kWeightDescriptor; ++i) {
      insert(kDescriptors[i], kFirstDescriptor + static_cast<int>(i));
    }
  }

  constexpr int find(std::string_view name) const {
    for (std::size_t at = slot(name);; at = (at + 1) % kSlots) {
      if (entries_[at].name.empty()) return kUnknown;
      if (entries_[at].name == name) return entries_[at].parameter;
    }
  }

 private:
  static constexpr std::size_t kSlots = 128;
  struct Entry {
    std::string_view name{};
    int parameter = kUnknown;
  };

  static constexpr std::size_t slot(std::string_view name) {  // FNV-1a over enough of the name
    std::uint32_t hash = 2166136261U ^ static_cast<std::uint32_t>(name.size());
    for (std::size_t i = 0; i < name.size() && i < 6; ++i) {
      hash = (hash ^ static_cast<unsigned char>(name[i])) * 16777619U;
    }
    return (hash ^ hash >> 15U) % kSlots;
  }

  constexpr void insert(std::string_view name, int parameter) {
    std::size_t at = slot(name);
    while (!entries_[at].name.empty()) at = (at + 1) % kSlots;
    entries_[at].name = name;
    entries_[at].parameter = parameter;
  }

  std::array<Entry, kSlots> entries_{};
};
constexpr ParameterTable kParameters;

struct Event {
  std::int32_t minute;
  std::int32_t code;
  float value;
};

struct Stay {
  std::int64_t id = -1;
  std::array<float, kDescriptors.size()> statics{};
  std::vector<Event> events;
  std::int64_t rows = 0, rows_skipped = 0;
  std::vector<Skipped> skipped;
};

bool parse_minute(std::string_view text, std::int32_t& minute) {
  const std::size_t colon = text.find(':');
  if (colon < 1 || colon > 4 || text.size() != colon + 3) return false;
  std::int32_t hours = 0, minutes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == colon) continue;
    const auto digit = static_cast<unsigned char>(text[i] - '0');
    if (digit > 9) return false;
    std::int32_t& part = i < colon ? hours : minutes;
    part = part * 10 + digit;
  }
  minute = hours * 60 + minutes;
  return minutes < 60;
}

class StayParser {
 public:
  StayParser(const StayFile& source, std::int64_t file) : source_(source), file_(file) {
    stay_.statics.fill(std::numeric_limits<float>::quiet_NaN());
  }

  Stay parse() {
    std::string_view rest = source_.text;
    if (rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
    stay_.events.reserve(rest.size() / 13);  // a usual row has 12 to 14 bytes
    bool saw_header = false;
    for (std::int64_t number = 1; !rest.empty(); ++number) {
      const std::size_t newline = rest.find('\n');
      std::string_view line = rest.substr(0, newline);
      rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.empty()) continue;
      if (saw_header) {
        ++stay_.rows;
        row(number, line);
      } else if (line != "Time,Parameter,Value") {
        ++stay_.rows;
        skip(number, line, Reason::header);
      }
      saw_header = true;
    }
    finish(saw_header);
    return std::move(stay_);
  }

 private:
  void skip(std::int64_t number, std::string_view line, Reason reason) {
    ++stay_.rows_skipped;
    if (static_cast<std::int64_t>(stay_.skipped.size()) < kDetailsPerFile) {
      stay_.skipped.push_back({file_, number, line, reason});
    }
  }

  void row(std::int64_t number, std::string_view line) {
    const std::size_t first = line.find(',');
    const std::size_t second = first == std::string_view::npos ? first : line.find(',', first + 1);
    if (second == std::string_view::npos || line.find(',', second + 1) != std::string_view::npos) {
      return skip(number, line, Reason::fields);
    }
    std::int32_t minute = 0;
    if (!parse_minute(line.substr(0, first), minute)) return skip(number, line, Reason::time);
    const int parameter = kParameters.find(line.substr(first + 1, second - first - 1));
    if (parameter == kUnknown) return skip(number, line, Reason::parameter);
    const std::string_view value_text = line.substr(second + 1);
    if (parameter == kRecordId) return record_id(number, line, minute, value_text);

    float value = 0;
    const char* end = value_text.data() + value_text.size();
    const auto [stop, error] = std::from_chars(value_text.data(), end, value);
    if (stop != end || error == std::errc::invalid_argument) return skip(number, line, Reason::number);
    if (error != std::errc()) return skip(number, line, Reason::range);
    if (!std::isfinite(value)) return skip(number, line, Reason::number);  // "nan" and "inf" are text to the format

    if (parameter == kWeight && value == -1.0F) value = std::numeric_limits<float>::quiet_NaN();
    if (parameter == kWeight && minute == 0 && !seen_[kWeightDescriptor]) {
      seen_[kWeightDescriptor] = true;
      stay_.statics[kWeightDescriptor] = value;
    } else if (parameter < kRecordId) {
      sorted_ = sorted_ && minute >= last_minute_;
      last_minute_ = minute;
      stay_.events.push_back({minute, parameter, value});
    } else {
      const auto which = static_cast<std::size_t>(parameter - kFirstDescriptor);
      if (minute != 0) return skip(number, line, Reason::descriptor_time);
      if (seen_[which]) return skip(number, line, Reason::descriptor_twice);
      seen_[which] = true;
      stay_.statics[which] = value == -1.0F ? std::numeric_limits<float>::quiet_NaN() : value;
    }
  }

  void record_id(std::int64_t number, std::string_view line, std::int32_t minute, std::string_view text) {
    std::int64_t id = -1;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || stop != text.data() + text.size() || id < 0) {
      return skip(number, line, Reason::record_id);
    }
    if (minute != 0) return skip(number, line, Reason::descriptor_time);
    if (stay_.id >= 0) return skip(number, line, Reason::descriptor_twice);
    stay_.id = id;
  }

  void finish(bool has_lines) {
    if (!has_lines) {
      refuse(Reason::file_empty);
    } else if (stay_.id < 0) {
      refuse(Reason::file_without_record_id);
    } else if (source_.id_in_name >= 0 && source_.id_in_name != stay_.id) {
      refuse(Reason::file_name_differs);
    } else if (!sorted_) {
      std::stable_sort(stay_.events.begin(), stay_.events.end(),
                       [](const Event& a, const Event& b) { return a.minute < b.minute; });
    }
  }

  void refuse(Reason reason) {
    stay_.id = -1;
    stay_.skipped.push_back({file_, 0, {}, reason});
  }

  const StayFile& source_;
  std::int64_t file_;
  Stay stay_;
  std::array<bool, kDescriptors.size()> seen_{};
  bool sorted_ = true;
  std::int32_t last_minute_ = 0;
};

// Runs body(i) for i in [0, n) on at most `threads` threads. False when a body threw.
template <class Body>
bool for_each_file(std::int64_t n, int threads, const Body& body) {
  std::atomic<bool> ok{true};
  const std::int64_t grain = std::max<std::int64_t>(kGrain, (n + threads - 1) / threads);
  marey::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    try {
      for (std::int64_t i = begin; i < end; ++i) body(i);
    } catch (...) {
      ok = false;
    }
  });
  return ok;
}

// The readable stays by ascending id; of two files with one id the later is refused.
std::vector<std::size_t> order_by_id(std::vector<Stay>& stays) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    if (stays[i].id >= 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return stays[a].id < stays[b].id; });
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    if (!kept.empty() && stays[kept.back()].id == stays[i].id) {
      stays[i].id = -1;
      stays[i].skipped.push_back({static_cast<std::int64_t>(i), 0, {}, Reason::file_repeats_stay});
    } else {
      kept.push_back(i);
    }
  }
  return kept;
}

void gather(std::vector<Stay>& stays, int threads, Stays& out) {
  const std::vector<std::size_t> order = order_by_id(stays);
  for (Stay& stay : stays) {
    out.rows.push_back(stay.rows);
    out.rows_skipped.push_back(stay.id < 0 ? stay.rows : stay.rows_skipped);
    out.skipped.insert(out.skipped.end(), stay.skipped.begin(), stay.skipped.end());
  }
  out.offsets.push_back(0);
  for (const std::size_t i : order) {
    out.subject_id.push_back(stays[i].id);
    out.file.push_back(static_cast<std::int64_t>(i));
    out.offsets.push_back(out.offsets.back() + static_cast<std::int64_t>(stays[i].events.size()));
    for (std::size_t d = 0; d < kDescriptors.size(); ++d) out.statics[d].push_back(stays[i].statics[d]);
  }
  const auto total = static_cast<std::size_t>(out.offsets.back());
  out.time.resize(total);
  out.code.resize(total);
  out.value.resize(total);
  for_each_file(static_cast<std::int64_t>(order.size()), threads, [&](std::int64_t s) {
    const auto stay = static_cast<std::size_t>(s);
    auto at = static_cast<std::size_t>(out.offsets[stay]);
    for (const Event& event : stays[order[stay]].events) {
      out.time[at] = event.minute / 60.0;
      out.code[at] = event.code;
      out.value[at] = event.value;
      ++at;
    }
  });
}

}  // namespace

Stays read(const StayFile* files, std::int64_t n_files, int threads) noexcept {
  Stays out;
  threads = std::max(threads, 1);
  try {
    std::vector<Stay> stays(static_cast<std::size_t>(n_files));
    const bool ok = for_each_file(n_files, threads, [&](std::int64_t i) {
      stays[static_cast<std::size_t>(i)] = StayParser(files[i], i).parse();
    });
    if (ok) gather(stays, threads, out);
    if (!ok) out.outcome = Outcome::out_of_memory;
  } catch (...) {  // only allocation throws here
    out = Stays();
    out.outcome = Outcome::out_of_memory;
  }
  return out;
}

const char* describe(Reason reason) noexcept {
  switch (reason) {
    case Reason::header: return "the first line is not the header `Time,Parameter,Value`";
    case Reason::fields: return "a row has three fields, Time,Parameter,Value";
    case Reason::time: return "the time is not HH:MM with minutes 00 to 59";
    case Reason::parameter: return "the parameter is not one of the challenge's";
    case Reason::number: return "the value is not a finite decimal number";
    case Reason::range: return "the value does not fit a float32";
    case Reason::descriptor_time: return "a general descriptor stands at another time than 00:00";
    case Reason::descriptor_twice: return "a general descriptor is given a second time";
    case Reason::record_id: return "the RecordID is not a whole number of at least 0";
    case Reason::file_empty: return "the file holds no line";
    case Reason::file_without_record_id: return "the file has no usable RecordID at 00:00";
    case Reason::file_name_differs: return "the RecordID differs from the number in the file's name";
    case Reason::file_repeats_stay: return "another file holds the same stay";
  }
  return "unknown reason";
}

}  // namespace marey::events::physionet2012
