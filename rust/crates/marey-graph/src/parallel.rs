//! Work on a pool, or on the caller's thread where there is none.

use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// `f` of each of `0..n`, in order, with a scratch value made once for each worker's share.
pub(crate) fn map<S, T: Send>(
    pool: Option<&ThreadPool>,
    n: usize,
    scratch: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    match pool {
        Some(pool) if n > 1 => {
            let least = n.div_ceil(8 * pool.current_num_threads());
            pool.install(|| (0..n).into_par_iter().with_min_len(least).map_init(&scratch, &f).collect())
        }
        _ => {
            let mut scratch = scratch();
            (0..n).map(|i| f(&mut scratch, i)).collect()
        }
    }
}

/// `f` of each row of `width` elements of `rows`, with a scratch value made once for each worker's share.
pub(crate) fn each_row<S, T: Send>(
    pool: Option<&ThreadPool>,
    rows: &mut [T],
    width: usize,
    scratch: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize, &mut [T]) + Sync + Send,
) {
    if width == 0 {
        return;
    }
    match pool {
        Some(pool) if rows.len() > width => pool.install(|| {
            rows.par_chunks_mut(width).enumerate().for_each_init(&scratch, |s, (i, row)| f(s, i, row));
        }),
        _ => {
            let mut scratch = scratch();
            rows.chunks_mut(width).enumerate().for_each(|(i, row)| f(&mut scratch, i, row));
        }
    }
}

/// 0..n in ranges of about `size`.
pub(crate) fn ranges(n: usize, size: usize) -> Vec<Range<usize>> {
    (0..n).step_by(size.max(1)).map(|begin| begin..n.min(begin + size.max(1))).collect()
}

/// A scratch value for each thread, kept from call to call: for `gather`.
pub(crate) fn scratch<S>(pool: Option<&ThreadPool>, make: impl Fn() -> S) -> Vec<Mutex<S>> {
    (0..pool.map_or(1, ThreadPool::current_num_threads)).map(|_| Mutex::new(make())).collect()
}

/// What `f` puts into the list for pieces of `items`, in their order, each with the scratch value of its thread.
pub(crate) fn gather<S: Send, I: Sync, T: Send>(
    pool: Option<&ThreadPool>,
    items: &[I],
    grain: usize,
    scratch: &[Mutex<S>],
    f: impl Fn(&mut S, &mut Vec<T>, &[I]) + Sync,
) -> Vec<T> {
    let run = |piece: &[I]| {
        let mut found = Vec::new();
        let mine = rayon::current_thread_index().unwrap_or(0) % scratch.len();
        f(&mut scratch[mine].lock().unwrap_or_else(PoisonError::into_inner), &mut found, piece);
        found
    };
    match pool {
        Some(pool) if items.len() > grain => {
            let parts: Vec<Vec<T>> = pool.install(|| items.par_chunks(grain).map(run).collect());
            parts.into_iter().flatten().collect()
        }
        _ => run(items),
    }
}

/// `f` of each of `items`, in their order.
pub(crate) fn map_slice<I: Sync, T: Send>(
    pool: Option<&ThreadPool>,
    items: &[I],
    grain: usize,
    f: impl Fn(&I) -> T + Sync + Send,
) -> Vec<T> {
    match pool {
        Some(pool) if items.len() > grain => {
            pool.install(|| items.par_iter().with_min_len(grain).map(f).collect())
        }
        _ => items.iter().map(f).collect(),
    }
}

/// `f` of each of `items`, in any order.
pub(crate) fn for_slice<I: Sync>(
    pool: Option<&ThreadPool>,
    items: &[I],
    grain: usize,
    f: impl Fn(&I) + Sync + Send,
) {
    match pool {
        Some(pool) if items.len() > grain => {
            pool.install(|| items.par_iter().with_min_len(grain).for_each(f));
        }
        _ => items.iter().for_each(f),
    }
}
