// Channels, spans of rows, and distances summed afresh: mmatrix_profile.hpp for the method.
#include "marey/profile/mmatrix_profile.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

#include "marey/core/parallel.hpp"

namespace marey::profile {

static void sweep_rows_of(const RowSpan& span) noexcept {MAREY_DISPATCH(sweep_rows, span)}

std::vector<Channel> channels_of(const double* t, std::int64_t n_channels, std::int64_t n, std::int64_t m) {
  std::vector<Channel> channels(n_channels);
  for (std::int64_t c = 0; c < n_channels; ++c) {
    Channel& channel = channels[c];
    channel.windows = windows_of(t + c * n, n, m);
    channel.cuts = cuts_of(channel.windows, n - m + 1);
    channel.cuts.pop_back();
    channel.df = channel.windows.df, channel.dg = channel.windows.dg;
    for (const std::int64_t cut : channel.cuts) channel.df[cut] = channel.dg[cut] = 0;
  }
  return channels;
}

void mmatrix_profile(const std::vector<Channel>& t, const std::vector<Channel>* other, std::int64_t exclusion,
                     double* distance, std::int64_t* index) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const std::vector<Channel>& columns = other ? *other : t;
  const std::int64_t n_channels = std::int64_t(t.size()), m = t[0].windows.m, count = t[0].windows.count;
  const std::int64_t side = std::max<std::int64_t>(512, m), stride = columns[0].windows.count + 2 * padding;
  std::vector<std::int64_t> spans;
  std::int64_t cuts = 0;
  for (const Channel& channel : t) {
    const auto rows = cuts_of(channel.windows, side);
    spans.insert(spans.end(), rows.begin(), rows.end());
  }
  for (const Channel& channel : columns) cuts += std::int64_t(channel.cuts.size());
  std::sort(spans.begin(), spans.end());
  spans.erase(std::unique(spans.begin(), spans.end()), spans.end());
  std::atomic<std::size_t> taken{0};
  const std::int64_t threads = std::min<std::int64_t>(get_num_threads(), std::int64_t(spans.size()) - 1);
  parallel_for(threads, 1, [&](std::int64_t, std::int64_t) {
    std::vector<double> cov(n_channels * stride), fresh(cuts * (side + padding)), q(m);
    for (std::size_t s; (s = taken.fetch_add(1)) + 1 < spans.size();) {
      sweep_rows_of({t.data(), columns.data(), n_channels, spans[s], spans[s + 1], other ? -1 : exclusion, cov.data(),
                     fresh.data(), q.data(), index});
    }
  });
  parallel_for(count, std::max<std::int64_t>(16, 100000 / (m * n_channels * n_channels)),
               [&](std::int64_t begin, std::int64_t end) {
                 std::vector<double> of(n_channels);
                 for (std::int64_t i = begin; i < end; ++i) {
                   for (std::int64_t k = 0; k < n_channels; ++k) {
                     const std::int64_t j = index[k * count + i];
                     if (j < 0) {
                       distance[k * count + i] = inf;
                       continue;
                     }
                     for (std::int64_t c = 0; c < n_channels; ++c) {
                       const Windows &w = t[c].windows, &v = columns[c].windows;
                       const bool missing = w.bias[i] < 0 || v.bias[j] < 0;
                       // The earlier window first, so that both ends of a pair have the same bits.
                       const bool turned = !other && j < i;
                       of[c] = missing ? inf : turned ? distance_of(v, j, w, i) : distance_of(w, i, v, j);
                     }
                     std::partial_sort(of.begin(), of.begin() + k + 1, of.end());
                     double sum = 0;
                     for (std::int64_t c = 0; c <= k; ++c) sum += of[c];
                     distance[k * count + i] = sum / double(k + 1);
                   }
                 }
               });
}

}  // namespace marey::profile
