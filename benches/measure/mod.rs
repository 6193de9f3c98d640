//! Code that the benchmarks share: it runs and measures jobs, and writes the results to
//! `docs/benchmarks.md`.
#![allow(dead_code, reason = "each benchmark uses only a part")]

pub mod job;
pub mod program;
pub mod random;
pub mod rules;
pub mod section;
pub mod table;

use std::path::{Path, PathBuf};

/// Writes a file that a benchmark reads.
pub fn file(name: &str, text: &str) -> PathBuf {
    let path = folder(".").join(name);
    std::fs::write(&path, text).expect("the folder is writable");
    path
}

/// Creates a folder for the files of a benchmark.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).expect("the folder is writable");
    path
}
