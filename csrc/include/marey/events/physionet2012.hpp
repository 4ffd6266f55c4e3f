// Stays of the PhysioNet/CinC Challenge 2012 (text files of rows `Time,Parameter,Value`) to flat event
// arrays.
//
// Source: Silva et al. Comput Cardiol 2012;39:245-248. physionet.org/content/challenge-2012
//
// Cost: one pass over the bytes of each file, files shared among threads; then one copy into the flat arrays.
//
// Layout: stays by ascending id; the events of stay i are offsets[i] to offsets[i + 1], stable by time.
//
// A file that breaks a rule is skipped with all its rows, a row that breaks one is skipped; both are counted.
//
// File: a UTF-8 mark, CR before LF, blank lines and a missing last newline are accepted. The header comes
// first, `RecordID` stands at 00:00 and is the number in the file's name, no other file holds the same stay.
//
// Row: HH:MM (one to four hour digits, minutes 00 to 59), a parameter of the challenge, a finite float32.
//
// General descriptors: Age, Gender, Height, ICUType stand at 00:00, once at most, on any line. The first
// Weight at 00:00 is one too; every other Weight is an event. -1 of any of these five is unknown, thus NaN.
//
// Events: in any order, repeats kept, values as written (no physiological limit is applied).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace marey::events::physionet2012 {

inline constexpr std::array<std::string_view, 37> kVariables = {
    "ALP",       "ALT",   "AST",       "Albumin",  "BUN",       "Bilirubin", "Cholesterol", "Creatinine",
    "DiasABP",   "FiO2",  "GCS",       "Glucose",  "HCO3",      "HCT",       "HR",          "K",
    "Lactate",   "MAP",   "MechVent",  "Mg",       "NIDiasABP", "NIMAP",     "NISysABP",    "Na",
    "PaCO2",     "PaO2",  "Platelets", "RespRate", "SaO2",      "SysABP",    "Temp",        "TroponinI",
    "TroponinT", "Urine", "WBC",       "Weight",   "pH",
};
inline constexpr std::array<std::string_view, 5> kDescriptors = {"Age", "Gender", "Height", "ICUType", "Weight"};

inline constexpr std::int64_t kDetailsPerFile = 100;  // skipped rows described one by one; all are counted

enum class Reason : std::uint8_t {
  header,
  fields,
  time,
  parameter,
  number,
  range,
  descriptor_time,
  descriptor_twice,
  record_id,
  file_empty,
  file_without_record_id,
  file_name_differs,
  file_repeats_stay,
};

struct StayFile {
  std::string_view text;
  std::int64_t id_in_name;  // -1: the name tells none
};

struct Skipped {
  std::int64_t file;
  std::int64_t line;  // from 1; 0 for the file as a whole
  std::string_view text;
  Reason reason;
};

enum class Outcome : std::uint8_t { ok, out_of_memory };

struct Stays {
  Outcome outcome = Outcome::ok;
  std::vector<std::int64_t> subject_id, offsets, file;  // file: where each stay was read from
  std::vector<double> time;                             // hours
  std::vector<std::int32_t> code;                       // index into kVariables
  std::vector<float> value;
  std::array<std::vector<float>, kDescriptors.size()> statics;
  std::vector<std::int64_t> rows,
      rows_skipped;              // per file; a row is a line that is neither blank nor the header
  std::vector<Skipped> skipped;  // by file, then by line
};

Stays read(const StayFile* files, std::int64_t n_files, int threads) noexcept;

const char* describe(Reason reason) noexcept;

}  // namespace marey::events::physionet2012
