//! Two objectives: a front dominates a new point when its lowest second objective so far is no higher.

use super::Ranked;

/// The lowest second objective of each front, ascending over fronts.
pub(super) struct Tails {
    second: Vec<u64>,
    tails: Vec<u64>,
}

impl Tails {
    /// `second`: the key of the second objective of each point, in the order of the sweep.
    pub(super) fn new(second: Vec<u64>) -> Self {
        Self { second, tails: Vec::new() }
    }
}

impl Ranked for Tails {
    fn rank_of(&self, i: usize, cap: u32) -> u32 {
        let fronts = &self.tails[..self.tails.len().min(cap as usize)];
        fronts.partition_point(|&tail| tail <= self.second[i]) as u32
    }

    fn insert(&mut self, i: usize, rank: u32) {
        match self.tails.get_mut(rank as usize) {
            Some(tail) => *tail = self.second[i],
            None => self.tails.push(self.second[i]),
        }
    }
}
