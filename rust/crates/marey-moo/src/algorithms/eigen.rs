//! Eigenvalues and eigenvectors of a symmetric matrix by Jacobi rotations (Golub, Van Loan, Matrix Computations 8.5):
//! the same bits on every machine. Cost O(n^3) a sweep, a handful of sweeps.

/// Eigenvalues, and the eigenvectors as rows.
pub(super) fn eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    for _ in 0..30 {
        let off: f64 =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j].powi(2)).sum();
        let size: f64 = (0..n).map(|i| a[i * n + i].powi(2)).sum();
        if off <= 1e-30 * size || !off.is_finite() {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, n, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), vectors)
}

/// Makes the element (p, q) zero.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let tau = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = if tau >= 0.0 { 1.0 } else { -1.0 } / (tau.abs() + (1.0 + tau * tau).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    for k in 0..n {
        let (kp, kq) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = c * kp - s * kq;
        a[k * n + q] = s * kp + c * kq;
    }
    for k in 0..n {
        let (pk, qk) = (a[p * n + k], a[q * n + k]);
        a[p * n + k] = c * pk - s * qk;
        a[q * n + k] = s * pk + c * qk;
        let (vp, vq) = (vectors[p * n + k], vectors[q * n + k]);
        vectors[p * n + k] = c * vp - s * vq;
        vectors[q * n + k] = s * vp + c * vq;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_vectors_diagonalise_the_matrix(n in 1..9usize, seed: u64) {
            let random = |i: usize, j: usize| crate::random::uniform(seed, (i.max(j) * n + i.min(j)) as u64) - 0.5;
            let matrix: Vec<f64> = (0..n * n).map(|k| random(k / n, k % n)).collect();
            let (values, vectors) = eigen(&matrix, n);
            for i in 0..n {
                let v = &vectors[i * n..(i + 1) * n];
                for r in 0..n {
                    let along: f64 = (0..n).map(|c| matrix[r * n + c] * v[c]).sum();
                    // Rounding of a few sweeps over numbers near 1.
                    prop_assert!((along - values[i] * v[r]).abs() < 1e-12);
                }
                prop_assert!((v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}
