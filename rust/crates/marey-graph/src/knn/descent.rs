//! Nearest neighbours by NN-descent (Dong, Moses and Li, WWW 2011): a neighbour of a neighbour is likely a neighbour.
//!
//! Trees of random splits give the first lists: a part of the points is halved by which of two of its points is nearer,
//! down to small leaves, and a leaf's points are each other's candidates (Dasgupta and Freund, STOC 2008). In a round every
//! point looks at the neighbours of its neighbours, in both directions, as the last round left them, and writes its own list
//! alone: the same answer for any number of threads. A pair is measured only where one of its two steps is new.

use super::{Best, Neighbours};
use crate::parallel;
use crate::random::mix;
use rayon::ThreadPool;

const TREES: usize = 6;
const LEAF: usize = 48;
const ROUNDS: usize = 12;

/// The k nearest of rows of width `d`, most of them right, by a symmetric `distance` that is never NaN.
pub(super) fn descend(
    rows: &[f64],
    d: usize,
    k: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
    distance: impl Fn(&[f64], &[f64]) -> f64 + Sync + Send,
) -> Neighbours {
    let n = rows.len() / d;
    let row = |i: usize| &rows[i * d..(i + 1) * d];
    // Laid out by a tree, what is near lies near in memory.
    let order = leaves(n, mix(seed, TREES as u64), pool, &|i, j| distance(row(i), row(j))).concat();
    let laid: Vec<f64> = order.iter().flat_map(|&i| row(i as usize)).copied().collect();
    let row = |i: usize| &laid[i * d..(i + 1) * d];
    let best = search(n, k, seed, pool, |i, j| distance(row(i), row(j)));
    let mut placed: Vec<Best> = (0..n).map(|_| Best::new(k)).collect();
    for (&i, found) in order.iter().zip(&best) {
        for &(distance, j) in &found.items[..k] {
            placed[i as usize].offer(distance, order[j as usize]);
        }
    }
    super::gather(vec![placed], n, k)
}

fn search(
    n: usize,
    k: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
    distance: impl Fn(usize, usize) -> f64 + Sync + Send,
) -> Vec<Best> {
    // Longer lists than asked for find more of what is asked for.
    let width = (k + k / 2 + 5).min(n.saturating_sub(1));
    let mut best: Vec<Best> = (0..n).map(|_| Best::new(width)).collect();
    for tree in 0..TREES {
        let leaves = leaves(n, mix(seed, tree as u64), pool, &distance);
        let mut leaf_of = vec![0u32; n];
        for (at, leaf) in leaves.iter().enumerate() {
            leaf.iter().for_each(|&i| leaf_of[i as usize] = at as u32);
        }
        parallel::each_row(
            pool,
            &mut best,
            1,
            || (),
            |(), i, row| {
                for &j in &leaves[leaf_of[i] as usize] {
                    row[0].offer_once(distance(i, j as usize), j, i);
                }
            },
        );
    }
    let mut known: Vec<Vec<u32>> = vec![Vec::new(); n];
    for round in 0..ROUNDS {
        let around = around(&best, &known, width, mix(!seed, round as u64));
        let next = parallel::map(
            pool,
            n,
            || vec![u32::MAX; n],
            |seen, i| {
                let mut mine = Best { items: best[i].items.clone(), k: width };
                mine.items.iter().for_each(|item| seen[item.1 as usize] = i as u32);
                seen[i] = i as u32;
                for &(v, first_is_new) in &around[i] {
                    for &(w, second_is_new) in &around[v as usize] {
                        let fresh = first_is_new || second_is_new;
                        if fresh && std::mem::replace(&mut seen[w as usize], i as u32) != i as u32 {
                            mine.offer(distance(i, w as usize), w);
                        }
                    }
                }
                mine
            },
        );
        known = best.iter().map(|list| list.items.iter().map(|item| item.1).collect()).collect();
        let changed: usize = next.iter().zip(&known).map(|(list, old)| new_of(list, old).count()).sum();
        best = next;
        if changed * 1000 < n * width {
            break;
        }
    }
    best
}

fn new_of<'a>(list: &'a Best, old: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    list.items.iter().map(|item| item.1).filter(|j| !old.contains(j))
}

/// The neighbours of each point and the points it is a neighbour of, at most `width` of these, with whether that is new.
fn around(best: &[Best], known: &[Vec<u32>], width: usize, seed: u64) -> Vec<Vec<(u32, bool)>> {
    let mut back: Vec<Vec<(u64, u32, bool)>> = vec![Vec::new(); best.len()];
    let mut around = vec![Vec::new(); best.len()];
    for (i, list) in best.iter().enumerate() {
        for item in &list.items {
            let new = !known[i].contains(&item.1);
            around[i].push((item.1, new));
            back[item.1 as usize].push((mix(seed, i as u64), i as u32, new));
        }
    }
    for (own, mut back) in around.iter_mut().zip(back) {
        back.retain(|&(_, i, _)| own.iter().all(|item: &(u32, bool)| item.0 != i));
        if back.len() > width {
            back.select_nth_unstable(width);
            back.truncate(width);
        }
        back.sort_unstable();
        own.extend(back.into_iter().map(|(_, i, new)| (i, new)));
    }
    around
}

/// Parts of 0..n of at most `LEAF` points.
fn leaves(
    n: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
    distance: &(impl Fn(usize, usize) -> f64 + Sync),
) -> Vec<Vec<u32>> {
    let mut parts: Vec<Vec<u32>> = vec![(0..n as u32).collect()];
    for level in 0.. {
        if parts.iter().all(|part| part.len() <= LEAF) {
            break;
        }
        let halves = parallel::map(
            pool,
            parts.len(),
            || (),
            |(), at| {
                let part = &parts[at];
                if part.len() <= LEAF {
                    return vec![part.clone()];
                }
                let pick = |of: u64| {
                    let random = u128::from(mix(mix(seed, level), 2 * at as u64 + of));
                    part[((random * part.len() as u128) >> 64) as usize] as usize
                };
                let (a, b) = (pick(0), pick(1));
                let margin = |i: u32| {
                    let margin = distance(i as usize, a) - distance(i as usize, b);
                    // Two infinite distances leave nothing to choose.
                    (if margin.is_nan() { 0.0 } else { margin }, i)
                };
                let mut sided: Vec<(f64, u32)> = part.iter().map(|&i| margin(i)).collect();
                let half = sided.len() / 2;
                sided.select_nth_unstable_by(half, |x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
                sided.chunks(half).fold(vec![Vec::new(), Vec::new()], |mut sides, chunk| {
                    let side = usize::from(!sides[0].is_empty());
                    sides[side].extend(chunk.iter().map(|item| item.1));
                    sides
                })
            },
        );
        parts = halves.into_iter().flatten().collect();
    }
    parts
}
