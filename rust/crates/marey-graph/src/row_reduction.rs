//! Augmenting row reduction (Jonker and Volgenant, Computing 38, 1987), of dense and sparse costs alike.

/// The partner of a row or column that has none.
pub(crate) const FREE: u32 = u32::MAX;

/// The least and the second least reduced cost of a row, with their columns; infinite where there is none.
pub(crate) type TwoLeast = (f64, usize, f64, usize);

/// Each free row takes its cheapest column and lowers its price until the second cheapest is as good. Returns the rows
/// without a column. `two_least` looks at a row under the prices.
#[inline(always)]
pub(crate) fn reduce_rows(
    free: Vec<usize>,
    price: &mut [f64],
    row_of: &mut [u32],
    column_of: &mut [u32],
    two_least: impl Fn(usize, &[f64]) -> TwoLeast,
) -> Vec<usize> {
    let mut left = Vec::new();
    // Rows that drive each other out in tiny steps are left to the augmenting paths.
    let mut budget = 8 * free.len() + 8;
    for mut row in free {
        loop {
            let (least, mut column, second, other) = two_least(row, price);
            if least == f64::INFINITY || budget == 0 {
                left.push(row);
                break;
            }
            budget -= 1;
            let lowered = price[column] - (second - least);
            let strict = second.is_finite() && lowered < price[column];
            if strict {
                price[column] = lowered;
            } else if row_of[column] != FREE && second == least {
                column = other;
            }
            let holder = row_of[column];
            if holder != FREE && !strict {
                left.push(row);
                break;
            }
            row_of[column] = row as u32;
            column_of[row] = column as u32;
            if holder == FREE {
                break;
            }
            column_of[holder as usize] = FREE;
            row = holder as usize;
        }
    }
    left
}
