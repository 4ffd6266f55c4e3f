// The state before every tile of a long recurrence, in one pass over the data.
//
// A chain is a row of tiles, each handled by one warp. A tile publishes its link, then finds the state before it in
// the links of earlier tiles, as decoupled look-back does (Merrill & Garland, "Single-pass parallel prefix scan with
// decoupled look-back", NVIDIA NVR-2016-002, 2016). Plain look-back rounds differently from run to run, because it adds
// up whatever has arrived. Here the order of operations is fixed:
//   within a group of 32 tiles the links are composed by one tree;
//   from group to group the state goes strictly forward, state = whole link of the group applied to the state before;
// a tile that does not find the state of the group before it yet, but an older one, repeats the same steps from there.
// So the bits do not depend on timing, and a hop of look-back spans up to 32 groups = 1024 tiles.
//
// Tiles must be started in order of position (a ticket, not blockIdx): a tile waits for earlier ones only.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <cuda/atomic>

#include "marey/cuda/link.cuh"

namespace marey::cuda {

inline constexpr unsigned all_lanes = 0xffffffffu;
inline constexpr int group_tiles = 32;

// A link and whether it is there, in one 32-byte sector. Zeroed before the launch.
struct alignas(32) Record {
  Link link;
  std::uint32_t ready;
};

struct Chain {
  Record* tiles;   // link of each tile
  Record* groups;  // link of each group as a whole
  Record* states;  // state after each group, as a closed link
};

__device__ inline void publish(Record& record, Link link) {
  record.link = link;
  ::cuda::atomic_ref<std::uint32_t, ::cuda::thread_scope_device>(record.ready).store(1, ::cuda::memory_order_release);
}

// Whether the record is there; if so, `link` is what it holds.
__device__ inline bool peek(Record& record, Link& link) {
  ::cuda::atomic_ref<std::uint32_t, ::cuda::thread_scope_device> ready(record.ready);
  if (ready.load(::cuda::memory_order_acquire) == 0) return false;
  link = record.link;
  return true;
}

__device__ inline Link from_lane(Link link, int lane) {
  return {__shfl_sync(all_lanes, link.P, lane), __shfl_sync(all_lanes, link.H, lane)};
}

// Lane i gets the composition of the links of lanes 0 .. i.
__device__ inline Link inclusive_scan(Link link, int lane) {
  for (int distance = 1; distance < 32; distance *= 2) {
    const Link before{__shfl_up_sync(all_lanes, link.P, distance), __shfl_up_sync(all_lanes, link.H, distance)};
    if (lane >= distance) link = compose(before, link);
  }
  return link;
}

// The first `count` < 32 tiles of a group as one link, the same in every lane.
__device__ inline Link compose_tiles(Record* tiles, int count, int lane) {
  if (count == 0) return {};
  Link link;
  for (;;) {
    const bool ready = lane >= count || peek(tiles[lane], link);
    const unsigned arrived = __ballot_sync(all_lanes, ready);
    // What lies before a closed tile makes no difference, so it need not have arrived.
    const unsigned ends = __ballot_sync(all_lanes, closed(link));
    const unsigned needless = ends == 0 ? 0 : (1u << (31 - __clz(ends))) - 1;
    if ((arrived | needless) == all_lanes) break;
    __nanosleep(32);
  }
  return from_lane(inclusive_scan(link, lane), 31);
}

// The state before a group, the same in every lane. Chains start from zero.
__device__ inline double state_before_group(const Chain& chain, std::int64_t group, int lane) {
  const std::int64_t mine = group - 1 - lane;  // lane i looks i + 1 groups back
  Link link;
  int nearest;
  for (;;) {
    bool ready = true;
    if (mine < 0) {
      link = {closed_product(), 0.0};
    } else {
      ready = peek(chain.states[mine], link) || peek(chain.groups[mine], link);
    }
    const unsigned arrived = __ballot_sync(all_lanes, ready);
    const unsigned known = __ballot_sync(all_lanes, ready && closed(link));
    nearest = __ffs(int(known)) - 1;
    const unsigned between = known == 0 ? all_lanes : (1u << nearest) - 1;
    if (known != 0 && (arrived & between) == between) break;
    __nanosleep(32);
  }
  double state = from_lane(link, nearest).H;
  for (int i = nearest - 1; i >= 0; --i) state = apply(from_lane(link, i), state);
  return state;
}

// The state before tile `position`, given the link of that tile; called by all lanes of its warp.
__device__ inline double state_before_tile(const Chain& chain, std::int64_t position, Link tile, int lane) {
  const std::int64_t group = position / group_tiles;
  const int rank = int(position % group_tiles);
  const bool speaks = lane == 0, ends_group = rank == group_tiles - 1;
  if (speaks) publish(chain.tiles[position], tile);
  const Link before = compose_tiles(chain.tiles + group * group_tiles, rank, lane);
  const Link whole = compose(before, tile);
  if (speaks && ends_group) publish(chain.groups[group], whole);
  if (closed(before)) return before.H;
  const double start = state_before_group(chain, group, lane);
  if (speaks && ends_group && !closed(whole)) publish(chain.states[group], {closed_product(), apply(whole, start)});
  return apply(before, start);
}

}  // namespace marey::cuda
