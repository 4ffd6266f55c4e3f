//! Two objectives: a point of the front alone dominates the box to its two neighbours, less the dominated points inside.
//! Cost O(n log n).

use super::lexicographic;
use crate::hypervolume::Stairs;

pub(super) fn contributions(points: &[&[f64]], reference: &[f64]) -> Vec<f64> {
    let order = lexicographic(points, &[0, 1]);
    let at = |i: usize| points[order[i]];
    let mut front: Vec<usize> = Vec::new();
    for i in 0..order.len() {
        if front.last().is_none_or(|&last| at(i)[1] < at(last)[1]) {
            front.push(i);
        }
    }
    let mut contributions = vec![0.0; points.len()];
    let mut stairs = Stairs::new();
    for (k, &i) in front.iter().enumerate() {
        let (x, y) = (at(i)[0], at(i)[1]);
        let next = front.get(k + 1).copied().unwrap_or(order.len());
        let right = if next < order.len() { at(next)[0] } else { reference[0] };
        let top = if k > 0 { at(front[k - 1])[1] } else { reference[1] };
        stairs.clear();
        let dominated = (i + 1..next).map(at).filter(|p| p[0] < right && p[1] < top);
        let shared: f64 = dominated.map(|p| stairs.add(p[0], p[1], right, top)).sum();
        contributions[order[i]] = (right - x) * (top - y) - shared;
    }
    contributions
}
