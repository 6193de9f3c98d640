//! Work on many files in several threads.

use std::panic::resume_unwind;

/// The number of items that each thread works on before their results are added to a report.
const ITEMS_PER_THREAD: usize = 8;

/// The number of threads that the machine can run at once.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of items whose results may wait for the report together.
pub(super) fn batch_size() -> usize {
    threads() * ITEMS_PER_THREAD
}

/// Calls `work` for each item in several threads. Returns the results in the order of the items.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let work = &work;
    std::thread::scope(|scope| {
        let shares = items.chunks(items.len().div_ceil(threads()));
        let workers: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<R>>()))
            .collect();
        let results = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.collect()
    })
}
