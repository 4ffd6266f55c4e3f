// The dynamic shared memory of a block. Alone in its file so that the tests' emulated device can put its own in place.
#pragma once

namespace marey::cuda {

template <typename T>
__device__ inline T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char shared_memory[];
  return reinterpret_cast<T*>(shared_memory);
}

}  // namespace marey::cuda
