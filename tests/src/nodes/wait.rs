//! Waiting for something to be true, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Far longer than anything should take, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(10);

/// Looks until there is something to see.
///
/// # Panics
/// When there still is nothing after `limit`; says what was waited for.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < limit, "after {limit:?} still not: {what}");
        thread::sleep(LOOK);
    }
}
