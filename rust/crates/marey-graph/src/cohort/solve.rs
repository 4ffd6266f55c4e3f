//! Flow of least cost from rows to columns, by successive shortest paths (Jewell 1958; potentials as of Edmonds and Karp,
//! J. ACM 19(2), 1972) that stop at the first free end, as in Jonker and Volgenant's assignment (Computing 38, 1987).
//!
//! A row (a subject that looks for partners) has units to place: on columns at their distance, or on nobody at a price. A
//! column takes one unit. With categories it passes it on to its own, which takes so many for nothing and more at a price:
//! another row may then find room in a category only where a column of it is left. Prices stand above any sum of
//! distances: `Cost` is (price << 64) + distance in whole steps. Rows list their arcs by distance, so a scan ends where
//! nothing shorter can follow, and a row that was cut short is asked for more only when the scan reaches its end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Prices in the upper half, whole steps of distance in the lower: an ordered group.
pub(super) type Cost = i128;

pub(super) const NONE: u32 = u32::MAX;

/// A price above every sum of distances.
pub(super) fn price(units: i64) -> Cost {
    Cost::from(units) << 64
}

/// The arcs of one row, by length.
#[derive(Clone, Default)]
pub(super) struct Arcs {
    pub(super) column: Vec<u32>,
    pub(super) length: Vec<i64>,
    pub(super) complete: bool,
}

/// Asks for more arcs of a row than there were.
pub(super) trait More {
    fn more(&mut self, row: usize, arcs: &mut Arcs);
}

/// What it costs not to place units and to overfill categories.
pub(super) struct Prices {
    /// Units of each row.
    pub(super) supply: Vec<u32>,
    /// Price of each unit placed on nobody.
    pub(super) idle: Cost,
    /// Price of the last unit of a row placed on nobody, all others being there too.
    pub(super) alone: Cost,
    /// Category of each column, and how many of each are wanted.
    pub(super) categories: Option<(Vec<u32>, Vec<u32>)>,
    /// Price of each unit beyond what a category wants.
    pub(super) excess: Cost,
}

pub(super) struct Flow {
    /// The row that holds each column, or `NONE`.
    pub(super) holder: Vec<u32>,
    /// Units of each row on nobody.
    #[cfg(test)]
    pub(super) idle: Vec<u32>,
    /// Potentials of rows, columns and categories: no arc that could carry more has negative reduced cost.
    #[cfg(test)]
    pub(super) potential: Vec<Cost>,
}

/// Whose unit was placed, and whether that left one more on nobody.
pub(super) struct Placed {
    pub(super) source: u32,
    pub(super) idle: bool,
}

#[derive(Clone, Copy)]
enum End {
    Nowhere,
    Idle(u32),
    At(u32),
}

pub(super) struct Solver<'a, M: More> {
    prices: &'a Prices,
    arcs: Vec<Arcs>,
    more: M,
    /// Units of each row on nobody.
    idle: Vec<u32>,
    holder: Vec<u32>,
    /// Length of the arc that holds each column.
    held: Vec<i64>,
    /// Columns in use of each category, and where each column stands there.
    members: Vec<Vec<u32>>,
    seat: Vec<u32>,
    potential: Vec<Cost>,
    distance: Vec<Cost>,
    parent: Vec<u32>,
    seen: Vec<u32>,
    round: u32,
    settled: Vec<u32>,
    heap: BinaryHeap<Reverse<(Cost, u32)>>,
    rows: usize,
    columns: usize,
}

impl<'a, M: More> Solver<'a, M> {
    pub(super) fn new(prices: &'a Prices, arcs: Vec<Arcs>, columns: usize, more: M) -> Self {
        let rows = arcs.len();
        let categories = prices.categories.as_ref().map_or(0, |(_, wanted)| wanted.len());
        let nodes = rows + columns + categories;
        Self {
            prices,
            arcs,
            more,
            idle: vec![0; rows],
            holder: vec![NONE; columns],
            held: vec![0; columns],
            members: vec![Vec::new(); categories],
            seat: vec![0; if categories > 0 { columns } else { 0 }],
            potential: vec![0; nodes],
            distance: vec![0; nodes],
            parent: vec![NONE; nodes],
            seen: vec![0; nodes],
            round: 0,
            settled: Vec::new(),
            heap: BinaryHeap::new(),
            rows,
            columns,
        }
    }

    /// Units of each row on nobody.
    pub(super) fn idle(&self) -> &[u32] {
        &self.idle
    }

    /// Places one more unit, of the one of `sources` where it adds least; None without sources.
    pub(super) fn place(&mut self, sources: &[u32]) -> Option<Placed> {
        self.round += 1;
        self.heap.clear();
        self.settled.clear();
        let highest = sources.iter().map(|&s| self.potential[s as usize]).max()?;
        for &s in sources {
            self.relax(NONE, s as usize, highest - self.potential[s as usize]);
        }
        let (mut best, mut end) = (Cost::MAX, End::Nowhere);
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            if distance >= best {
                break;
            }
            let node = node as usize;
            if distance > self.distance[node] {
                continue;
            }
            self.settled.push(node as u32);
            if node < self.rows {
                self.scan_row(node, distance, &mut best, &mut end);
            } else if node < self.rows + self.columns {
                self.scan_column(node, distance);
            } else {
                self.scan_category(node, distance, &mut best, &mut end);
            }
        }
        for &node in &self.settled {
            let node = node as usize;
            self.potential[node] += self.distance[node] - best;
        }
        Some(Placed { source: self.augment(end), idle: matches!(end, End::Idle(_)) })
    }

    pub(super) fn finish(self) -> Flow {
        Flow {
            holder: self.holder,
            #[cfg(test)]
            idle: self.idle,
            #[cfg(test)]
            potential: self.potential,
        }
    }

    fn relax(&mut self, from: u32, to: usize, distance: Cost) {
        if self.seen[to] != self.round || distance < self.distance[to] {
            self.seen[to] = self.round;
            self.distance[to] = distance;
            self.parent[to] = from;
            self.heap.push(Reverse((distance, to as u32)));
        }
    }

    fn scan_row(&mut self, row: usize, distance: Cost, best: &mut Cost, end: &mut End) {
        let here = distance + self.potential[row];
        let idle =
            if self.idle[row] + 1 == self.prices.supply[row] { self.prices.alone } else { self.prices.idle };
        if here + idle < *best {
            (*best, *end) = (here + idle, End::Idle(row as u32));
        }
        let mut next = 0;
        loop {
            if next == self.arcs[row].column.len() {
                if self.arcs[row].complete {
                    return;
                }
                self.more.more(row, &mut self.arcs[row]);
                if next == self.arcs[row].column.len() {
                    return;
                }
            }
            let length = here + Cost::from(self.arcs[row].length[next]);
            // A column's potential never rises above zero.
            if length >= *best {
                return;
            }
            let column = self.arcs[row].column[next] as usize;
            next += 1;
            let node = self.rows + column;
            let reduced = length - self.potential[node];
            if reduced >= *best || self.holder[column] == row as u32 {
                continue;
            }
            self.relax(row as u32, node, reduced);
            if self.prices.categories.is_none() && self.holder[column] == NONE && length < *best {
                (*best, *end) = (length, End::At(node as u32));
            }
        }
    }

    fn scan_column(&mut self, node: usize, distance: Cost) {
        let (column, here) = (node - self.rows, distance + self.potential[node]);
        let holder = self.holder[column];
        if holder != NONE {
            let reduced = here - Cost::from(self.held[column]) - self.potential[holder as usize];
            self.relax(node as u32, holder as usize, reduced);
        } else if let Some((category, _)) = &self.prices.categories {
            let to = self.rows + self.columns + category[column] as usize;
            self.relax(node as u32, to, here - self.potential[to]);
        }
    }

    fn scan_category(&mut self, node: usize, distance: Cost, best: &mut Cost, end: &mut End) {
        let (category, here) = (node - self.rows - self.columns, distance + self.potential[node]);
        let Some((_, wanted)) = &self.prices.categories else { return };
        let full = self.members[category].len() as u32 >= wanted[category];
        let total = here + if full { self.prices.excess } else { 0 };
        if total < *best {
            (*best, *end) = (total, End::At(node as u32));
        }
        for at in 0..self.members[category].len() {
            let to = self.rows + self.members[category][at] as usize;
            self.relax(node as u32, to, here - self.potential[to]);
        }
    }

    /// Moves one unit along the way that was found and gives the row it came from.
    fn augment(&mut self, end: End) -> u32 {
        let mut node = match end {
            End::Nowhere => unreachable!("a row may always stay idle"),
            End::Idle(row) => {
                self.idle[row as usize] += 1;
                row
            }
            End::At(node) => node,
        };
        loop {
            let before = self.parent[node as usize];
            if before == NONE {
                return node;
            }
            let (from, to) = (before as usize, node as usize);
            let last = self.rows + self.columns;
            if from < self.rows {
                let at = self.arcs[from].column.iter().position(|&c| self.rows + c as usize == to);
                self.held[to - self.rows] = self.arcs[from].length[at.expect("an arc of the way")];
                self.holder[to - self.rows] = before;
            } else if to < self.rows {
                // Held by the row before on the way, unless the way came from the category.
                self.holder[from - self.rows] = NONE;
            } else if to >= last {
                let members = &mut self.members[to - last];
                self.seat[from - self.rows] = members.len() as u32;
                members.push((from - self.rows) as u32);
            } else {
                let members = &mut self.members[from - last];
                let at = self.seat[to - self.rows] as usize;
                members.swap_remove(at);
                if let Some(&moved) = members.get(at) {
                    self.seat[moved as usize] = at as u32;
                }
            }
            node = before;
        }
    }
}
