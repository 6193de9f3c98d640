//! Templates, which lay out finished strings: those of the formats, and those of users.

mod engine;
mod error;
#[cfg(unix)]
mod process;
#[cfg(windows)]
#[path = "template/no_process.rs"]
mod process;
mod user;

pub use engine::{render, render_html, value};
pub use error::TemplateError;
pub use process::{render_apart, run as run_process};
pub use user::render_user_template;
