//! Who may be matched with whom, and how far apart they are: nearest first, a few at a time.
//!
//! Controls lie column by column, sorted by group and then by the first window's value, so that those a treated may have
//! are one range. Distances of a few treated to a block of controls at a time; of each the `k` nearest are kept. No
//! multiply-add is fused: the bits are the same on every processor.

use super::Matched;
use crate::error::{Error, Result};
use crate::parallel;
use rayon::ThreadPool;

/// How far apart two rows are.
#[derive(Clone, Copy)]
pub enum Metric<'a> {
    /// Root of the sum of squares.
    Euclidean,
    /// Mean over the columns that both rows have (NaN is missing) of |x - y|, or of x != y in columns with a flag.
    Gower(&'a [bool]),
}

/// A largest difference in one more column.
pub struct Window<'a> {
    /// Value of each treated.
    pub treated: &'a [f64],
    /// Value of each control.
    pub control: &'a [f64],
    /// Largest difference.
    pub width: f64,
}

impl<'a> Window<'a> {
    pub(super) fn turned(&self) -> Window<'a> {
        Window { treated: self.control, control: self.treated, width: self.width }
    }
}

/// The subjects and the rules of who may be matched.
pub struct Subjects<'a> {
    /// Treated, row-major.
    pub treated: &'a [f64],
    /// Controls, row-major.
    pub control: &'a [f64],
    /// Columns.
    pub d: usize,
    /// How far apart two rows are.
    pub metric: Metric<'a>,
    /// Largest distance.
    pub caliper: f64,
    /// Group of each treated; pairs are of one group.
    pub treated_group: &'a [i64],
    /// Group of each control.
    pub control_group: &'a [i64],
    /// Largest differences in further columns.
    pub windows: &'a [Window<'a>],
}

impl<'a> Subjects<'a> {
    /// The same with controls as treated; `windows` are turned too.
    pub(super) fn turned<'b>(&self, windows: &'b [Window<'b>]) -> Subjects<'b>
    where
        'a: 'b,
    {
        Subjects {
            treated: self.control,
            control: self.treated,
            treated_group: self.control_group,
            control_group: self.treated_group,
            windows,
            ..*self
        }
    }
}

/// The allowed partners of one subject, nearest first, ties by index.
#[derive(Clone, Default)]
pub(super) struct Row {
    pub(super) partner: Vec<u32>,
    pub(super) distance: Vec<f64>,
    /// No further partner is allowed.
    pub(super) complete: bool,
}

const BLOCK: usize = 256;
const TILE: usize = 8;

pub(super) struct Space<'a> {
    subjects: &'a Subjects<'a>,
    /// Position to control.
    order: Vec<u32>,
    /// Controls column by column, in that order.
    columns: Vec<f64>,
    /// First position of each group, sorted by group.
    groups: Vec<(i64, usize)>,
    /// The first window's values, in that order.
    sorted: Vec<f64>,
}

impl<'a> Space<'a> {
    pub(super) fn new(subjects: &'a Subjects<'a>) -> Result<Self> {
        let Subjects { d, control, control_group, .. } = *subjects;
        let n = control_group.len();
        for (name, values, rows) in
            [("treated", subjects.treated, subjects.treated_group.len()), ("control", control, n)]
        {
            if values.len() != rows * d {
                let rule = format!("expected {rows} rows of {d}");
                return Err(Error::new(name, format!("has {} elements; {rule}", values.len())));
            }
        }
        let window = subjects.windows.first();
        let mut order: Vec<u32> = (0..n as u32).collect();
        let key = |&i: &u32| (control_group[i as usize], window.map_or(0.0, |w| w.control[i as usize]));
        order.sort_unstable_by(|a, b| {
            let ((group, value), (other_group, other)) = (key(a), key(b));
            group.cmp(&other_group).then(value.total_cmp(&other)).then(a.cmp(b))
        });
        let mut columns = vec![0.0; n * d];
        for (position, &i) in order.iter().enumerate() {
            for j in 0..d {
                columns[j * n + position] = control[i as usize * d + j];
            }
        }
        let mut groups: Vec<(i64, usize)> = Vec::new();
        for (position, &i) in order.iter().enumerate() {
            let group = control_group[i as usize];
            if groups.last().is_none_or(|&(last, _)| last != group) {
                groups.push((group, position));
            }
        }
        groups.push((i64::MAX, n));
        let sorted = window.map_or(Vec::new(), |w| order.iter().map(|&i| w.control[i as usize]).collect());
        Ok(Self { subjects, order, columns, groups, sorted })
    }

    pub(super) fn treated(&self) -> usize {
        self.subjects.treated_group.len()
    }

    pub(super) fn controls(&self) -> usize {
        self.order.len()
    }

    /// Positions of the controls of `t`'s group and within its first window.
    fn range(&self, t: usize) -> (usize, usize) {
        let group = self.subjects.treated_group[t];
        let at = self.groups.partition_point(|&(g, _)| g < group);
        if at + 1 >= self.groups.len() || self.groups[at].0 != group {
            return (0, 0);
        }
        let (mut low, mut high) = (self.groups[at].1, self.groups[at + 1].1);
        if let Some(window) = self.subjects.windows.first() {
            let (x, values) = (window.treated[t], &self.sorted[low..high]);
            // Told by the very difference that is compared, so that the edge is in or out as written.
            high = low + values.partition_point(|&y| y - x <= window.width);
            low += values.partition_point(|&y| x - y > window.width);
        }
        (low, high.max(low))
    }

    /// The `k` nearest allowed controls of each of `treated`.
    pub(super) fn rows(&self, treated: &[u32], k: usize, pool: Option<&ThreadPool>) -> Vec<Row> {
        self.fill(treated.len(), pool, |i| Nearest::new(self, treated[i] as usize, k, self.subjects.caliper))
    }

    /// The allowed controls of each treated up to a distance of its own.
    pub(super) fn rows_within(&self, reach: &[f64], pool: Option<&ThreadPool>) -> Vec<Row> {
        let caliper = self.subjects.caliper;
        self.fill(reach.len(), pool, |t| Nearest::new(self, t, usize::MAX / 4, caliper.min(reach[t])))
    }

    fn fill(&self, n: usize, pool: Option<&ThreadPool>, make: impl Fn(usize) -> Nearest + Sync) -> Vec<Row> {
        let fill = fill_for_this_processor();
        let parts = parallel::map(
            pool,
            n.div_ceil(TILE),
            || (),
            |(), tile| {
                let mut nearest: Vec<Nearest> = (tile * TILE..n.min((tile + 1) * TILE)).map(&make).collect();
                fill(self, &mut nearest);
                nearest.into_iter().map(|nearest| nearest.finish(self)).collect::<Vec<Row>>()
            },
        );
        parts.into_iter().flatten().collect()
    }

    /// No allowed pair is farther apart.
    pub(super) fn reach(&self) -> f64 {
        let Subjects { treated, control, d, metric, caliper, .. } = *self.subjects;
        if matches!(metric, Metric::Gower(_)) {
            return 1.0;
        }
        let square = |j: usize| {
            let values = treated.iter().skip(j).step_by(d).chain(control.iter().skip(j).step_by(d));
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
            (high - low).max(0.0) * (high - low).max(0.0)
        };
        (0..d).map(square).sum::<f64>().sqrt().min(caliper)
    }

    /// The pairs in order, with their distances.
    pub(super) fn matched(&self, mut pairs: Vec<(u32, u32)>) -> Matched {
        pairs.sort_unstable();
        Matched {
            treated: pairs.iter().map(|pair| i64::from(pair.0)).collect(),
            control: pairs.iter().map(|pair| i64::from(pair.1)).collect(),
            distance: pairs.iter().map(|pair| self.distance(pair.0 as usize, pair.1 as usize)).collect(),
        }
    }

    fn distance(&self, t: usize, c: usize) -> f64 {
        let Subjects { treated, control, d, metric, .. } = *self.subjects;
        let pairs = treated[t * d..(t + 1) * d].iter().zip(&control[c * d..(c + 1) * d]);
        match metric {
            Metric::Euclidean => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt(),
            Metric::Gower(flags) => {
                let shared = pairs.zip(flags).filter(|((x, y), _)| !x.is_nan() && !y.is_nan());
                let (sum, count) = shared.fold((0.0, 0.0), |(sum, count), ((x, y), &category)| {
                    let apart = if category { f64::from(u8::from(x != y)) } else { (x - y).abs() };
                    (sum + apart, count + 1.0)
                });
                if count > 0.0 { sum / count } else { f64::INFINITY }
            }
        }
    }
}

/// The nearest controls of one treated so far.
struct Nearest {
    t: usize,
    k: usize,
    low: usize,
    high: usize,
    /// What is farther than this cannot enter: a squared distance, or Gower's.
    limit: f64,
    found: Vec<(f64, u32)>,
    dropped: bool,
}

impl Nearest {
    fn new(space: &Space, t: usize, k: usize, caliper: f64) -> Self {
        let (low, high) = space.range(t);
        // A hair wider than the square of the caliper; the root decides at the end.
        let limit = match space.subjects.metric {
            Metric::Euclidean => caliper * caliper * (1.0 + 1e-12),
            Metric::Gower(_) => caliper,
        };
        Self { t, k, low, high, limit, found: Vec::new(), dropped: false }
    }

    /// Offers the controls from `first` on that lie within the limit.
    fn offer(&mut self, space: &Space, first: usize, lengths: &[f64]) {
        for (chunk, values) in lengths.chunks(16).enumerate() {
            if !values.iter().fold(false, |near, &v| near | (v <= self.limit)) {
                continue;
            }
            for (lane, &length) in values.iter().enumerate() {
                let position = first + chunk * 16 + lane;
                if length <= self.limit && length.is_finite() && self.within(space, position, length) {
                    self.found.push((length, space.order[position]));
                }
            }
            if self.found.len() >= 2 * self.k + 64 {
                self.shrink();
                self.limit = self.found.iter().fold(f64::NEG_INFINITY, |most, item| most.max(item.0));
            }
        }
    }

    fn within(&self, space: &Space, position: usize, length: f64) -> bool {
        let i = space.order[position] as usize;
        let apart = |w: &Window| (w.treated[self.t] - w.control[i]).abs() <= w.width;
        let Subjects { metric, caliper, windows, .. } = *space.subjects;
        (matches!(metric, Metric::Gower(_)) || length.sqrt() <= caliper) && windows.iter().all(apart)
    }

    fn shrink(&mut self) {
        if self.found.len() > self.k {
            self.found.select_nth_unstable_by(self.k, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            self.found.truncate(self.k);
            self.dropped = true;
        }
    }

    fn finish(mut self, space: &Space) -> Row {
        self.shrink();
        self.found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let root = matches!(space.subjects.metric, Metric::Euclidean);
        Row {
            partner: self.found.iter().map(|item| item.1).collect(),
            distance: self.found.iter().map(|item| if root { item.0.sqrt() } else { item.0 }).collect(),
            complete: !self.dropped,
        }
    }
}

type Fill = fn(&Space, &mut [Nearest]);

fn fill_for_this_processor() -> Fill {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found.
            return |space, nearest| unsafe { fill_avx512(space, nearest) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            return |space, nearest| unsafe { fill_avx2(space, nearest) };
        }
    }
    |space, nearest| fill(space, nearest)
}

/// # Safety
/// The processor has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn fill_avx512(space: &Space, nearest: &mut [Nearest]) {
    fill(space, nearest);
}

/// # Safety
/// The processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn fill_avx2(space: &Space, nearest: &mut [Nearest]) {
    fill(space, nearest);
}

#[inline(always)]
fn fill(space: &Space, nearest: &mut [Nearest]) {
    let low = nearest.iter().map(|n| n.low).min().unwrap_or(0);
    let high = nearest.iter().map(|n| n.high).max().unwrap_or(0);
    let (mut lengths, mut counts) = ([0.0; BLOCK], [0.0; BLOCK]);
    for block in (low..high).step_by(BLOCK) {
        for query in nearest.iter_mut() {
            let (first, last) = (block.max(query.low), (block + BLOCK).min(query.high));
            if first >= last {
                continue;
            }
            let lengths = &mut lengths[..last - first];
            lengths.fill(0.0);
            match space.subjects.metric {
                Metric::Euclidean => squares(space, query.t, first, lengths),
                Metric::Gower(flags) => {
                    gower(space, query.t, first, flags, lengths, &mut counts[..last - first]);
                }
            }
            query.offer(space, first, lengths);
        }
    }
}

#[inline(always)]
fn squares(space: &Space, t: usize, first: usize, lengths: &mut [f64]) {
    let (n, d) = (space.controls(), space.subjects.d);
    for (j, &x) in space.subjects.treated[t * d..(t + 1) * d].iter().enumerate() {
        let column = &space.columns[j * n + first..][..lengths.len()];
        for (sum, &y) in lengths.iter_mut().zip(column) {
            *sum += (x - y) * (x - y);
        }
    }
}

#[inline(always)]
fn gower(space: &Space, t: usize, first: usize, flags: &[bool], lengths: &mut [f64], counts: &mut [f64]) {
    let (n, d) = (space.controls(), space.subjects.d);
    counts.fill(0.0);
    for (j, (&x, &category)) in space.subjects.treated[t * d..(t + 1) * d].iter().zip(flags).enumerate() {
        if x.is_nan() {
            continue;
        }
        let column = &space.columns[j * n + first..][..lengths.len()];
        for ((sum, count), &y) in lengths.iter_mut().zip(counts.iter_mut()).zip(column) {
            let apart = if category { f64::from(u8::from(x != y)) } else { (x - y).abs() };
            *sum += if y.is_nan() { 0.0 } else { apart };
            *count += if y.is_nan() { 0.0 } else { 1.0 };
        }
    }
    for (sum, &count) in lengths.iter_mut().zip(counts.iter()) {
        *sum = if count > 0.0 { *sum / count } else { f64::INFINITY };
    }
}
