//! Vectors of x86-64.

// Every block is safe for the one reason given in its module.
#![allow(clippy::undocumented_unsafe_blocks)]

use super::columns::Columns;
use super::passes::{self, LANES, Passes, Row, Vector, passes_of};
use std::arch::x86_64::*;

pub(super) mod avx512 {
    use super::*;

    struct Avx512;

    impl Vector for Avx512 {
        type Row = __m512d;

        // SAFETY of every block: inlined only into functions with AVX-512F; a row is eight numbers.
        #[inline(always)]
        unsafe fn load(from: *const f64) -> __m512d {
            unsafe { _mm512_loadu_pd(from) }
        }

        #[inline(always)]
        fn store(row: __m512d) -> Row {
            let mut to = [0.0; LANES];
            unsafe { _mm512_storeu_pd(to.as_mut_ptr(), row) };
            to
        }

        #[inline(always)]
        fn above(row: __m512d, value: f64) -> u8 {
            unsafe { _mm512_cmp_pd_mask::<_CMP_GT_OQ>(row, _mm512_set1_pd(value)) }
        }

        #[inline(always)]
        fn below(row: __m512d, value: f64) -> u8 {
            unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(row, _mm512_set1_pd(value)) }
        }

        #[inline(always)]
        fn min_where(least: __m512d, mask: u8, row: __m512d) -> __m512d {
            unsafe { _mm512_mask_min_pd(least, mask, least, row) }
        }

        #[inline(always)]
        fn compress(row: __m512d, floor: f64, mask: u8, to: &mut Row) {
            // In a register, then a whole store: a compressing store is microcode on some processors.
            unsafe {
                let raised = _mm512_max_pd(row, _mm512_set1_pd(floor));
                _mm512_storeu_pd(to.as_mut_ptr(), _mm512_maskz_compress_pd(mask, raised));
            }
        }
    }

    passes_of!(Avx512, "avx512f");
}

pub(super) mod avx2 {
    use super::*;

    struct Avx2;

    impl Vector for Avx2 {
        type Row = [__m256d; 2];

        // SAFETY of every block: inlined only into functions with AVX2; a row is eight numbers.
        #[inline(always)]
        unsafe fn load(from: *const f64) -> Self::Row {
            unsafe { [_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4))] }
        }

        #[inline(always)]
        fn store(row: Self::Row) -> Row {
            let mut to = [0.0; LANES];
            unsafe {
                _mm256_storeu_pd(to.as_mut_ptr(), row[0]);
                _mm256_storeu_pd(to.as_mut_ptr().add(4), row[1]);
            }
            to
        }

        #[inline(always)]
        fn above(row: Self::Row, value: f64) -> u8 {
            unsafe { mask(row.map(|half| _mm256_cmp_pd::<_CMP_GT_OQ>(half, _mm256_set1_pd(value)))) }
        }

        #[inline(always)]
        fn below(row: Self::Row, value: f64) -> u8 {
            unsafe { mask(row.map(|half| _mm256_cmp_pd::<_CMP_LT_OQ>(half, _mm256_set1_pd(value)))) }
        }

        #[inline(always)]
        fn min_where(least: Self::Row, mask: u8, row: Self::Row) -> Self::Row {
            unsafe {
                let bit = _mm256_set_epi64x(8, 4, 2, 1);
                let lower = |half: usize, mask: u8| {
                    let lanes = _mm256_and_si256(_mm256_set1_epi64x(i64::from(mask)), bit);
                    let lanes = _mm256_castsi256_pd(_mm256_cmpeq_epi64(lanes, bit));
                    _mm256_blendv_pd(least[half], _mm256_min_pd(least[half], row[half]), lanes)
                };
                [lower(0, mask), lower(1, mask >> 4)]
            }
        }

        #[inline(always)]
        fn compress(row: Self::Row, floor: f64, mask: u8, to: &mut Row) {
            let row = Self::store(row);
            for (to, lane) in to.iter_mut().zip(passes::bits(mask)) {
                *to = if row[lane] > floor { row[lane] } else { floor };
            }
        }
    }

    #[inline(always)]
    fn mask(row: [__m256d; 2]) -> u8 {
        let halves = unsafe { row.map(|half| _mm256_movemask_pd(half) as u8) };
        halves[0] | halves[1] << 4
    }

    passes_of!(Avx2, "avx2");
}
