#include "marey/core/isa.hpp"

#include <cstdlib>
#include <cstring>

namespace marey::isa {

namespace {

constexpr Level levels[] = {Level::v4, Level::v3, Level::base};  // best first

bool is_here(Level level) noexcept {
  if (level == Level::base) return true;
#if defined(MAREY_HAS_V3) || defined(MAREY_HAS_V4)
  __builtin_cpu_init();
#endif
#if defined(MAREY_HAS_V3)
  if (level == Level::v3) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
  }
#endif
#if defined(MAREY_HAS_V4)
  if (level == Level::v4) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  }
#endif
  return false;
}

Level best_up_to(Level most) noexcept {
  for (Level level : levels) {
    if (level <= most && is_here(level)) return level;
  }
  return Level::base;
}

Level choose() noexcept {
  const char* wish = std::getenv("MAREY_ISA");
  for (Level level : levels) {
    if (wish != nullptr && std::strcmp(wish, name(level)) == 0) return best_up_to(level);
  }
  return best_supported();
}

}  // namespace

Level best_supported() noexcept { return best_up_to(Level::v4); }

Level level() noexcept {
  static const Level chosen = choose();
  return chosen;
}

const char* name(Level level) noexcept {
  switch (level) {
    case Level::v4: return "v4";
    case Level::v3: return "v3";
    default: return "base";
  }
}

}  // namespace marey::isa
