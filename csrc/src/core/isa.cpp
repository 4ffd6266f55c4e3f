#include "marey/core/isa.hpp"

#include <cstdlib>
#include <cstring>

namespace marey::isa {

Level best_supported() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2");
  if (!v3) return Level::base;
  const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? Level::v4 : Level::v3;
#else
  return Level::base;
#endif
}

static Level choose() noexcept {
  const Level best = best_supported();
  const char* wish = std::getenv("MAREY_ISA");
  if (wish == nullptr) return best;
  constexpr Level levels[] = {Level::base, Level::v3, Level::v4};
  for (Level level : levels) {
    if (std::strcmp(wish, name(level)) == 0) return level < best ? level : best;
  }
  return best;
}

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
