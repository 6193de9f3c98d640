//! The clock, which only decides whether notes say that the data is old, or that the planned day of an edition has come.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// A variable that replaces the clock, so that a build or a test gives the same output on every day:
/// the seconds since 1970-01-01. <https://reproducible-builds.org/specs/source-date-epoch/>
const REPLACEMENT: &str = "SOURCE_DATE_EPOCH";

const SECONDS_PER_DAY: i64 = 86_400;

/// Returns the number of days from 1970-01-01 to today.
pub(super) fn today() -> Result<i64> {
    let seconds = match env::var_os(REPLACEMENT) {
        Some(text) => text.to_str().and_then(|text| text.parse().ok()).with_context(|| {
            format!(
                "{REPLACEMENT}: '{}' is not a number of seconds since 1970; correct it, or unset the variable",
                text.to_string_lossy()
            )
        })?,
        None => since_1970(),
    };
    Ok(seconds.div_euclid(SECONDS_PER_DAY))
}

/// The seconds since 1970. A clock before that is wrong, and then no data is old.
fn since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
