//! Full matching without bounds: everyone who may be is in a set, and the sum of distances is least.
//!
//! That is an edge cover of least weight: a subject takes its nearest, except where a pair saves both from theirs; the
//! pairs are a matching of largest saving (Schrijver, Combinatorial Optimization, 2003, section 19.3).

use super::solve::{Arcs, More, NONE, Prices, Solver, price};
use super::space::{Space, Subjects, Window};
use super::{Matched, Steps};
use crate::error::Result;
use rayon::ThreadPool;

/// Pairs that leave nobody with an allowed partner out, of least sum of distances.
pub fn edge_cover(subjects: &Subjects, pool: Option<&ThreadPool>) -> Result<Matched> {
    let space = Space::new(subjects)?;
    let windows: Vec<Window> = subjects.windows.iter().map(Window::turned).collect();
    let turned = subjects.turned(&windows);
    let other = Space::new(&turned)?;
    Ok(space.matched(cover(&space, &other, pool)))
}

fn cover(space: &Space, other: &Space, pool: Option<&ThreadPool>) -> Vec<(u32, u32)> {
    let (t, c) = (space.treated(), space.controls());
    let steps = Steps::new(space);
    let (treated, controls): (Vec<u32>, Vec<u32>) = ((0..t as u32).collect(), (0..c as u32).collect());
    let nearest_control = space.rows(&treated, 1, pool);
    let nearest_treated = other.rows(&controls, 1, pool);
    let least: Vec<i64> =
        nearest_treated.iter().map(|row| row.distance.first().map_or(0, |&d| steps.of(d))).collect();
    let farthest = nearest_treated.iter().filter_map(|row| row.distance.first().copied()).fold(0.0, f64::max);
    // A pair saves both subjects' nearest at the price of its own length.
    let reach: Vec<f64> =
        nearest_control.iter().map(|row| row.distance.first().map_or(0.0, |&own| own + farthest)).collect();
    let near = space.rows_within(&reach, pool);
    let arcs: Vec<Arcs> = near
        .iter()
        .enumerate()
        .map(|(i, near)| {
            let own = nearest_control[i].distance.first().map_or(0, |&d| steps.of(d));
            let mut found: Vec<(i64, u32)> = near
                .partner
                .iter()
                .zip(&near.distance)
                .map(|(&j, &distance)| (steps.of(distance) - least[j as usize], j))
                .filter(|&(length, _)| length < own)
                .collect();
            // Alone, a treated costs its own nearest: an arc to a column of its own.
            found.push((own, (c + i) as u32));
            found.sort_unstable();
            let (length, column) = found.into_iter().unzip();
            Arcs { column, length, complete: true }
        })
        .collect();
    let prices = Prices { supply: vec![1; t], idle: price(1), alone: price(1), categories: None, excess: 0 };
    let mut solver = Solver::new(&prices, arcs, c + t, Complete);
    for row in 0..t as u32 {
        solver.place(&[row]);
    }
    let flow = solver.finish();
    let mut edges = Vec::new();
    let mut paired = vec![false; t];
    for (j, &i) in flow.holder[..c].iter().enumerate() {
        if i != NONE {
            paired[i as usize] = true;
            edges.push((i, j as u32));
        } else if let Some(&i) = nearest_treated[j].partner.first() {
            edges.push((i, j as u32));
        }
    }
    for i in (0..t).filter(|&i| !paired[i]) {
        edges.extend(nearest_control[i].partner.first().map(|&j| (i as u32, j)));
    }
    edges
}

struct Complete;

impl More for Complete {
    fn more(&mut self, _: usize, _: &mut Arcs) {}
}
