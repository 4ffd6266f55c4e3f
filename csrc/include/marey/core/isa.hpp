// Which instruction set the hot kernels run on. Each kernel source is compiled once per level into a
// namespace of that level's name; `isa::level()` picks one when the library loads.
#pragma once

namespace marey::isa {

enum class Level : int { base = 0, v3 = 1, v4 = 2 };

// The highest level that this build, this machine and the environment variable MAREY_ISA (base, v3, v4) allow.
Level level() noexcept;
Level best_supported() noexcept;
const char* name(Level level) noexcept;

}  // namespace marey::isa

// Calls `function` of the chosen level. The levels that a target or a build (MAREY_LEVELS) lacks are not compiled.
#if defined(MAREY_HAS_V4)
#define MAREY_DISPATCH_V4(function, ...) \
  if (::marey::isa::level() == ::marey::isa::Level::v4) return v4::function(__VA_ARGS__);
#else
#define MAREY_DISPATCH_V4(function, ...)
#endif
#if defined(MAREY_HAS_V3)
#define MAREY_DISPATCH_V3(function, ...) \
  if (::marey::isa::level() == ::marey::isa::Level::v3) return v3::function(__VA_ARGS__);
#else
#define MAREY_DISPATCH_V3(function, ...)
#endif
#define MAREY_DISPATCH(function, ...)      \
  MAREY_DISPATCH_V4(function, __VA_ARGS__) \
  MAREY_DISPATCH_V3(function, __VA_ARGS__) \
  return base::function(__VA_ARGS__);
#define MAREY_DECLARE_PER_ISA(...) \
  namespace base {                 \
  __VA_ARGS__;                     \
  }                                \
  namespace v3 {                   \
  __VA_ARGS__;                     \
  }                                \
  namespace v4 {                   \
  __VA_ARGS__;                     \
  }
