//! Templates, which lay out what Rust has decided: the formats' own, and users'.

mod engine;
mod error;
mod process;
mod user;

pub use engine::{render, value};
pub use error::TemplateError;
pub use process::{render_apart, run as run_process};
pub use user::render_user_template;
