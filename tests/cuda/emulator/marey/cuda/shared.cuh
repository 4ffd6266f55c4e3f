// The emulated block's dynamic shared memory.
#pragma once
#include <cuda_runtime.h>

namespace marey::cuda {

template <typename T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(emulator::dynamic_shared);
}

}  // namespace marey::cuda
