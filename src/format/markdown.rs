//! A request to those who run the firewall, as Markdown (GitHub Flavored Markdown, for its tables).

use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::render::change_request::Request;
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};
use crate::template;

/// The row of the table of formats.
pub struct Markdown;

#[derive(Serialize)]
struct View {
    request: Request,
}

static INFO: FormatInfo = FormatInfo {
    name: "markdown",
    aliases: &["md", "gfm", "change-request"],
    summary: "a change request to a network team, as Markdown",
    documentation: "What is asked, by direction, with sources, destinations and ports; the addresses; what does not \
         work without it, and how to prove it afterwards; where the addresses are published. TCP's way \
         back, for firewalls without state, stands in tables of its own. The tables are those of GitHub.",
    template: ("markdown.j2", include_str!("../../templates/markdown.j2")),
    is_stateless: true,
    takes_name: true,
    takes_table: false,
    granularity: Granularity::Packet,
};

impl Format for Markdown {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "pandoc -f gfm -o REQUEST.docx FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let request = Request::new(self, policy, unit, escaped);
        Ok(template::value(&View { request }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        line.starts_with("# Change request: let Twilio's SIP calls through")
    }
}

/// Escapes characters that mean something within a line (CommonMark 0.31.2, section 2.4); nothing here
/// begins a line.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]<>&#|~!$".contains(c) {
            result.push('\\');
        }
        result.push(c);
    }
    result
}
