// A CUDA device on the CPU, for tests: as much of the runtime as this project's kernels use, so that their sources
// compile and run unchanged where there is no GPU.
//
// A block's threads are fibers on one OS thread. They change over at barriers and warp operations only, and which goes
// on is drawn at random, so a missing barrier shows as a wrong result that moves with the seed. Several blocks run at a
// time, on OS threads of their own; shared memory is that thread's memory. A barrier that can never be passed aborts.
#pragma once
#include <sched.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#define __host__
#define __device__
#define __global__
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __shared__ thread_local

using cudaStream_t = struct CUstream*;
enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorInvalidConfiguration = 9 };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

struct dim3 {
  unsigned x, y = 1, z = 1;
  dim3(unsigned x_ = 1) : x(x_) {}
};

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

namespace emulator {

inline unsigned seed = 0;
inline int resident_blocks = 3;

inline constexpr std::size_t shared_bytes = 227 * 1024, stack_bytes = 128 * 1024;

class Block {
 public:
  dim3 grid, size, index;
  int thread = 0;

  Block(dim3 grid_, dim3 size_) : grid(grid_), size(size_), fibers_(size_.x), warps_((size_.x + 31) / 32) {}

  void run(unsigned block, const std::function<void()>& body) {
    index = dim3(block);
    random_.seed(seed * 7919u + block);
    body_ = &body;
    for (unsigned t = 0; t < size.x; ++t) start(fibers_[t]);
    for (unsigned alive = size.x; alive > 0;) {
      std::vector<int> ready;
      for (unsigned t = 0; t < size.x; ++t) {
        if (fibers_[t].state == Fiber::ready) ready.push_back(int(t));
      }
      if (ready.empty()) fail("a barrier that not all threads reach");
      std::shuffle(ready.begin(), ready.end(), random_);
      for (int t : ready) {
        thread = t;
        swapcontext(&scheduler_, &fibers_[t].context);
        if (fibers_[t].state == Fiber::done) --alive;
      }
      release(block_arrived_, 0, size.x, Fiber::at_block_barrier);
      for (unsigned w = 0; w < warps_.size(); ++w) {
        release(warps_[w].arrived, 32 * w, std::min(size.x, 32 * (w + 1)), Fiber::at_warp_barrier);
      }
    }
  }

  void sync_block() { wait(Fiber::at_block_barrier, block_arrived_); }
  void sync_warp() { wait(Fiber::at_warp_barrier, warps_[thread / 32].arrived); }
  void yield() { swapcontext(&fibers_[thread].context, &scheduler_); }

  // Every lane gives a value, then reads what it wants of all 32.
  template <typename T, typename Read>
  auto exchange(T value, const Read& read) {
    auto& slots = warps_[thread / 32].slots;
    static_assert(sizeof(T) <= sizeof(slots[0]));
    std::memcpy(&slots[thread % 32], &value, sizeof(T));
    sync_warp();
    const auto result = read([&](int lane) {
      T of_lane;
      std::memcpy(&of_lane, &slots[lane], sizeof(T));
      return of_lane;
    });
    sync_warp();
    return result;
  }

 private:
  struct Fiber {
    enum State { ready, at_block_barrier, at_warp_barrier, done } state = done;
    ucontext_t context;
    std::unique_ptr<char[]> stack;
  };
  struct Warp {
    int arrived = 0;
    std::uint64_t slots[32];
  };

  static void enter();

  void start(Fiber& fiber) {
    if (!fiber.stack) fiber.stack.reset(new char[stack_bytes]);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = &scheduler_;
    makecontext(&fiber.context, &Block::enter, 0);
    fiber.state = Fiber::ready;
  }

  void wait(typename Fiber::State barrier, int& arrived) {
    fibers_[thread].state = barrier;
    ++arrived;
    yield();
  }

  // Opens a barrier once all threads of its range that still run are at it.
  void release(int& arrived, unsigned begin, unsigned end, typename Fiber::State barrier) {
    if (arrived == 0) return;
    int running = 0;
    for (unsigned t = begin; t < end; ++t) running += fibers_[t].state != Fiber::done;
    if (arrived < running) return;
    for (unsigned t = begin; t < end; ++t) {
      if (fibers_[t].state == barrier) fibers_[t].state = Fiber::ready;
    }
    arrived = 0;
  }

  [[noreturn]] static void fail(const char* what) {
    std::fprintf(stderr, "emulator: %s\n", what);
    std::abort();
  }

  std::vector<Fiber> fibers_;
  std::vector<Warp> warps_;
  int block_arrived_ = 0;
  ucontext_t scheduler_;
  std::mt19937 random_;
  const std::function<void()>* body_ = nullptr;
};

inline thread_local Block* block = nullptr;

inline void Block::enter() {
  Block* const self = block;
  (*self->body_)();
  self->fibers_[self->thread].state = Fiber::done;
}

// Where a block finds its dynamic shared memory; filled with NaN before it starts.
alignas(16) inline thread_local unsigned char dynamic_shared[shared_bytes];

inline void launch(dim3 grid, dim3 size, const std::function<void()>& body) {
  std::atomic<unsigned> next{0};
  const auto work = [&] {
    Block mine(grid, size);
    block = &mine;
    for (unsigned i; (i = next++) < grid.x;) {
      std::memset(dynamic_shared, 0xff, shared_bytes);
      mine.run(i, body);
    }
    block = nullptr;
  };
  std::vector<std::thread> others;
  for (int k = 0; k < resident_blocks; ++k) others.emplace_back(work);
  for (auto& other : others) other.join();
}

template <unsigned (*get)()>
struct Index {
  struct {
    operator unsigned() const { return get(); }
  } x;
};
inline unsigned thread_index() { return unsigned(block->thread); }
inline unsigned block_index() { return block->index.x; }
inline unsigned grid_size() { return block->grid.x; }

}  // namespace emulator

inline constexpr emulator::Index<emulator::thread_index> threadIdx{};
inline constexpr emulator::Index<emulator::block_index> blockIdx{};
inline constexpr emulator::Index<emulator::grid_size> gridDim{};

inline void __syncthreads() { emulator::block->sync_block(); }
inline void __syncwarp() { emulator::block->sync_warp(); }
inline void __nanosleep(unsigned) {
  emulator::block->yield();
  sched_yield();
}
template <typename T>
T __shfl_sync(unsigned, T value, int lane) {
  return emulator::block->exchange(value, [&](const auto& of) { return of(lane % 32); });
}
template <typename T>
T __shfl_up_sync(unsigned, T value, unsigned distance) {
  const int lane = emulator::block->thread % 32;
  return __shfl_sync(~0u, value, lane < int(distance) ? lane : lane - int(distance));
}
template <typename T>
T __shfl_down_sync(unsigned, T value, unsigned distance) {
  const int lane = emulator::block->thread % 32;
  return __shfl_sync(~0u, value, lane + int(distance) < 32 ? lane + int(distance) : lane);
}
template <typename T>
T __shfl_xor_sync(unsigned, T value, int bits) {
  return __shfl_sync(~0u, value, emulator::block->thread % 32 ^ bits);
}
inline unsigned __ballot_sync(unsigned, bool vote) {
  return emulator::block->exchange(vote, [](const auto& of) {
    unsigned votes = 0;
    for (int lane = 0; lane < 32; ++lane) votes |= unsigned(of(lane)) << lane;
    return votes;
  });
}
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(unsigned bits) { return bits == 0 ? 32 : __builtin_clz(bits); }
inline unsigned long long atomicAdd(unsigned long long* to, unsigned long long value) {
  return __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}
template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute, int bytes) {
  return bytes <= int(emulator::shared_bytes) ? cudaSuccess : cudaErrorInvalidValue;
}
template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...), Arguments&&... given) {
  if (config->dynamicSmemBytes > emulator::shared_bytes) return cudaErrorInvalidValue;
  emulator::launch(config->gridDim, config->blockDim, [&] { kernel(given...); });
  return cudaSuccess;
}
