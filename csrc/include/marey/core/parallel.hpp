// Threads for callers outside torch (torch ops use torch's own pool). Work is cut into contiguous ranges; a
// kernel's result must not depend on the cut, so any number of threads gives the same bits.
#pragma once
#include <cstdint>
#include <functional>

namespace marey {

void set_num_threads(int n) noexcept;  // 0: as many as MAREY_NUM_THREADS or the machine allows
int get_num_threads() noexcept;

// Calls fn(begin, end) over [0, n), at least `grain` items to a thread; the caller's thread takes the first
// range.
void parallel_for(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& fn);

}  // namespace marey
