//! The two passes over a set of points that a hypervolume spends its time in, eight points at a time.

use super::columns::Columns;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Points to a vector.
pub(super) const LANES: usize = 8;

pub(super) type Row = [f64; LANES];

/// `tops` is [`Columns::dominates`], `clip` is [`Columns::clip`].
#[derive(Clone, Copy)]
pub(super) struct Passes {
    pub(super) tops: fn(&Columns, &[f64], &mut [f64]) -> bool,
    pub(super) clip: fn(&Columns, &[f64], &[f64], &mut Columns, &mut Vec<u32>),
}

/// The passes that this machine can run, the fastest first. All give the same answer.
pub(super) fn passes(d: usize) -> Vec<Passes> {
    #[allow(unused_mut)]
    let mut passes = vec![portable::passes(d)];
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") {
            passes.insert(0, x86::avx2::passes(d));
        }
        if std::arch::is_x86_feature_detected!("avx512f") {
            passes.insert(0, x86::avx512::passes(d));
        }
    }
    passes
}

/// Eight numbers; a mask has one bit a lane.
pub(super) trait Vector {
    type Row: Copy;
    /// # Safety
    /// Eight numbers can be read from `from`.
    unsafe fn load(from: *const f64) -> Self::Row;
    fn store(row: Self::Row) -> Row;
    /// Lanes where `row > value`.
    fn above(row: Self::Row, value: f64) -> u8;
    /// Lanes where `row < value`.
    fn below(row: Self::Row, value: f64) -> u8;
    /// `least`, lowered to `row` in the lanes of `mask`.
    fn min_where(least: Self::Row, mask: u8, row: Self::Row) -> Self::Row;
    /// Writes the lanes of `mask`, raised to `floor`, one behind the other; the rest of `to` is arbitrary.
    fn compress(row: Self::Row, floor: f64, mask: u8, to: &mut Row);
}

/// For a number of objectives known to the compiler, whose limits stay in registers.
#[inline(always)]
pub(super) fn tops<V: Vector, const D: usize>(set: &Columns, point: &[f64], tops: &mut [f64]) -> bool {
    let point: &[f64; D] = point.try_into().expect("a point of D objectives");
    let mut least = [splat::<V>(f64::INFINITY); D];
    for i in (0..set.len()).step_by(LANES) {
        let row: [V::Row; D] = std::array::from_fn(|j| set.lanes::<V>(i, j));
        let worse: [u8; D] = std::array::from_fn(|j| V::above(row[j], point[j]));
        // The lanes that are worse than the point in at least one, and in at least two objectives.
        let (once, twice) =
            worse.iter().fold((0, 0), |(once, twice), worse| (once | worse, twice | once & worse));
        if once != u8::MAX {
            return true;
        }
        if twice != u8::MAX {
            for j in 0..D {
                least[j] = V::min_where(least[j], worse[j] & !twice, row[j]);
            }
        }
    }
    for (top, least) in tops.iter_mut().zip(least) {
        *top = V::store(least).into_iter().fold(*top, min);
    }
    false
}

/// For any number of objectives, of which most blocks need only the first few.
#[inline(always)]
pub(super) fn tops_any<V: Vector>(set: &Columns, point: &[f64], tops: &mut [f64]) -> bool {
    for i in (0..set.len()).step_by(LANES) {
        let (mut once, mut twice) = (0, 0);
        for (j, &value) in point.iter().enumerate() {
            let worse = V::above(set.lanes::<V>(i, j), value);
            twice |= once & worse;
            once |= worse;
            if twice == u8::MAX {
                break;
            }
        }
        if once != u8::MAX {
            return true;
        }
        for lane in bits(!twice) {
            for (j, (&value, top)) in point.iter().zip(tops.iter_mut()).enumerate() {
                let x = set.get(i + lane, j);
                if x > value {
                    *top = min(*top, x);
                }
            }
        }
    }
    false
}

#[inline(always)]
pub(super) fn clip<V: Vector, const D: usize>(
    set: &Columns,
    point: &[f64],
    tops: &[f64],
    out: &mut Columns,
    dominated: &mut Vec<u32>,
) {
    let point: &[f64; D] = point.try_into().expect("a point of D objectives");
    let tops: &[f64; D] = tops.try_into().expect("a corner of D objectives");
    for i in (0..set.len()).step_by(LANES) {
        let row: [V::Row; D] = std::array::from_fn(|j| set.lanes::<V>(i, j));
        let mut mask = u8::MAX;
        let mut better = 0;
        for j in 0..D {
            mask &= V::below(row[j], tops[j]);
            better |= V::below(row[j], point[j]);
        }
        if mask != 0 {
            out.append::<V>(row.into_iter(), point, mask);
        }
        // A dominated point is not always below `tops`: it may tie with the point in all objectives but one.
        dominated.extend(bits(!better & filled(set, i)).map(|lane| (i + lane) as u32));
    }
}

#[inline(always)]
pub(super) fn clip_any<V: Vector>(
    set: &Columns,
    point: &[f64],
    tops: &[f64],
    out: &mut Columns,
    dominated: &mut Vec<u32>,
) {
    for i in (0..set.len()).step_by(LANES) {
        let mut mask = u8::MAX;
        let mut better = !filled(set, i);
        for (j, (&value, &top)) in point.iter().zip(tops).enumerate() {
            let row = set.lanes::<V>(i, j);
            mask &= V::below(row, top);
            better |= V::below(row, value);
            if mask == 0 && better == u8::MAX {
                break;
            }
        }
        if mask != 0 {
            out.append::<V>((0..tops.len()).map(|j| set.lanes::<V>(i, j)), point, mask);
        }
        dominated.extend(bits(!better).map(|lane| (i + lane) as u32));
    }
}

/// The lanes of the vector at `i` that hold points.
#[inline(always)]
fn filled(set: &Columns, i: usize) -> u8 {
    u8::MAX >> LANES.saturating_sub(set.len() - i)
}

#[inline(always)]
pub(super) fn bits(mut mask: u8) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    })
}

#[inline(always)]
fn splat<V: Vector>(x: f64) -> V::Row {
    // SAFETY: an array of eight is what is read.
    unsafe { V::load([x; LANES].as_ptr()) }
}

#[inline(always)]
pub(super) fn min(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The passes over `$vector` for `d` objectives, compiled for the target feature, if one is named.
macro_rules! passes_of {
    ($vector:ty $(, $feature:literal)?) => {
        pub(in crate::hypervolume) fn passes(d: usize) -> Passes {
            match d {
                3 => Passes { tops: tops::<3>, clip: clip::<3> },
                4 => Passes { tops: tops::<4>, clip: clip::<4> },
                5 => Passes { tops: tops::<5>, clip: clip::<5> },
                6 => Passes { tops: tops::<6>, clip: clip::<6> },
                7 => Passes { tops: tops::<7>, clip: clip::<7> },
                _ => Passes { tops: tops::<0>, clip: clip::<0> },
            }
        }

        fn tops<const D: usize>(set: &Columns, point: &[f64], limits: &mut [f64]) -> bool {
            $(#[target_feature(enable = $feature)])?
            fn pass<const D: usize>(set: &Columns, point: &[f64], limits: &mut [f64]) -> bool {
                if D > 0 {
                    passes::tops::<$vector, D>(set, point, limits)
                } else {
                    passes::tops_any::<$vector>(set, point, limits)
                }
            }
            // SAFETY: chosen only where the processor has the feature.
            #[allow(unused_unsafe)]
            unsafe {
                pass::<D>(set, point, limits)
            }
        }

        fn clip<const D: usize>(
            set: &Columns,
            point: &[f64],
            limits: &[f64],
            out: &mut Columns,
            dominated: &mut Vec<u32>,
        ) {
            $(#[target_feature(enable = $feature)])?
            fn pass<const D: usize>(
                set: &Columns,
                point: &[f64],
                limits: &[f64],
                out: &mut Columns,
                dominated: &mut Vec<u32>,
            ) {
                if D > 0 {
                    passes::clip::<$vector, D>(set, point, limits, out, dominated);
                } else {
                    passes::clip_any::<$vector>(set, point, limits, out, dominated);
                }
            }
            // SAFETY: chosen only where the processor has the feature.
            #[allow(unused_unsafe)]
            unsafe {
                pass::<D>(set, point, limits, out, dominated);
            }
        }
    };
}
pub(super) use passes_of;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_instruction_set_sees_the_same(
            d in 3..10usize,
            values in prop::collection::vec(0..12u8, 10..900),
            top in 4..14u8,
        ) {
            let rows: Vec<Vec<f64>> = values.chunks_exact(d).map(|row| row.iter().copied().map(f64::from).collect()).collect();
            let (point, rows) = rows.split_last().unwrap();
            let mut set = Columns::new(d);
            set.reset(rows.len());
            rows.iter().for_each(|row| {
                set.insert(row);
            });
            let answers: Vec<_> = passes(d)
                .into_iter()
                .map(|passes| {
                    let mut tops = vec![f64::from(top); d];
                    let hit = (passes.tops)(&set, point, &mut tops);
                    if hit {
                        tops = vec![f64::from(top); d];
                    }
                    let (mut out, mut dominated) = (Columns::new(d), Vec::new());
                    out.reset(set.len());
                    (passes.clip)(&set, point, &tops, &mut out, &mut dominated);
                    let columns: Vec<Vec<f64>> = (0..d).map(|j| out.column(j).to_vec()).collect();
                    (hit, tops, columns, dominated)
                })
                .collect();
            prop_assert!(answers.iter().all(|answer| answer == &answers[0]));
        }
    }
}
