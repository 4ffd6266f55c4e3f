// Memory of large outputs, kept when they are freed and given to the next ones. The system clears every page that it
// hands out, which takes longer than a fast kernel: 5 ms for the 51 MB that a filter writes in 4 ms.
#pragma once
#include <cstddef>

namespace marey {

// Uninitialised memory for `bytes`; nullptr where they are too few to be worth keeping, or cannot be had.
void* take_block(std::size_t bytes) noexcept;
// Takes back what take_block gave. At most MAREY_KEEP_MB megabytes (256 by default) are kept, the latest first.
void give_block(void* block) noexcept;

}  // namespace marey
