//! A set of points, objective after objective, in ascending order of the last objective.

use super::passes::{LANES, Passes, Vector, passes};

/// Layout: objective j of point i at `j * room + i`. What follows the last point is +inf up to a whole vector: it
/// dominates nothing and lies below no corner. A set that only `push` or `clip` filled has no such tail.
#[derive(Clone)]
pub(crate) struct Columns {
    d: usize,
    len: usize,
    room: usize,
    values: Vec<f64>,
    passes: Passes,
}

impl Columns {
    pub(crate) fn new(d: usize) -> Self {
        Self { d, len: 0, room: 0, values: Vec::new(), passes: passes(d)[0] }
    }

    /// Makes the set empty, with room for `most` points.
    pub(crate) fn reset(&mut self, most: usize) {
        self.len = 0;
        self.room = (most + LANES).next_multiple_of(LANES);
        if self.values.len() < self.d * self.room {
            self.values.resize(self.d * self.room, f64::INFINITY);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn column(&self, j: usize) -> &[f64] {
        &self.values[j * self.room..][..self.len]
    }

    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.values[j * self.room + i]
    }

    /// Copies the leading objectives of point `i`, as many as `point` takes.
    pub(crate) fn read(&self, i: usize, point: &mut [f64]) {
        for (j, x) in point.iter_mut().enumerate() {
            *x = self.get(i, j);
        }
    }

    pub(crate) fn write(&mut self, i: usize, point: &[f64]) {
        for (j, &x) in point.iter().enumerate() {
            self.values[j * self.room + i] = x;
        }
    }

    /// Takes the points of `other`, which has the tail of a set filled by `insert` if this one is to grow.
    pub(crate) fn copy_from(&mut self, other: &Columns) {
        self.copy_with_room(other, other.len);
    }

    pub(crate) fn copy_with_room(&mut self, other: &Columns, most: usize) {
        self.reset(most);
        self.len = other.len;
        let filled = other.len.next_multiple_of(LANES);
        for j in 0..self.d {
            self.values[j * self.room..][..filled].copy_from_slice(&other.values[j * other.room..][..filled]);
        }
    }

    /// Inserts a point behind those whose last objective is no higher; returns its place.
    pub(crate) fn insert(&mut self, point: &[f64]) -> usize {
        let last = point[self.d - 1];
        let at = self.column(self.d - 1).partition_point(|&x| x <= last);
        for (j, &x) in point.iter().enumerate() {
            let column = &mut self.values[j * self.room..][..self.room];
            if self.len.is_multiple_of(LANES) {
                column[self.len..][..LANES].fill(f64::INFINITY);
            }
            column.copy_within(at..self.len, at + 1);
            column[at] = x;
        }
        self.len += 1;
        at
    }

    pub(crate) fn remove(&mut self, i: usize) {
        for j in 0..self.d {
            let column = &mut self.values[j * self.room..][..self.len];
            column.copy_within(i + 1.., i);
            column[self.len - 1] = f64::INFINITY;
        }
        self.len -= 1;
    }

    /// Makes objective `j` the last, in exchange, and restores the order.
    pub(crate) fn sort_by(&mut self, j: usize, order: &mut Vec<(f64, u32)>, spare: &mut Vec<f64>) {
        let last = self.d - 1;
        order.clear();
        order.extend(self.column(j).iter().copied().zip(0..));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for i in 0..self.len {
            self.values.swap(j * self.room + i, last * self.room + i);
        }
        for j in 0..self.d {
            spare.clear();
            spare.extend(order.iter().map(|&(_, i)| self.get(i as usize, j)));
            self.values[j * self.room..][..self.len].copy_from_slice(spare);
        }
    }

    /// True when a point of the set is no worse than `point` in every objective. Otherwise lowers `tops[j]` to the least
    /// objective j of the points that are no worse in all objectives but j.
    pub(crate) fn dominates(&self, point: &[f64], tops: &mut [f64]) -> bool {
        (self.passes.tops)(self, point, tops)
    }

    /// The points below `tops` in every objective, raised to `point`; `dominated` are those that `point` dominates.
    pub(crate) fn clip(&self, point: &[f64], tops: &[f64], out: &mut Columns, dominated: &mut Vec<u32>) {
        out.reset(self.len);
        dominated.clear();
        (self.passes.clip)(self, point, tops, out, dominated);
    }

    /// Objective `j` of eight points from the `i`th.
    #[inline(always)]
    pub(super) fn lanes<V: Vector>(&self, i: usize, j: usize) -> V::Row {
        debug_assert!(i < self.len && j < self.d && (j + 1) * self.room <= self.values.len());
        // SAFETY: `reset` leaves a column room for a whole vector behind its last point.
        unsafe { V::load(self.values.as_ptr().add(j * self.room + i)) }
    }

    /// Appends the lanes of `mask`, raised to `point`.
    #[inline(always)]
    pub(super) fn append<V: Vector>(&mut self, rows: impl Iterator<Item = V::Row>, point: &[f64], mask: u8) {
        for ((j, row), &floor) in rows.enumerate().zip(point) {
            let to = self.values[j * self.room + self.len..].first_chunk_mut().expect("room for a vector");
            V::compress(row, floor, mask, to);
        }
        self.len += mask.count_ones() as usize;
    }
}
