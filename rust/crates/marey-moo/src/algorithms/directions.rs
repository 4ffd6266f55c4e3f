//! Reference directions on the unit simplex: the lattice of Das and Dennis 1998, and points of least Riesz energy
//! (Blank, Deb, Dhebar, Bandaru, Seada 2021).

use crate::error::{Error, Result};
use crate::evolve::Settings;
use crate::random::{Draw, Purpose};

/// All points of the simplex whose coordinates are multiples of 1 / `partitions`: C(m + partitions - 1, partitions) rows.
pub fn das_dennis(m: usize, partitions: usize) -> Result<Vec<f64>> {
    if m == 0 || partitions == 0 {
        return Err(Error::invalid(
            "partitions",
            format!("is {partitions} for {m} objectives; expected at least 1"),
        ));
    }
    // Also what recursion can bear.
    let mut count = if m <= 1000 { 1.0f64 } else { f64::INFINITY };
    for i in 1..m {
        count *= (partitions + i) as f64 / i as f64;
    }
    if count * m as f64 > 2e7 {
        return Err(Error::invalid("partitions", format!("gives {count:.0} directions; expected fewer")));
    }
    let mut rows = Vec::new();
    let mut parts = vec![0; m];
    lattice(&mut parts, 0, partitions, partitions, &mut rows);
    Ok(rows)
}

fn lattice(parts: &mut [usize], j: usize, left: usize, total: usize, rows: &mut Vec<f64>) {
    if j + 1 == parts.len() {
        parts[j] = left;
        rows.extend(parts.iter().map(|&p| p as f64 / total as f64));
        return;
    }
    for part in 0..=left {
        parts[j] = part;
        lattice(parts, j + 1, left - part, total, rows);
    }
}

/// `n` points of the simplex that repel each other with energy 1 / distance^(m^2), the corners among them.
pub fn riesz(m: usize, n: usize, seed: u64, iterations: usize) -> Result<Vec<f64>> {
    if m < 2 || n < m {
        return Err(Error::invalid(
            "n",
            format!("is {n} for {m} objectives; expected at least the {m} corners"),
        ));
    }
    let mut x = vec![0.0; n * m];
    for (i, row) in x.chunks_exact_mut(m).enumerate() {
        let mut draw = Draw::new(seed, 0, i as u64, Purpose::Sample);
        row.iter_mut().for_each(|v| *v = -libm::log(1.0 - draw.uniform()));
        project(row);
        if i < m {
            row.fill(0.0);
            row[i] = 1.0;
        }
    }
    let power = (m * m) as f64;
    // Steps shrink from a good part of the mean distance between neighbours to a thousandth of it.
    let spacing = libm::pow(n as f64, -1.0 / (m as f64 - 1.0));
    let mut force = vec![0.0; n * m];
    for iteration in 0..iterations {
        force.fill(0.0);
        for i in 0..n {
            let mut nearest = f64::INFINITY;
            let square = |x: &[f64], j: usize| {
                (0..m).map(|k| (x[i * m + k] - x[j * m + k]).powi(2)).sum::<f64>().max(1e-30)
            };
            for j in (0..n).filter(|&j| j != i) {
                nearest = nearest.min(square(&x, j));
            }
            for j in (0..n).filter(|&j| j != i) {
                // Relative to the nearest neighbour, so that nothing overflows.
                let ratio = nearest / square(&x, j);
                if ratio < 1e-2 {
                    continue;
                }
                let weight = libm::pow(ratio, 0.5 * power + 1.0);
                (0..m).for_each(|k| force[i * m + k] += weight * (x[i * m + k] - x[j * m + k]));
            }
        }
        let step = spacing * 0.3 * (1.0 - iteration as f64 / iterations as f64).powi(2) + spacing * 1e-4;
        for i in m..n {
            let mean = force[i * m..(i + 1) * m].iter().sum::<f64>() / m as f64;
            let length = (0..m).map(|k| (force[i * m + k] - mean).powi(2)).sum::<f64>().sqrt();
            if length > 0.0 {
                (0..m).for_each(|k| x[i * m + k] += step * (force[i * m + k] - mean) / length);
                project(&mut x[i * m..(i + 1) * m]);
            }
        }
    }
    Ok(x)
}

fn project(row: &mut [f64]) {
    row.iter_mut().for_each(|v| *v = v.max(0.0));
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|v| *v /= sum);
}

/// The directions of a run: those given, or a lattice of about a hundred.
pub(super) fn of(settings: &mut Settings, m: usize) -> Result<Vec<f64>> {
    if let Some(rows) = settings.table("ref_dirs", m)? {
        if rows.iter().any(|&v| v < 0.0) || rows.chunks_exact(m).any(|row| row.iter().sum::<f64>() <= 0.0) {
            return Err(Error::invalid(
                "ref_dirs",
                "has a negative number or a row of zeros; expected directions",
            ));
        }
        return Ok(rows);
    }
    match m {
        1 => Ok(vec![1.0]),
        2 => das_dennis(2, 99),
        3 => das_dennis(3, 12),
        4 => das_dennis(4, 7),
        5 => das_dennis(5, 5),
        6 => das_dennis(6, 4),
        7..=20 => layered(m),
        _ => Err(Error::invalid("ref_dirs", format!("is left out; expected directions for {m} objectives"))),
    }
}

/// The lattices of 3 and 2 partitions, the second drawn halfway to the centre (Deb, Jain 2014).
fn layered(m: usize) -> Result<Vec<f64>> {
    let mut rows = das_dennis(m, if m <= 10 { 3 } else { 2 })?;
    let inner = das_dennis(m, if m <= 10 { 2 } else { 1 })?;
    rows.extend(inner.iter().map(|v| 0.5 * v + 0.5 / m as f64));
    Ok(rows)
}

/// Rows of length 1.
pub(super) fn unit(rows: &[f64], m: usize) -> Vec<f64> {
    let mut unit = rows.to_vec();
    for row in unit.chunks_exact_mut(m) {
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter_mut().for_each(|v| *v /= length);
    }
    unit
}
