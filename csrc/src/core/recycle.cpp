#include "marey/core/recycle.hpp"

#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <unordered_map>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace marey {

namespace {

// Smaller blocks the C library keeps itself. Whole huge pages, so that the system may use them.
constexpr std::size_t page = std::size_t{2} << 20;

struct Kept {
  void* block;
  std::size_t bytes;
};

struct Store {
  std::mutex mutex;
  std::unordered_map<void*, std::size_t> given;  // sizes of the blocks in use
  std::deque<Kept> kept;                         // oldest first
  std::size_t kept_bytes = 0;
};

Store& store() {
  static Store* const one = new Store;  // never destroyed: arrays may outlive the library's static objects
  return *one;
}

std::size_t most_kept() {
  static const std::size_t bytes = [] {
    const char* text = std::getenv("MAREY_KEEP_MB");
    char* end = nullptr;
    const unsigned long long megabytes = text ? std::strtoull(text, &end, 10) : 256;
    return static_cast<std::size_t>(text && end == text ? 256 : megabytes) << 20;
  }();
  return bytes;
}

}  // namespace

void* take_block(std::size_t bytes) noexcept try {
  if (bytes < page || most_kept() == 0) return nullptr;
  bytes = (bytes + page - 1) / page * page;
  Store& s = store();
  const std::lock_guard<std::mutex> lock(s.mutex);
  for (auto it = s.kept.rbegin(); it != s.kept.rend(); ++it) {
    if (it->bytes < bytes || it->bytes - bytes > bytes / 4) continue;
    const Kept found = *it;
    s.given.emplace(found.block, found.bytes);
    s.kept.erase(std::next(it).base());
    s.kept_bytes -= found.bytes;
    return found.block;
  }
  void* const block = std::aligned_alloc(page, bytes);
  if (block == nullptr) return nullptr;
#if defined(__linux__)
  madvise(block, bytes, MADV_HUGEPAGE);  // a wish: without it the pages are small ones
#endif
  s.given.emplace(block, bytes);
  return block;
} catch (const std::bad_alloc&) {
  return nullptr;
}

void give_block(void* block) noexcept {
  Store& s = store();
  const std::lock_guard<std::mutex> lock(s.mutex);
  const auto found = s.given.find(block);
  const std::size_t bytes = found->second;
  s.given.erase(found);
  try {
    s.kept.push_back({block, bytes});
    s.kept_bytes += bytes;
  } catch (const std::bad_alloc&) {
    std::free(block);
  }
  while (s.kept_bytes > most_kept()) {
    std::free(s.kept.front().block);
    s.kept_bytes -= s.kept.front().bytes;
    s.kept.pop_front();
  }
}

}  // namespace marey
