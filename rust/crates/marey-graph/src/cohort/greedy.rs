//! One treated after the other takes the nearest control that is left, one round for each control of a ratio.

use super::space::Space;
use super::{Matched, Subjects};
use crate::error::{Error, Result};
use rayon::ThreadPool;

/// Each of `order` takes its nearest free control, `ratio` times over.
pub fn match_greedy(
    subjects: &Subjects,
    ratio: u32,
    order: &[i64],
    pool: Option<&ThreadPool>,
) -> Result<Matched> {
    let space = Space::new(subjects)?;
    let n = space.treated();
    if let Some(at) = order.iter().position(|&t| t < 0 || t as usize >= n) {
        let message = format!("has row {} at index {at}; expected 0 <= row < {n}", order[at]);
        return Err(Error::new("order", message));
    }
    let every: Vec<u32> = (0..n as u32).collect();
    let mut rows = space.rows(&every, 16 + 4 * ratio as usize, pool);
    let (mut next, mut taken) = (vec![0; n], vec![false; space.controls()]);
    let mut pairs = Vec::new();
    for _ in 0..ratio {
        for &t in order {
            let (t, row) = (t as usize, &mut rows[t as usize]);
            loop {
                while next[t] < row.partner.len() && taken[row.partner[next[t]] as usize] {
                    next[t] += 1;
                }
                if next[t] < row.partner.len() || row.complete {
                    break;
                }
                // The longer row begins with the shorter one.
                *row = space.rows(&[t as u32], 4 * row.partner.len(), None).pop().expect("one row");
            }
            if let Some(&control) = row.partner.get(next[t]) {
                taken[control as usize] = true;
                pairs.push((t as u32, control));
            }
        }
    }
    Ok(space.matched(pairs))
}
