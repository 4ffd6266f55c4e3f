//! Where ranking may stop: the fewest first fronts that hold the k best points.

/// Counts the ranked points per front. Counts only grow during a sweep, so the cap only falls.
pub(super) struct Limit {
    needed: usize,
    counts: Vec<usize>,
    within: usize,
    cap: u32,
}

impl Limit {
    pub(super) fn new(k: Option<usize>) -> Self {
        Self { needed: k.unwrap_or(usize::MAX), counts: Vec::new(), within: 0, cap: u32::MAX }
    }

    /// Ranks from here on need no telling apart.
    pub(super) fn cap(&self) -> u32 {
        self.cap
    }

    pub(super) fn count(&mut self, rank: u32) {
        if rank >= self.cap {
            return;
        }
        let front = rank as usize;
        if front == self.counts.len() {
            self.counts.push(0);
        }
        self.counts[front] += 1;
        self.within += 1;
        if self.within < self.needed {
            return;
        }
        let mut cap = self.counts.len().min(self.cap as usize);
        while self.within - self.counts[cap - 1] >= self.needed {
            cap -= 1;
            self.within -= self.counts[cap];
        }
        self.cap = cap as u32;
    }

    pub(super) fn clamp(&self, ranks: &mut [i64]) {
        for rank in ranks {
            *rank = (*rank).min(i64::from(self.cap));
        }
    }
}
