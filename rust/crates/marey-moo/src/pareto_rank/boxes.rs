//! Four objectives and more: a static k-d tree over all points, 16 children to a node, that answers "the largest rank
//! among the inserted points that are no worse in every objective after the first" by branch and bound.
//!
//! A node's block holds, for its 16 children, the largest rank inserted below each child and the lower corner of these
//! points: a child is worth a visit when its rank beats the best found and its corner is no worse than the point. In a
//! leaf the children are the points themselves, and the same test finds the dominators.
//!
//! Layout: per level one array of blocks; a block is 1 + q rows of 16 int32 (ranks, then one row per objective), so that
//! a test is one vector comparison per row. Children lie in k-d order; child c of a level is block c of the level below.

use super::Ranked;

const LANES: usize = 16;
const EMPTY_RANK: i32 = -1;
const MAX_LEVELS: usize = 8;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Row([i32; LANES]);

/// The ranked points.
pub(super) struct Boxes {
    rows: Vec<i32>,
    width: usize,
    slot: Vec<u32>,
    levels: Vec<Vec<Row>>,
    search: Search,
}

type Search = fn(&Boxes, &[i32], i32) -> i32;

impl Boxes {
    /// `rows`: dense ranks of the `width` objectives after the first, in the order of the sweep.
    pub(super) fn new(rows: Vec<u32>, width: usize) -> Self {
        let rows: Vec<i32> = rows.into_iter().map(|rank| rank as i32).collect();
        let n = rows.len() / width;
        let mut order: Vec<u32> = (0..n as u32).collect();
        split(&rows, width, &mut order, 0);
        let mut slot = vec![0; n];
        for (place, &i) in order.iter().enumerate() {
            slot[i as usize] = place as u32;
        }
        let mut levels = Vec::new();
        let mut children = n;
        loop {
            let blocks = children.div_ceil(LANES).max(1);
            let mut level = vec![Row([i32::MAX; LANES]); blocks * (1 + width)];
            level.iter_mut().step_by(1 + width).for_each(|ranks| *ranks = Row([EMPTY_RANK; LANES]));
            levels.push(level);
            if blocks == 1 {
                break;
            }
            children = blocks;
        }
        Self { rows, width, slot, levels, search: searches()[0] }
    }

    fn point(&self, i: usize) -> &[i32] {
        &self.rows[i * self.width..(i + 1) * self.width]
    }

    /// The largest rank among inserted points that weakly dominate `point`, -1 for none; stops at `enough`.
    #[inline(always)]
    fn best_rank<T: Test>(&self, point: &[i32], enough: i32) -> i32 {
        let stride = 1 + self.width;
        let top = self.levels.len() - 1;
        let mut best = EMPTY_RANK;
        let mut level = top;
        let mut blocks = [0; MAX_LEVELS];
        let mut masks = [0u32; MAX_LEVELS];
        masks[top] = T::candidates(&self.levels[top][..stride], point, best);
        loop {
            if masks[level] == 0 {
                if level == top {
                    return best;
                }
                level += 1;
                continue;
            }
            // Later children lie higher in k-d order, and hold higher ranks more often.
            let lane = masks[level].ilog2() as usize;
            masks[level] ^= 1 << lane;
            let rank = self.levels[level][blocks[level] * stride].0[lane];
            if rank <= best {
                continue;
            }
            if level > 0 {
                let child = blocks[level] * LANES + lane;
                level -= 1;
                blocks[level] = child;
                masks[level] = T::candidates(&self.levels[level][child * stride..][..stride], point, best);
            } else {
                best = rank;
                if best >= enough {
                    return best;
                }
            }
        }
    }
}

impl Ranked for Boxes {
    fn rank_of(&self, i: usize, cap: u32) -> u32 {
        let enough = cap.min(i32::MAX as u32) as i32 - 1;
        let best = (self.search)(self, self.point(i), enough);
        (best + 1) as u32
    }

    fn insert(&mut self, i: usize, rank: u32) {
        let stride = 1 + self.width;
        let point = &self.rows[i * self.width..(i + 1) * self.width];
        let mut child = self.slot[i] as usize;
        for level in &mut self.levels {
            let (block, lane) = (child / LANES, child % LANES);
            let block_rows = &mut level[block * stride..][..stride];
            let (ranks, corners) = block_rows.split_first_mut().expect("a block starts with its ranks");
            ranks.0[lane] = ranks.0[lane].max(rank as i32);
            for (corner, &value) in corners.iter_mut().zip(point) {
                corner.0[lane] = corner.0[lane].min(value);
            }
            child = block;
        }
    }
}

/// Orders the points so that each aligned run of 16, 16^2, ... of them is a cell of a k-d tree.
fn split(rows: &[i32], width: usize, order: &mut [u32], axis: usize) {
    if order.len() <= LANES {
        return;
    }
    // The left part is the largest power of two below the whole, so that every cell but the last is full.
    let left = order.len().next_power_of_two() / 2;
    order.select_nth_unstable_by_key(left, |&i| rows[i as usize * width + axis]);
    let (low, high) = order.split_at_mut(left);
    split(rows, width, low, (axis + 1) % width);
    split(rows, width, high, (axis + 1) % width);
}

/// The children of a block that may hold a dominator of a rank above `best`, as a bit mask.
trait Test {
    fn candidates(block: &[Row], point: &[i32], best: i32) -> u32;
}

struct Portable;

impl Test for Portable {
    #[inline(always)]
    fn candidates(block: &[Row], point: &[i32], best: i32) -> u32 {
        let mut out = block[0].0.map(|rank| i32::from(rank <= best));
        for (row, &value) in block[1..].iter().zip(point) {
            for (out, &corner) in out.iter_mut().zip(&row.0) {
                *out |= i32::from(corner > value);
            }
        }
        out.iter().rev().fold(0, |mask, &out| mask << 1 | u32::from(out == 0))
    }
}

/// The searches that this machine can run, the fastest first. All give the same answer.
fn searches() -> Vec<Search> {
    let mut searches: Vec<Search> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            searches.push(x86::avx512);
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            searches.push(x86::avx2);
        }
    }
    searches.push(|boxes, point, enough| boxes.best_rank::<Portable>(point, enough));
    searches
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Boxes, Row, Test};
    use std::arch::x86_64::*;

    pub(super) fn avx512(boxes: &Boxes, point: &[i32], enough: i32) -> i32 {
        #[target_feature(enable = "avx512f")]
        fn search(boxes: &Boxes, point: &[i32], enough: i32) -> i32 {
            boxes.best_rank::<Avx512>(point, enough)
        }
        // SAFETY: chosen only where the processor has AVX-512F.
        unsafe { search(boxes, point, enough) }
    }

    pub(super) fn avx2(boxes: &Boxes, point: &[i32], enough: i32) -> i32 {
        #[target_feature(enable = "avx2")]
        fn search(boxes: &Boxes, point: &[i32], enough: i32) -> i32 {
            boxes.best_rank::<Avx2>(point, enough)
        }
        // SAFETY: chosen only where the processor has AVX2.
        unsafe { search(boxes, point, enough) }
    }

    struct Avx512;

    impl Test for Avx512 {
        #[inline(always)]
        fn candidates(block: &[Row], point: &[i32], best: i32) -> u32 {
            // SAFETY: rows are 64 bytes, aligned; inlined only into functions with AVX-512F.
            unsafe {
                let row = |row: &Row| _mm512_load_si512(row.0.as_ptr().cast());
                let mut mask = _mm512_cmpgt_epi32_mask(row(&block[0]), _mm512_set1_epi32(best));
                for (corner, &value) in block[1..].iter().zip(point) {
                    mask = _mm512_mask_cmple_epi32_mask(mask, row(corner), _mm512_set1_epi32(value));
                    if mask == 0 {
                        break;
                    }
                }
                u32::from(mask)
            }
        }
    }

    struct Avx2;

    impl Test for Avx2 {
        #[inline(always)]
        fn candidates(block: &[Row], point: &[i32], best: i32) -> u32 {
            // SAFETY: rows are 64 bytes, aligned; inlined only into functions with AVX2.
            unsafe {
                let half = |row: &Row, at: usize| _mm256_load_si256(row.0.as_ptr().add(at).cast());
                let best = _mm256_set1_epi32(best);
                let mut low = _mm256_cmpgt_epi32(half(&block[0], 0), best);
                let mut high = _mm256_cmpgt_epi32(half(&block[0], 8), best);
                for (corner, &value) in block[1..].iter().zip(point) {
                    let value = _mm256_set1_epi32(value);
                    low = _mm256_andnot_si256(_mm256_cmpgt_epi32(half(corner, 0), value), low);
                    high = _mm256_andnot_si256(_mm256_cmpgt_epi32(half(corner, 8), value), high);
                }
                let bits = |v| _mm256_movemask_ps(_mm256_castsi256_ps(v)) as u32;
                bits(low) | bits(high) << 8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_instruction_set_finds_the_same_ranks(
            rows in prop::collection::vec(prop::array::uniform4(0..40u32), 1..600),
            cap in 1..20u32,
        ) {
            let flat: Vec<u32> = rows.iter().flatten().copied().collect();
            let mut boxes = Boxes::new(flat, 4);
            for i in 0..rows.len() {
                let found: Vec<u32> = searches()
                    .into_iter()
                    .map(|search| {
                        boxes.search = search;
                        boxes.rank_of(i, cap)
                    })
                    .collect();
                prop_assert!(found.iter().all(|rank| rank == &found[0]));
                boxes.insert(i, found[0]);
            }
        }
    }
}
