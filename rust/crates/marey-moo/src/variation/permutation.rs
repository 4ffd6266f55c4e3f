//! Operators on permutations, whose items are the numbers 0..n.
//!
//! Sources: order crossover (Davis 1985); edge recombination (Whitley, Starkweather, Fuquay 1989).

use crate::random::Draw;

pub(super) enum PermutationCross {
    Order,
    Edge,
}

pub(super) enum PermutationMutation {
    Inversion,
    Swap,
}

impl PermutationCross {
    pub(super) fn apply(&self, a: &mut [f64], b: &mut [f64], draw: &mut Draw) {
        let n = a.len();
        if n < 2 {
            return;
        }
        let (c, d) = match self {
            Self::Order => {
                let (from, to) = cuts(n, draw);
                (order(a, b, from, to), order(b, a, from, to))
            }
            Self::Edge => (edge(a, b, draw), edge(b, a, draw)),
        };
        a.copy_from_slice(&c);
        b.copy_from_slice(&d);
    }
}

impl PermutationMutation {
    pub(super) fn apply(&self, items: &mut [f64], draw: &mut Draw) {
        if items.len() < 2 {
            return;
        }
        match self {
            Self::Inversion => {
                let (from, to) = cuts(items.len(), draw);
                items[from..to].reverse();
            }
            Self::Swap => {
                let i = draw.below(items.len());
                items.swap(i, draw.other_than(items.len(), &[i]));
            }
        }
    }
}

/// Ends of a segment of at least two items.
fn cuts(n: usize, draw: &mut Draw) -> (usize, usize) {
    let i = draw.below(n);
    let j = draw.other_than(n, &[i]);
    (i.min(j), i.max(j) + 1)
}

/// The segment of `a`; the places after it, around the end, get the other items in the order of `b` after the segment.
fn order(a: &[f64], b: &[f64], from: usize, to: usize) -> Vec<f64> {
    let n = a.len();
    let mut child = a.to_vec();
    let mut taken = vec![false; n];
    a[from..to].iter().for_each(|&item| taken[item as usize] = true);
    let mut place = to;
    for k in 0..n {
        let item = b[(to + k) % n];
        if !taken[item as usize] {
            child[place % n] = item;
            place += 1;
        }
    }
    child
}

/// Walks from the first item of `a` along neighbours that either parent has, the one with fewest neighbours left first.
fn edge(a: &[f64], b: &[f64], draw: &mut Draw) -> Vec<f64> {
    let n = a.len();
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::with_capacity(4); n];
    for parent in [a, b] {
        for (i, &item) in parent.iter().enumerate() {
            for other in [parent[(i + 1) % n] as usize, parent[(i + n - 1) % n] as usize] {
                if !neighbours[item as usize].contains(&other) {
                    neighbours[item as usize].push(other);
                }
            }
        }
    }
    let mut left: Vec<usize> = (0..n).collect();
    let mut child = Vec::with_capacity(n);
    let mut current = a[0] as usize;
    loop {
        child.push(current as f64);
        left.retain(|&item| item != current);
        if left.is_empty() {
            return child;
        }
        for item in std::mem::take(&mut neighbours[current]) {
            neighbours[item].retain(|&other| other != current);
            neighbours[current].push(item);
        }
        let open = |item: &&usize| left.contains(item);
        let fewest = neighbours[current].iter().filter(open).map(|&item| neighbours[item].len()).min();
        current = match fewest {
            Some(fewest) => {
                let best: Vec<usize> = neighbours[current]
                    .iter()
                    .filter(open)
                    .copied()
                    .filter(|&item| neighbours[item].len() == fewest)
                    .collect();
                best[draw.below(best.len())]
            }
            None => left[draw.below(left.len())],
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn children_are_permutations(n in 1..30usize, seed: u64) {
            let mut draw = Draw::new(seed, 0, 0, Purpose::Cross);
            let items: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let (mut a, mut b) = (items.clone(), items.clone());
            draw.shuffle(&mut a);
            draw.shuffle(&mut b);
            for cross in [PermutationCross::Order, PermutationCross::Edge] {
                cross.apply(&mut a, &mut b, &mut draw);
                for mutation in [PermutationMutation::Inversion, PermutationMutation::Swap] {
                    mutation.apply(&mut a, &mut draw);
                }
                for child in [&a, &b] {
                    let mut sorted = child.clone();
                    sorted.sort_by(f64::total_cmp);
                    prop_assert_eq!(&sorted, &items);
                }
            }
        }
    }

    #[test]
    fn order_crossover_by_hand() {
        // After the segment 3 4 5 6 come, around the end, the others in b's order from there: 0 8 2 7 1.
        let a = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let b = [8.0, 2.0, 6.0, 7.0, 1.0, 5.0, 4.0, 0.0, 3.0];
        assert_eq!(order(&a, &b, 3, 7), [2.0, 7.0, 1.0, 3.0, 4.0, 5.0, 6.0, 0.0, 8.0]);
    }

    #[test]
    fn edge_recombination_of_equal_parents_gives_their_ring() {
        let a = [2.0, 0.0, 3.0, 1.0, 4.0];
        let child = edge(&a, &a, &mut Draw::new(1, 0, 0, Purpose::Cross));
        for pair in child.windows(2) {
            let i = a.iter().position(|x| *x == pair[0]).unwrap();
            assert!(a[(i + 1) % 5] == pair[1] || a[(i + 4) % 5] == pair[1]);
        }
    }
}
