//! What the benchmarks share: jobs are run and measured, and their figures written to
//! `docs/benchmarks.md`.
#![allow(dead_code, reason = "each benchmark needs a part of it")]

pub mod job;
pub mod program;
pub mod random;
pub mod rules;
pub mod section;
pub mod table;

use std::path::{Path, PathBuf};

/// A file for a benchmark to read.
pub fn file(name: &str, text: &str) -> PathBuf {
    let path = folder(".").join(name);
    std::fs::write(&path, text).expect("the folder is writable");
    path
}

/// A folder for a benchmark's files.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).expect("the folder is writable");
    path
}
