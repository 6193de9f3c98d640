//! The formats: firewall languages and documents.
//!
//! Each format is a module, a template and a row in [`registry::FAMILIES`]. It implements
//! [`Format`], and [`Parser`] if `check` reads it. Shared code is in `render` and `read`. No format
//! uses the registry or the parser of another format.
//!
//! To add a format, write the module and the template, and add the row. Tests of the registry then
//! report what is missing.

mod asterisk;
mod aws;
pub mod capture;
mod check;
mod cidr;
mod cisco;
mod csv;
mod error;
mod firewalld;
mod freeswitch;
mod html;
mod interface;
mod ipset;
mod iptables;
mod json;
mod junos;
mod kamailio;
mod list_style;
mod livekit;
mod markdown;
mod mikrotik;
mod nftables;
mod output_option;
mod pf;
pub mod read;
mod recognition;
pub mod registry;
mod render;
mod tfvars;
mod ufw;
mod unit;
mod unit_name;
mod whole;
mod yaml;

pub use check::{compare, excerpt, expected, parse, repair, selected};
pub use error::FormatError;
pub use interface::{Format, FormatInfo, Parser};
pub use list_style::{ListStyle, Separator};
pub use nftables::nftables_firewall;
pub use output_option::OutputOption;
pub use render::{narrowing, render, render_template, supported, template_context};
pub use unit::Unit;
pub use unit_name::{UnitName, UnitNameError};
pub use whole::iptables_firewall;
