//! SMS-EMOA: fronts, then the hypervolume that each member adds (Beume, Naujoks, Emmerich 2007).
//!
//! A whole generation is bred from one population; members are dropped one at a time as in the steady-state original,
//! which `offspring = 1` is.

use super::fronts::{fill, range, rows, scaled};
use super::genetic::Survival;
use super::volume::reduce;
use crate::error::Result;
use crate::evolve::{At, Fields, Population};
use std::cmp::Ordering;

/// Front of each survivor.
#[derive(Default)]
pub(crate) struct SmsEmoa {
    rank: Vec<u64>,
}

impl Survival for SmsEmoa {
    fn survive(&mut self, _at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let filled = fill(pool, n);
        self.rank.clear();
        for (r, front) in filled.whole.iter().enumerate() {
            keep.extend(front);
            self.rank.resize(keep.len(), r as u64);
        }
        keep.extend(cut_by_volume(pool, &filled.cut, filled.room));
        self.rank.resize(keep.len(), filled.whole.len() as u64);
    }

    fn prefer(&self, _population: &Population, a: usize, b: usize) -> Ordering {
        self.rank[a].cmp(&self.rank[b])
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.u64s(&mut self.rank)?;
        io.expect(self.rank.len() == population.len(), "its fronts do not fit its population")
    }
}

/// The `room` members of a front that stay.
pub(super) fn cut_by_volume(pool: &Population, front: &[u32], room: usize) -> Vec<u32> {
    if room == 0 {
        return Vec::new();
    }
    let (low, high) = range(pool, front.iter().copied());
    let stays = reduce(&scaled(&rows(pool, front), &low, &high), pool.n_obj, room);
    stays.into_iter().map(|k| front[k]).collect()
}
