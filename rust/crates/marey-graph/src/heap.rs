//! A 4-ary min-heap of (key, node). A node may be in it several times: the reader skips what is out of date.
//!
//! Four children lie in one cache line; ties of the key go to the smaller node, so the order is the input's alone.

#[derive(Default)]
pub(crate) struct Heap {
    items: Vec<(f64, u32)>,
}

fn before(a: (f64, u32), b: (f64, u32)) -> bool {
    a.0 < b.0 || (a.0 == b.0 && a.1 < b.1)
}

impl Heap {
    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    pub(crate) fn push(&mut self, key: f64, node: u32) {
        let item = (key, node);
        let mut at = self.items.len();
        self.items.push(item);
        while at > 0 {
            let parent = (at - 1) / 4;
            if !before(item, self.items[parent]) {
                break;
            }
            self.items[at] = self.items[parent];
            at = parent;
        }
        self.items[at] = item;
    }

    pub(crate) fn pop(&mut self) -> Option<(f64, u32)> {
        let last = self.items.pop()?;
        let Some(&first) = self.items.first() else { return Some(last) };
        let len = self.items.len();
        let mut at = 0;
        loop {
            let child = 4 * at + 1;
            if child >= len {
                break;
            }
            let children = &self.items[child..len.min(child + 4)];
            let mut least = 0;
            for i in 1..children.len() {
                if before(children[i], children[least]) {
                    least = i;
                }
            }
            let least = child + least;
            if !before(self.items[least], last) {
                break;
            }
            self.items[at] = self.items[least];
            at = least;
        }
        self.items[at] = last;
        Some(first)
    }
}
