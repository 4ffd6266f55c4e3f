//! Vectors of any processor.

use super::columns::Columns;
use super::passes::{self, Passes, Row, Vector};

struct Portable;

impl Vector for Portable {
    type Row = Row;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Row {
        // SAFETY: the caller's; an array of f64 needs no more alignment than one.
        unsafe { *from.cast() }
    }

    #[inline(always)]
    fn store(row: Row) -> Row {
        row
    }

    #[inline(always)]
    fn above(row: Row, value: f64) -> u8 {
        row.iter().rev().fold(0, |mask, &x| mask << 1 | u8::from(x > value))
    }

    #[inline(always)]
    fn below(row: Row, value: f64) -> u8 {
        row.iter().rev().fold(0, |mask, &x| mask << 1 | u8::from(x < value))
    }

    #[inline(always)]
    fn min_where(mut least: Row, mask: u8, row: Row) -> Row {
        for lane in passes::bits(mask) {
            least[lane] = passes::min(least[lane], row[lane]);
        }
        least
    }

    #[inline(always)]
    fn compress(row: Row, floor: f64, mask: u8, to: &mut Row) {
        for (to, lane) in to.iter_mut().zip(passes::bits(mask)) {
            *to = if row[lane] > floor { row[lane] } else { floor };
        }
    }
}

passes::passes_of!(Portable);
