// Resampled survival curves and concordances without sorting again: a resample is how often each row was drawn.
//
// Draw k of replicate b depends on (seed, b, k) alone (SplitMix64 on a counter: Steele, Lea and Flood, OOPSLA 2014), so
// that the same seed gives the same bits on any number of threads. Cost a replicate: n draws, then one pass over the
// distinct times (curve) or O(n log n) over rows in the order of time with counts in a tree over the ranks of the risks
// (concordance).
#pragma once
#include <cstdint>

namespace marey::survival {

struct Resampling {
  std::int64_t n;
  std::uint64_t seed;
};

// counts [n] of one replicate.
void bootstrap_counts(const Resampling& r, std::int64_t replicate, std::int32_t* counts);

struct CurveBootstrap {
  Resampling resampling;
  std::int64_t n_ticks, n_times;
  const std::int64_t* tick;  // [n] 0 .. n_ticks - 1: the rank of each row's time
  const std::uint8_t* event;
  const std::int64_t* wanted;  // [n_times] rising: how many ticks lie at or before each wanted time
};
// Replicates [first, last) of out [..][n_times].
void kaplan_meier_bootstrap(const CurveBootstrap& c, std::int64_t first, std::int64_t last, double* out);

struct ConcordanceBootstrap {
  Resampling resampling;
  std::int64_t n_ranks;
  const std::int64_t *tick, *rank;  // [n] ranks of time, and of risk 0 .. n_ranks - 1
  const std::int64_t* index;        // [n] rows by falling time, at one time censored rows first
  const std::uint8_t* event;
};
void concordance_bootstrap(const ConcordanceBootstrap& c, std::int64_t first, std::int64_t last, double* out);

}  // namespace marey::survival
