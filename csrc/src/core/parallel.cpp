#include "marey/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace marey {

static std::atomic<int> chosen_threads{0};

static int default_threads() noexcept {
  if (const char* text = std::getenv("MAREY_NUM_THREADS")) {
    const int n = std::atoi(text);
    if (n > 0) return n;
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

void set_num_threads(int n) noexcept { chosen_threads = std::max(0, n); }

int get_num_threads() noexcept {
  const int n = chosen_threads;
  return n > 0 ? n : default_threads();
}

void parallel_for(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& fn) {
  if (n <= 0) return;
  const std::int64_t most = std::max<std::int64_t>(1, n / std::max<std::int64_t>(1, grain));
  const std::int64_t threads = std::min<std::int64_t>(get_num_threads(), most);
  const auto begin_of = [&](std::int64_t k) { return n * k / threads; };
  std::vector<std::thread> others;
  std::int64_t mine_end = begin_of(1);
  for (std::int64_t k = 1; k < threads; ++k) {
    try {
      others.emplace_back(fn, begin_of(k), begin_of(k + 1));
    } catch (const std::exception&) {  // no thread to be had: the ranges left over stay with the caller
      for (std::int64_t rest = k; rest < threads; ++rest) fn(begin_of(rest), begin_of(rest + 1));
      break;
    }
  }
  fn(0, mine_end);
  for (auto& thread : others) thread.join();
}

}  // namespace marey
