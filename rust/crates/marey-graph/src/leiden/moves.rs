//! Local moving in batches: the nodes of a batch decide at once, against the same communities; then they move.
//!
//! Of two neighbours that both want to move, the later one in the batch waits: so the links on which a move was decided still
//! hold when it is made. Masses may have changed, so each move is tried again on them, in order, in constant time. Hence
//! every move gains, the run ends, and the number of threads changes nothing. A node that moves wakes its neighbours
//! outside its new community.

use super::level::{Level, Sums};
use crate::parallel;
use crate::random;
use rayon::ThreadPool;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Gains below this share of a node's weight are rounding.
const LEAST: f64 = 1e-12;
/// A community of its own, whichever label that will be.
const ALONE: u32 = u32::MAX;
/// A batch is this share of the nodes: small, so that few neighbours meet in it.
const SHARE: usize = 48;
const LARGEST_BATCH: usize = 1 << 15;

#[derive(Clone, Copy)]
struct Wish {
    node: u32,
    to: u32,
    /// Weight to the community left, without the node, and to the one joined.
    link_from: f64,
    link_to: f64,
    least: f64,
}

pub(super) struct Moves<'a> {
    pub(super) level: &'a Level<'a>,
    pub(super) resolution: f64,
    pub(super) seed: u64,
    pub(super) pool: Option<&'a ThreadPool>,
}

struct State<'a> {
    community: &'a mut [u32],
    mass: Vec<f64>,
    size: Vec<u32>,
    empty: Vec<u32>,
}

impl Moves<'_> {
    /// Moves nodes until no move gains. Labels are below `level.len()` before and after. True when a node moved.
    pub(super) fn run(&self, order: &[u32], community: &mut [u32]) -> bool {
        let n = self.level.len();
        let (mut mass, mut size) = (vec![0.0; n], vec![0u32; n]);
        for v in 0..n {
            mass[community[v] as usize] += self.level.mass[v];
            size[community[v] as usize] += 1;
        }
        let empty = (0..n as u32).rev().filter(|&c| size[c as usize] == 0).collect();
        let mut state = State { community, mass, size, empty };
        let active: Vec<AtomicBool> = (0..n).map(|_| AtomicBool::new(true)).collect();
        // The place of a node among those that want to move, where it does.
        let mut place = vec![u32::MAX; n];
        let links = parallel::scratch(self.pool, || Sums::new(n));
        let (mut batch, size) = (Vec::new(), (n / SHARE).clamp(1, LARGEST_BATCH));
        let mut moved = false;
        loop {
            let (mut at, mut visited) = (0, false);
            while at < n {
                batch.clear();
                while at < n && batch.len() < size {
                    let v = order[at];
                    at += 1;
                    if active[v as usize].load(Relaxed) {
                        active[v as usize].store(false, Relaxed);
                        batch.push(v);
                    }
                }
                visited |= !batch.is_empty();
                let wishes = self.decide(&batch, &state, &links);
                moved |= self.carry_out(&wishes, &mut state, &active, &mut place);
            }
            if !visited {
                return moved;
            }
        }
    }

    /// What each node of the batch wants, of those that want to move.
    fn decide(&self, batch: &[u32], state: &State, links: &[Mutex<Sums>]) -> Vec<Wish> {
        let one = |links: &mut Sums, wishes: &mut Vec<Wish>, batch: &[u32]| {
            for (i, &v) in batch.iter().enumerate() {
                self.level.prefetch(batch, i);
                wishes.extend(self.wish(v, state, links));
            }
        };
        parallel::gather(self.pool, batch, self.grain(), links, one)
    }

    /// Nodes of one task: enough arcs to be worth a task.
    fn grain(&self) -> usize {
        const ARCS: usize = 4096;
        let n = self.level.len();
        (ARCS * n / self.level.arcs().max(1)).clamp(1, ARCS)
    }

    #[inline(always)]
    fn wish(&self, v: u32, state: &State, links: &mut Sums) -> Option<Wish> {
        let node = v as usize;
        let mut total = 0.0;
        self.level.for_arcs(node, |t, weight| {
            links.add(state.community[t], weight);
            total += weight;
        });
        let (from, own) = (state.community[node], self.level.mass[node]);
        let price = self.resolution * own;
        let least = LEAST * total;
        let link_from = links.of(from);
        let stay = link_from - price * (state.mass[from as usize] - own);
        let (mut to, mut best, mut link_to) = (from, stay + least, 0.0);
        links.drain(|c, link| {
            let gain = link - price * state.mass[c as usize];
            // Equal gains go to another label at each node: none is drawn to by all.
            if gain >= best
                && c != from
                && (gain > best || (to != from && self.hash(v, c) < self.hash(v, to)))
            {
                (to, best, link_to) = (c, gain, link);
            }
        });
        if best < -least && state.size[from as usize] > 1 {
            (to, link_to) = (ALONE, 0.0);
        }
        (to != from).then_some(Wish { node: v, to, link_from, link_to, least })
    }

    fn hash(&self, v: u32, c: u32) -> u64 {
        random::mix(self.seed, u64::from(v) << 32 | u64::from(c))
    }

    fn carry_out(
        &self,
        wishes: &[Wish],
        state: &mut State,
        active: &[AtomicBool],
        place: &mut [u32],
    ) -> bool {
        for (i, wish) in wishes.iter().enumerate() {
            place[wish.node as usize] = i as u32;
        }
        let waits = parallel::map_slice(self.pool, wishes, self.grain(), |wish| {
            let own = place[wish.node as usize];
            self.level.row(wish.node as usize).iter().any(|&t| place[t as usize] < own)
        });
        let mut made = Vec::with_capacity(wishes.len());
        for (wish, waits) in wishes.iter().zip(waits) {
            place[wish.node as usize] = u32::MAX;
            match (!waits).then(|| self.carry_out_one(wish, state)).flatten() {
                Some(to) => made.push((wish.node, to)),
                None => active[wish.node as usize].store(true, Relaxed),
            }
        }
        let community = &*state.community;
        parallel::for_slice(self.pool, &made, self.grain(), |&(v, to)| {
            for &t in self.level.row(v as usize) {
                if community[t as usize] != to {
                    active[t as usize].store(true, Relaxed);
                }
            }
        });
        !made.is_empty()
    }

    /// Makes the move where it gains now; the label moved to.
    fn carry_out_one(&self, wish: &Wish, state: &mut State) -> Option<u32> {
        let (v, from) = (wish.node as usize, state.community[wish.node as usize] as usize);
        let own = self.level.mass[v];
        let price = self.resolution * own;
        let stay = wish.link_from - price * (state.mass[from] - own);
        let to = if wish.to == ALONE {
            if state.size[from] == 1 || stay >= -wish.least {
                return None;
            }
            state.empty.pop().expect("as many labels as nodes") as usize
        } else {
            // The neighbours in it are still there, or this node would wait.
            let to = wish.to as usize;
            if wish.link_to - price * state.mass[to] <= stay + wish.least {
                return None;
            }
            to
        };
        state.mass[from] -= own;
        state.size[from] -= 1;
        if state.size[from] == 0 {
            state.mass[from] = 0.0;
            state.empty.push(from as u32);
        }
        state.mass[to] += own;
        state.size[to] += 1;
        state.community[v] = to as u32;
        Some(to as u32)
    }
}
