//! Three objectives: each front keeps the staircase of its points' second and third objective, and the fronts are
//! searched by bisection, since a point that front r dominates is dominated by every front before r.

use super::Ranked;
use std::collections::BTreeMap;

/// Staircases longer than this leave the sorted array, whose insertion moves O(length) steps, for a tree.
const ARRAY_STEPS: usize = 4096;

/// The staircase of every front.
pub(super) struct Staircases {
    /// Second and third objective of each point, as dense ranks.
    points: Vec<(u32, u32)>,
    fronts: Vec<Staircase>,
}

impl Staircases {
    /// `rows`: dense ranks of the second and third objective, in the order of the sweep.
    pub(super) fn new(rows: Vec<u32>) -> Self {
        Self { points: rows.chunks_exact(2).map(|row| (row[0], row[1])).collect(), fronts: Vec::new() }
    }
}

impl Ranked for Staircases {
    fn rank_of(&self, i: usize, cap: u32) -> u32 {
        let (y, z) = self.points[i];
        let fronts = &self.fronts[..self.fronts.len().min(cap as usize)];
        fronts.partition_point(|front| front.dominates(y, z)) as u32
    }

    fn insert(&mut self, i: usize, rank: u32) {
        let (y, z) = self.points[i];
        if rank as usize == self.fronts.len() {
            self.fronts.push(Staircase::Array(Vec::new()));
        }
        self.fronts[rank as usize].insert(y, z);
    }
}

/// Steps (y, z) with y ascending and z strictly descending. A step in the array is y << 32 | z.
enum Staircase {
    Array(Vec<u64>),
    Tree(BTreeMap<u32, u32>),
}

impl Staircase {
    fn dominates(&self, y: u32, z: u32) -> bool {
        match self {
            Self::Array(steps) => {
                let after = steps.partition_point(|&step| (step >> 32) as u32 <= y);
                after > 0 && steps[after - 1] as u32 <= z
            }
            Self::Tree(steps) => steps.range(..=y).next_back().is_some_and(|(_, &last)| last <= z),
        }
    }

    /// Adds a step that the staircase does not dominate, and drops the steps that it dominates.
    fn insert(&mut self, y: u32, z: u32) {
        match self {
            Self::Array(steps) => {
                let from = steps.partition_point(|&step| ((step >> 32) as u32) < y);
                let worse = steps[from..].iter().take_while(|&&step| step as u32 >= z).count();
                steps.splice(from..from + worse, [u64::from(y) << 32 | u64::from(z)]);
                if steps.len() > ARRAY_STEPS {
                    *self =
                        Self::Tree(steps.iter().map(|&step| ((step >> 32) as u32, step as u32)).collect());
                }
            }
            Self::Tree(steps) => {
                while let Some((&next, _)) = steps.range(y..).next().filter(|&(_, &last)| last >= z) {
                    steps.remove(&next);
                }
                steps.insert(y, z);
            }
        }
    }
}
