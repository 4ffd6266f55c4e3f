//! How evenly points lie on a front: spacing, and the crowding distance of each point.

use crate::error::{Error, Result};
use crate::nearest::{Blocks, Measure};
use crate::points::Points;

struct Manhattan;

impl Measure for Manhattan {
    const START: f64 = 0.0;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        distance + (a - q).abs()
    }
}

/// The standard deviation of the distances, in sums of absolute differences, from each point to its nearest neighbour.
///
/// Source: Schott 1995. Cost O(d n^2), eight points at a time.
pub fn spacing(points: Points) -> Result<f64> {
    points.reject_nonfinite("F")?;
    let n = points.len();
    if n < 2 {
        return Err(Error::invalid(
            "F",
            format!("has shape ({n}, {}); expected at least two points", points.dim()),
        ));
    }
    let mut blocks = Blocks::new(points.rows(), points.dim(), f64::INFINITY);
    let away = vec![f64::INFINITY; points.dim()];
    let mut distances = Vec::with_capacity(n);
    for (i, row) in points.rows().enumerate() {
        blocks.set(i, &away);
        distances.extend(blocks.nearest::<Manhattan>(row, f64::NEG_INFINITY));
        blocks.set(i, row);
    }
    let mean = distances.iter().sum::<f64>() / n as f64;
    let squares: f64 = distances.iter().map(|x| (x - mean) * (x - mean)).sum();
    Ok((squares / (n - 1) as f64).sqrt())
}

/// The crowding distance of each point among the points of its `group`, a number below the number of points: the sum over
/// the objectives of the gap between its two neighbours, divided by the group's range. The outermost points have inf.
///
/// Points that tie in an objective are ordered by the objectives after it, in turn, so that the order of the points does
/// not matter; equal points are ordered by their number. An objective in which a group does not differ adds nothing.
///
/// Source: Deb et al. 2002. Cost O(d n log n).
pub fn crowding_distance(points: Points, group: &[usize]) -> Result<Vec<f64>> {
    points.reject_nonfinite("F")?;
    let (n, d) = (points.len(), points.dim());
    let mut distances = vec![0.0; n];
    let mut order: Vec<usize> = (0..n).collect();
    for j in 0..d {
        let turned = |i: usize| (0..d).map(move |k| points.row(i)[(j + k) % d]);
        order.sort_unstable_by(|&a, &b| {
            let by_value = turned(a).partial_cmp(turned(b)).expect("numbers");
            group[a].cmp(&group[b]).then(by_value).then(a.cmp(&b))
        });
        let value = |i: usize| points.row(i)[j];
        for members in order.chunk_by(|&a, &b| group[a] == group[b]) {
            let (first, last) = (members[0], members[members.len() - 1]);
            let range = value(last) - value(first);
            if range > 0.0 {
                for three in members.windows(3) {
                    distances[three[1]] += (value(three[2]) - value(three[0])) / range;
                }
                distances[first] = f64::INFINITY;
                distances[last] = f64::INFINITY;
            } else if members.len() <= 2 {
                members.iter().for_each(|&i| distances[i] = f64::INFINITY);
            }
        }
    }
    Ok(distances)
}
