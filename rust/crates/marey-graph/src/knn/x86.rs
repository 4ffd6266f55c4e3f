//! Tiles of queries x one panel of 16 points with AVX-512 or AVX2. Sums stay in registers; a query's are stored only where one is
//! within its limit. A column costs one load of the panel and one broadcast a query.

use super::{LANES, Lanes};
use std::arch::x86_64::*;

/// # Safety
/// The processor has AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn tile_avx512(
    x: &[f32],
    y: &[f32],
    from: &Lanes,
    limits: &[f32; 16],
    sums: &mut [Lanes; 16],
) -> u32 {
    // SAFETY: arrays of 16 are read and written as wholes; of x and y as many columns as both have.
    unsafe {
        let mut sum = [_mm512_loadu_ps(from.as_ptr()); 16];
        for column in 0..(x.len() / 16).min(y.len() / LANES) {
            let points = _mm512_loadu_ps(y.as_ptr().add(column * LANES));
            let query = x.as_ptr().add(column * 16);
            for q in 0..16 {
                sum[q] = _mm512_fmadd_ps(_mm512_set1_ps(*query.add(q)), points, sum[q]);
            }
        }
        let mut near = 0;
        for q in 0..16 {
            if _mm512_cmp_ps_mask::<_CMP_LE_OQ>(sum[q], _mm512_set1_ps(limits[q])) != 0 {
                near |= 1 << q;
                _mm512_storeu_ps(sums[q].as_mut_ptr(), sum[q]);
            }
        }
        near
    }
}

/// # Safety
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn tile_avx2(
    x: &[f32],
    y: &[f32],
    from: &Lanes,
    limits: &[f32; 6],
    sums: &mut [Lanes; 6],
) -> u32 {
    // SAFETY: arrays of 16 are read and written as two halves; of x and y as many columns as both have.
    unsafe {
        let mut low = [_mm256_loadu_ps(from.as_ptr()); 6];
        let mut high = [_mm256_loadu_ps(from.as_ptr().add(8)); 6];
        for column in 0..(x.len() / 6).min(y.len() / LANES) {
            let points = y.as_ptr().add(column * LANES);
            let (first, second) = (_mm256_loadu_ps(points), _mm256_loadu_ps(points.add(8)));
            let query = x.as_ptr().add(column * 6);
            for q in 0..6 {
                let own = _mm256_set1_ps(*query.add(q));
                low[q] = _mm256_fmadd_ps(own, first, low[q]);
                high[q] = _mm256_fmadd_ps(own, second, high[q]);
            }
        }
        let mut near = 0;
        for q in 0..6 {
            let limit = _mm256_set1_ps(limits[q]);
            let (a, b) =
                (_mm256_cmp_ps::<_CMP_LE_OQ>(low[q], limit), _mm256_cmp_ps::<_CMP_LE_OQ>(high[q], limit));
            if _mm256_movemask_ps(_mm256_or_ps(a, b)) != 0 {
                near |= 1 << q;
                _mm256_storeu_ps(sums[q].as_mut_ptr(), low[q]);
                _mm256_storeu_ps(sums[q].as_mut_ptr().add(8), high[q]);
            }
        }
        near
    }
}
