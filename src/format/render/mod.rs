//! Shared code for rendering a policy.

pub(super) mod address_list;
pub(super) mod change_request;
pub(super) mod header;
pub(super) mod networks;
pub(super) mod output;
mod user_template;

pub use output::{narrowing, render, supported};
pub use user_template::{render_template, template_context};
