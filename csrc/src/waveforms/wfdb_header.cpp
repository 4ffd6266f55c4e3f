#include <algorithm>
#include <charconv>

#include "marey/waveforms/wfdb.hpp"

namespace marey::waveforms {

namespace {

constexpr std::string_view kBlank = " \t\r";

// The words of a line, one after the other.
struct Words {
  std::string_view rest;

  std::string_view next() {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    const std::size_t end = std::min(rest.find_first_of(kBlank), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
  }
  std::string_view remainder() {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
    const std::size_t end = rest.find_last_not_of(kBlank);
    return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end + 1);
  }
};

// Takes a number off the front of `text`.
template <typename T>
bool take(std::string_view& text, T& value) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

template <typename T>
bool whole_number(std::string_view text, T& value) {
  return take(text, value) && text.empty();
}

bool finite(double value) { return value - value == 0; }

// name nsig [fs[/counter[(base)]] [frames [time date]]]
const char* parse_record_line(std::string_view line, WfdbHeader& header, std::int64_t& n_signals) {
  Words words{line};
  header.name = words.next();
  if (header.name.find('/') != std::string_view::npos) return "a record of several segments is not read";
  if (!whole_number(words.next(), n_signals) || n_signals < 0) return "the number of signals is no whole number";
  std::string_view word = words.next();
  if (word.empty()) return nullptr;
  word = word.substr(0, word.find('/'));  // a counter frequency changes no sample
  if (!take(word, header.fs) || !word.empty()) return "the sampling frequency is no number";
  if (!(header.fs > 0) || !finite(header.fs)) return "the sampling frequency is not positive and finite";
  word = words.next();
  if (word.empty()) return nullptr;
  if (!whole_number(word, header.frames) || header.frames < 0) return "the number of samples is no whole number";
  if (header.frames == 0) header.frames = -1;  // the format's word for "not told"
  header.start = words.remainder();
  return nullptr;
}

// 212x4:2+512 -> format, samples a frame, skew, byte offset
const char* parse_format(std::string_view word, WfdbSignal& signal) {
  if (!take(word, signal.format)) return "the format is no number";
  for (std::int64_t* field : {&signal.per_frame, &signal.skew, &signal.byte_offset}) {
    const char mark = field == &signal.per_frame ? 'x' : field == &signal.skew ? ':' : '+';
    if (word.empty() || word[0] != mark) continue;
    word.remove_prefix(1);
    if (!take(word, *field)) return "a number after the format is missing";
  }
  if (!word.empty()) return "the format ends in what is none of xN, :N and +N";
  if (signal.format != 16 && signal.format != 80 && signal.format != 212) {
    return "the format is none of 16, 80 and 212";
  }
  if (signal.per_frame < 1 || signal.per_frame > kLargestFrame) return "the samples per frame are out of range";
  if (signal.skew < 0 || signal.byte_offset < 0) return "a skew or a byte offset is negative";
  return nullptr;
}

// 200(1024)/mV
const char* parse_gain(std::string_view word, WfdbSignal& signal, bool& has_baseline) {
  if (!take(word, signal.gain) || !finite(signal.gain)) return "the gain is no number";
  if (signal.gain == 0) signal.gain = 200;  // the format's word for "not calibrated"
  if (!word.empty() && word[0] == '(') {
    word.remove_prefix(1);
    if (!take(word, signal.baseline) || word.empty() || word[0] != ')') return "the baseline is no number in brackets";
    word.remove_prefix(1);
    has_baseline = true;
  }
  if (word.empty()) return nullptr;
  if (word[0] != '/' || word.size() == 1) return "the gain ends in what is no unit";
  signal.units = word.substr(1);
  return nullptr;
}

// file format [gain [resolution [zero [first [checksum [block [description]]]]]]]
const char* parse_signal_line(std::string_view line, WfdbSignal& signal) {
  Words words{line};
  signal.file = words.next();
  if (const char* problem = parse_format(words.next(), signal)) return problem;
  std::string_view word = words.next();
  if (word.empty()) return nullptr;
  bool has_baseline = false;
  if (const char* problem = parse_gain(word, signal, has_baseline)) return problem;
  std::int64_t ignored = 0;
  bool has_first = false;
  for (std::int64_t* field : {&ignored, &signal.adc_zero, &ignored, &signal.checksum, &ignored}) {
    word = words.next();
    if (word.empty()) break;
    if (!whole_number(word, *field)) return "a field after the gain is no whole number";
    has_first = field == &signal.checksum || has_first;
  }
  signal.has_checksum = has_first;
  if (!has_baseline) signal.baseline = signal.adc_zero;
  signal.description = words.remainder();
  return nullptr;
}

}  // namespace

WfdbHeader parse_wfdb_header(std::string_view text) {
  WfdbHeader header;
  std::int64_t n_signals = -1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const auto offset = static_cast<std::int64_t>(at);
    at = end + 1;
    const std::size_t begin = line.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) continue;
    if (line[begin] == '#') {
      if (n_signals >= 0) header.comments.push_back(Words{line.substr(begin + 1)}.remainder());
      continue;
    }
    const char* problem = nullptr;
    if (n_signals < 0) {
      problem = parse_record_line(line, header, n_signals);
    } else if (static_cast<std::int64_t>(header.signals.size()) < n_signals) {
      problem = parse_signal_line(line, header.signals.emplace_back());
    } else {
      problem = "there are more lines than signals";
    }
    if (problem != nullptr) {
      header.problem = {problem, offset};
      return header;
    }
  }
  const auto size = static_cast<std::int64_t>(text.size());
  if (n_signals < 0) {
    header.problem = {"there is no record line", size};
  } else if (static_cast<std::int64_t>(header.signals.size()) < n_signals) {
    header.problem = {"there are fewer lines than signals", size};
  }
  return header;
}

}  // namespace marey::waveforms
