//! Cutting a front by hypervolume: the member that adds least goes, again and again.

use crate::contributions::hv_contributions;
use crate::hypervolume::hypervolume;
use crate::points::Points;

/// The places of the `room` members that stay, ascending, of a front of mutually non-dominated rows scaled to [0, 1].
///
/// A member's contribution only grows when others go, so contributions computed earlier are lower bounds, and only the
/// member with the least bound needs computing anew.
pub(super) fn reduce(rows: &[f64], m: usize, room: usize) -> Vec<usize> {
    let n = rows.len() / m;
    // With two objectives the outermost always stay; with more, a reference point near the front spreads evenly
    // (Ishibuchi, Imada, Setoguchi, Nojima 2018).
    let reference = vec![if m == 2 { 2.0 } else { 1.1 }; m];
    let points = Points::new(rows, n, m).expect("whole rows");
    let mut bound = hv_contributions(points, &reference, None).expect("finite objectives");
    let mut stays: Vec<usize> = (0..n).collect();
    let mut exact = vec![true; n];
    while stays.len() > room {
        let least = |a: &usize, b: &usize| bound[*a].total_cmp(&bound[*b]).then(b.cmp(a));
        let at = (0..stays.len()).min_by(|&a, &b| least(&stays[a], &stays[b]));
        let at = at.expect("a front has members");
        let i = stays[at];
        if exact[i] {
            stays.remove(at);
            exact.fill(false);
        } else {
            bound[i] = bound[i].max(alone(rows, m, &stays, i, &reference));
            exact[i] = true;
        }
    }
    stays
}

/// The volume that member `i` alone dominates.
fn alone(rows: &[f64], m: usize, stays: &[usize], i: usize, reference: &[f64]) -> f64 {
    let p = &rows[i * m..(i + 1) * m];
    let own: f64 = p.iter().zip(reference).map(|(p, r)| (r - p).max(0.0)).product();
    let mut clipped = Vec::with_capacity(stays.len() * m);
    for &j in stays.iter().filter(|&&j| j != i) {
        clipped.extend(rows[j * m..(j + 1) * m].iter().zip(p).map(|(q, p)| q.max(*p)));
    }
    let points = Points::new(&clipped, stays.len() - 1, m).expect("whole rows");
    own - hypervolume(points, reference, None).expect("finite objectives")
}
